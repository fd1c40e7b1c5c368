import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { iso9660 } from "../../../../../src/services/compute/driver/libvirt/iso9660.ts";

const NOW = new Date("2026-11-20T10:00:00Z");
const noReader = spawnSync("isoinfo", ["--version"]).error === undefined ? false : "isoinfo is not installed";

test("a config drive is read back by another program, long names and all, by Joliet and by Rock Ridge", {
  skip: noReader,
}, () => {
  const directory = mkdtempSync(join(tmpdir(), "iso-"));
  const file = join(directory, "drive.iso");
  const files: Record<string, string | Uint8Array> = {
    "openstack/latest/meta_data.json": '{"uuid":"é"}',
    "openstack/latest/user_data": new Uint8Array(5000).fill(65),
    "openstack/2012-08-10/meta_data.json": "{}",
    "openstack/content/0000": "",
    "ec2/latest/meta-data.json": "[]",
  };
  // More than one sector of folder records.
  for (let number = 0; number < 80; number += 1)
    files[`many/a_name_longer_than_eight_${number}.txt`] = `content ${number}`;
  writeFileSync(file, iso9660("config-2", files, { now: NOW }));
  const isoinfo = (...args: string[]) => spawnSync("isoinfo", ["-i", file, ...args], { encoding: "buffer" }).stdout;
  try {
    assert.match(isoinfo("-d").toString(), /Volume id: config-2\n/);
    for (const kind of ["-J", "-R"]) {
      const listed = isoinfo(kind, "-f").toString().split("\n");
      for (const [path, content] of Object.entries(files)) {
        assert.ok(listed.includes(`/${path}`), `${path} by ${kind}`);
        assert.deepEqual(isoinfo(kind, "-x", `/${path}`), Buffer.from(content as Uint8Array), `${path} by ${kind}`);
      }
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("what could not be read back is refused", () => {
  for (const path of ["", "/", "a/../b", "a\0b", "x".repeat(65), "a/b:c"])
    assert.throws(() => iso9660("config-2", { [path]: "" }, { now: NOW }), TypeError, path);
  assert.throws(() => iso9660("config-2", { a: "", "a/b": "" }, { now: NOW }), TypeError);
});

test("the same files give the same bytes", () => {
  const one = iso9660("config-2", { "b/c": "1", a: "2" }, { now: NOW });
  assert.deepEqual(one, iso9660("config-2", { a: "2", "b/c": "1" }, { now: NOW }));
  assert.equal(one.length % 2048, 0);
});
