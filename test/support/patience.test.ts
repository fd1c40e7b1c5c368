import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isPlaceOfTest, until } from "./patience.ts";

describe("a wait", () => {
  let directory: string;
  before(() => {
    directory = mkdtempSync(join(tmpdir(), "tenrec-patience-"));
    isPlaceOfTest(directory);
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  const start = (script: string): ChildProcess & { hasEnded(): boolean } => {
    const child = spawn("sh", ["-c", script], { stdio: "ignore" });
    return Object.assign(child, { hasEnded: () => child.exitCode !== null || child.signalCode !== null });
  };
  const SECONDS = 0.3;
  const busy = "i=0; while [ $i -lt 2000000 ]; do i=$((i + 1)); done";

  test("goes on while a process of the test is at work, whatever its limit", async () => {
    const child = start(busy);
    const begin = performance.now();
    await until("it has counted", SECONDS, child.hasEnded);
    assert.ok(performance.now() - begin > SECONDS * 1000, "this machine counts faster than the limit");
  });

  test("also while somebody else's child works in one of its places", async () => {
    // The one in between ends, so that it is no descendant of this process any more.
    const ended = join(directory, "ended");
    start(`sh -c '${busy}; touch "$0"' ${ended} &`);
    const begin = performance.now();
    await until("it has counted", SECONDS, () => existsSync(ended));
    assert.ok(performance.now() - begin > SECONDS * 1000);
  });

  test("ends when all rest, and says what it saw last", async () => {
    const child = start("exec sleep 60");
    try {
      const wait = until("it ends", SECONDS, () => {
        if (!child.hasEnded()) throw new Error("it sleeps");
        return true;
      });
      await assert.rejects(wait, /^Error: not within 0\.3 s of rest: it ends \(last: it sleeps\)$/);
    } finally {
      child.kill("SIGKILL");
    }
  });
});
