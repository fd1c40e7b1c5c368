import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { GuestConsole } from "../../../../../src/services/compute/driver/libvirt/console.ts";
import type { DriverContext } from "../../../../../src/services/compute/driver/libvirt/context.ts";

const directory = mkdtempSync(join(tmpdir(), "console-"));
after(() => rmSync(directory, { recursive: true, force: true }));

/** A guest whose definition says nothing of a log, so that it is the one in its directory. */
const consoleOf = (folder: string) =>
  new GuestConsole({
    get: () => Promise.resolve({ xml: () => Promise.resolve("<domain/>") }),
    directory: () => folder,
  } as unknown as DriverContext);
const guest = { uuid: "x", name: "x" };

test("of what a guest writes on its console the end is read, however much it wrote", async () => {
  const line = `${"x".repeat(1023)}\n`;
  writeFileSync(join(directory, "console.log"), `${line.repeat(20_000)}the end`);
  const log = await consoleOf(directory).log(guest, null);
  assert.equal(Buffer.byteLength(log), 100 * 1024);
  assert.ok(log.endsWith("\nthe end"));
  assert.equal(await consoleOf(directory).log(guest, 1), "the end");
  // One line without an end, and bytes that are no text.
  writeFileSync(join(directory, "console.log"), Buffer.alloc(2_000_000, 0xff));
  assert.ok((await consoleOf(directory).log(guest, 1_000_000)).length <= 100 * 1024);
});

test("a link in a log's place is not followed", async () => {
  const folder = join(directory, "linked");
  mkdirSync(folder);
  symlinkSync("/etc/passwd", join(folder, "console.log"));
  await assert.rejects(consoleOf(folder).log(guest, null), { code: "ELOOP" });
});
