// The recipe itself: what it says about the image, and that it gives the same bytes each time.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { whyNoGuests } from "./lab.ts";

const run = promisify(execFile);
const IMAGES = join(import.meta.dirname, "../../images");
const RECIPE = join(IMAGES, "build.sh");

const sha256 = async (file: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(file))
    .digest("hex");

const skip = (await whyNoGuests()) ?? false;

describe("the image recipe", () => {
  it("names the packages whose tools are missing", async () => {
    // A machine that has a shell's basics and nothing else.
    const bin = await mkdtemp(join(tmpdir(), "tenrec-bare-"));
    for (const tool of ["dirname", "find", "sort", "awk", "sha256sum", "cut", "stat"]) {
      await run("sh", ["-c", 'ln -s "$(command -v "$1")" "$2/"', "sh", tool, bin]);
    }
    const env = { PATH: bin, TENREC_SBIN: "" };
    try {
      await assert.rejects(
        run("/bin/bash", [RECIPE, join(bin, "out")], { env }),
        (error: Error & { stderr?: string }) => {
          assert.match(error.stderr ?? "", /apt-get install .*\bqemu-utils\b/);
          return true;
        },
      );
    } finally {
      await rm(bin, { recursive: true });
    }
  });

  it("asks the mirror for its lists where apt knows no package, and says in apt's words what is wrong then", {
    skip,
  }, async () => {
    const bin = await mkdtemp(join(tmpdir(), "tenrec-apt-"));
    // An apt whose lists name the kernel only after an update, and whose files are on no mirror.
    const apt = `case "$*" in
      *update) touch ${bin}/updated ;;
      *depends*) ! test -e ${bin}/updated || echo "  Depends: linux-image-6.1.0-9-cloud-amd64" ;;
      *print-uris*) echo "'http://mirror/name.deb' name_1_all.deb 1 SHA256:0" ;;
      *) echo "E: 404 Not Found" >&2; exit 100 ;;
      esac`;
    for (const name of ["apt-get", "apt-cache"])
      await writeFile(join(bin, name), `#!/bin/sh\n${apt}\n`, { mode: 0o755 });
    const env = { ...process.env, PATH: `${bin}:${process.env.PATH}`, TENREC_DEBS: join(bin, "debs") };
    try {
      await assert.rejects(run(RECIPE, [join(bin, "out")], { env }), (error: Error & { stderr?: string }) => {
        const [update, downloading, reason] = (error.stderr ?? "").trim().split("\n");
        assert.deepEqual([update, downloading], ["apt-get update", "downloading name"]);
        assert.match(reason ?? "", /^images\/build\.sh: apt cannot download the packages \(E: 404 Not Found\)/);
        return true;
      });
    } finally {
      await rm(bin, { recursive: true });
    }
  });

  it("gives the same bytes when it runs again", { skip }, async () => {
    const base = (await run(RECIPE, [])).stdout.trim().replace(/\.qcow2$/, "");
    const places: string[] = [];
    const build = async (): Promise<string> => {
      const place = await mkdtemp(join(tmpdir(), "tenrec-recipe-"));
      places.push(place);
      return (await run(RECIPE, [place])).stdout.trim().replace(/\.qcow2$/, "");
    };
    const manifest = (of: string) => readFile(`${of}.manifest`, "utf8");
    try {
      const again = await build();
      // The one that lies there may be of older packages: somebody has updated apt's lists since.
      const first = (await manifest(again)) === (await manifest(base)) ? base : await build();
      assert.equal(await manifest(again), await manifest(first));
      for (const part of [".qcow2", "-vmlinuz", "-initrd", "-root.img"]) {
        assert.equal(await sha256(again + part), await sha256(first + part), part);
      }
    } finally {
      for (const place of places) await rm(place, { recursive: true });
    }
  });
});
