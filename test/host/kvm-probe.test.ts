import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { bootSector } from "../../src/host/boot-sector.ts";
import { HostExec } from "../../src/host/exec.ts";
import { FakeExec } from "../../src/host/fake/exec.ts";
import { probeKvm, runProbeGuest } from "../../src/host/kvm-probe.ts";
import { discard, Logger } from "../../src/kernel/log/logger.ts";

const exec = new HostExec({ log: new Logger("test", { sink: discard }), tracer: null });

test("the test guest is one sector that a BIOS boots", () => {
  const sector = bootSector();
  assert.equal(sector.length, 512);
  assert.deepEqual([sector[510], sector[511]], [0x55, 0xaa]);
});

test("the test guest runs to its end where guests run at all (under emulation)", async () => {
  assert.deepEqual(await runProbeGuest(exec, "tcg"), { usable: true, reason: "a test guest ran" });
});

test("a guest that ends in any other way is a no", async () => {
  const fake = new FakeExec(() => ({ exitCode: 134, stderr: "failed to set MSR 0x10a" }));
  const probe = await runProbeGuest(fake, "kvm");
  assert.equal(probe.usable, false);
  assert.match(probe.reason, /qemu ended with 134 failed to set MSR/);
});

test("the answer is kept for this boot only", async () => {
  const dir = mkdtempSync(join(tmpdir(), "hst-kvm-"));
  try {
    const cacheFile = join(dir, "probe.json");
    const first = await probeKvm(exec, { cacheFile });
    const kept = JSON.parse(readFileSync(cacheFile, "utf8"));
    assert.equal(kept.usable, first.usable);
    writeFileSync(cacheFile, JSON.stringify({ ...kept, reason: "kept" }));
    assert.equal((await probeKvm(exec, { cacheFile })).reason, "kept");
    writeFileSync(cacheFile, JSON.stringify({ ...kept, bootId: "another", reason: "kept" }));
    assert.deepEqual(await probeKvm(exec, { cacheFile, keep: false }), first);
    assert.match(readFileSync(cacheFile, "utf8"), /another/, "who only looks keeps nothing");
    assert.deepEqual(await probeKvm(exec, { cacheFile }), first);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
