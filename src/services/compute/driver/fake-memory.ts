import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { FakeMemory, KeptGuest } from "./fake.ts";

/** Fake guests in files, one each. */
export function fakeMemory(directory: string): FakeMemory {
  const fileOf = (uuid: string) => join(directory, `${uuid}.json`);
  const kept = new Set<string>();
  return {
    async read() {
      const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith(".json"));
      for (const name of names) kept.add(name.slice(0, -".json".length));
      return Promise.all(
        names.map(async (name) => JSON.parse(await readFile(join(directory, name), "utf8")) as KeptGuest),
      );
    },
    async write(uuid, guest) {
      if (guest === null) {
        if (kept.delete(uuid)) await rm(fileOf(uuid), { force: true });
        return;
      }
      await mkdir(directory, { recursive: true });
      await writeFile(`${fileOf(uuid)}.new`, JSON.stringify(guest));
      await rename(`${fileOf(uuid)}.new`, fileOf(uuid));
      kept.add(uuid);
    },
  };
}
