import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { HostCommandError, HostExec } from "../../src/host/exec.ts";
import { Database } from "../../src/kernel/db/database.ts";
import { migrate } from "../../src/kernel/db/migrations.ts";
import { Logger, type LogRecord } from "../../src/kernel/log/logger.ts";
import { systemClock } from "../../src/kernel/time/clock.ts";
import { Tracer, traceMigrations } from "../../src/kernel/trace/trace.ts";

function makeExec() {
  const records: LogRecord[] = [];
  const log = new Logger("test", { sink: (record) => records.push(record), level: "debug" });
  const db = new Database({ path: ":memory:" });
  migrate(db, traceMigrations, 0);
  const tracer = new Tracer(db, systemClock);
  return { exec: new HostExec({ log, tracer }), records, tracer };
}

test("arguments reach the command as they are, input its standard input", async () => {
  const { exec } = makeExec();
  const words = ["a b", "$(id)", "", "'\"", "*"];
  const { stdout } = await exec.run("printf", ["%s|", ...words]);
  assert.equal(stdout, `${words.join("|")}|`);
  assert.equal((await exec.run("cat", [], { input: "hello\n" })).stdout, "hello\n");
  assert.equal((await exec.run("cat", [])).stdout, "", "without input it reads the end at once");
});

test("a failure tells command, exit code and what was said", async () => {
  const { exec } = makeExec();
  await assert.rejects(exec.run("ls", ["/no/such/place"]), (error: unknown) => {
    assert.ok(error instanceof HostCommandError);
    assert.equal(error.command, "ls");
    assert.equal(error.exitCode, 2);
    assert.match(error.message, /ls \/no\/such\/place failed with exit code 2: .*No such file/);
    return true;
  });
  assert.equal((await exec.run("false", [], { allowFailure: true })).exitCode, 1);
  assert.equal((await exec.run("false", [], { allowFailure: [1] })).exitCode, 1);
  await assert.rejects(exec.run("false", [], { allowFailure: [2] }), HostCommandError);
});

test("a missing program, a slow one and a talkative one are told apart, even where failure is allowed", async () => {
  const { exec } = makeExec();
  const failure = async (promise: Promise<unknown>) =>
    promise.then(
      () => assert.fail("no error"),
      (error: unknown) => {
        assert.ok(error instanceof HostCommandError);
        return error;
      },
    );
  const missing = await failure(exec.run("no-such-program", [], { allowFailure: true }));
  assert.equal(missing.notFound, true);
  assert.match(missing.message, /no-such-program is not installed/);
  const slow = await failure(exec.run("sleep", ["60"], { timeout: 100, allowFailure: true }));
  assert.equal(slow.timedOut, true);
  const talkative = await failure(exec.run("yes", [], { maxOutput: 1000, allowFailure: true }));
  assert.match(talkative.message, /wrote more than it may/);
});

test("each command leaves a debug line and a span of the current request", async () => {
  const { exec, records, tracer } = makeExec();
  await tracer.run("req-1", async () => {
    await exec.run("true", ["x"]);
    await exec.run("false", []).catch(() => undefined);
  });
  const spans = tracer.read("req-1");
  assert.deepEqual(
    spans.map((span) => [span.kind, span.name, span.attributes.exitCode, span.error === null]),
    [
      ["command", "true", 0, true],
      ["command", "false", 1, false],
    ],
  );
  assert.deepEqual(spans[0]?.attributes.args, ["x"]);
  assert.deepEqual(
    records.map((record) => [record.name, record.level, record.message]),
    [
      ["host", "debug", "true x"],
      ["host", "debug", "false"],
    ],
  );
});

test("daemons: pid file, stop by identity, and never a process that only has the same pid", async () => {
  const { exec } = makeExec();
  const dir = mkdtempSync(join(tmpdir(), "hst-exec-"));
  try {
    const pidFile = join(dir, "run/sleeper.pid");
    const daemon = await exec.spawnDaemon("sleep", ["300"], { pidFile, logFile: join(dir, "log") });
    const read = await exec.readPidFile(pidFile);
    assert.deepEqual(read, { pid: daemon.pid, startTime: daemon.startTime, bootId: daemon.bootId });
    assert.equal(await exec.stop({ ...daemon, startTime: "1" }), false, "another start time is another process");
    assert.equal(await exec.stop({ ...daemon, bootId: "x" }), false, "another boot is another process");
    assert.equal(await exec.isAlive(daemon), true);
    writeFileSync(join(dir, "number.pid"), `${daemon.pid}\n`);
    assert.equal((await exec.readPidFile(join(dir, "number.pid"), "sleep 300"))?.pid, daemon.pid);
    assert.equal(await exec.readPidFile(join(dir, "number.pid"), "dnsmasq"), null);
    assert.equal(await exec.stop(daemon), true);
    assert.equal((await daemon.exited).signal, "SIGTERM");
    assert.equal(await exec.readPidFile(pidFile), null);
    assert.equal(await exec.stop(daemon), false);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("a process that ignores SIGTERM is killed after the grace time", async () => {
  const { exec } = makeExec();
  const dir = mkdtempSync(join(tmpdir(), "hst-exec-"));
  try {
    const script = `process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); require("fs").writeFileSync("${dir}/ready", "");`;
    const daemon = await exec.spawnDaemon(process.execPath, ["-e", script], { pidFile: join(dir, "pid") });
    const deadline = performance.now() + 10_000;
    while (!existsSync(join(dir, "ready")) && performance.now() < deadline) await new Promise((r) => setTimeout(r, 10));
    assert.equal(await exec.stop(daemon, { graceMs: 50 }), true);
    assert.equal((await daemon.exited).signal, "SIGKILL");
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("a daemon's output goes to its log file; one that cannot start is an error", async () => {
  const { exec } = makeExec();
  const dir = mkdtempSync(join(tmpdir(), "hst-exec-"));
  try {
    const logFile = join(dir, "log");
    await exec
      .spawnDaemon("sh", ["-c", "echo hello; exec sleep 0.1"], { pidFile: join(dir, "pid"), logFile })
      .then((daemon) => daemon.exited);
    assert.equal(readFileSync(logFile, "utf8"), "hello\n");
    await assert.rejects(exec.spawnDaemon("no-such-program", [], { pidFile: join(dir, "pid2") }), /is not installed/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
