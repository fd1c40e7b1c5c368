import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { isOffHost, removeCloudFiles, removeLastFiles } from "../../src/bootstrap/data-directory.ts";
import { restoreEnvironment, saveEnvironment } from "../../src/bootstrap/environment.ts";
import { DataDirectoryBusy, lockDataDirectory } from "../../src/bootstrap/lock.ts";
import { requireOwnPlace } from "../../src/bootstrap/own-place.ts";
import { remember, remembered } from "../../src/bootstrap/settings.ts";
import { HostLedger, openLedgerDatabase } from "../../src/host/ledger.ts";
import { fileSink } from "../../src/kernel/log/file-sink.ts";
import { Logger } from "../../src/kernel/log/logger.ts";
import { systemClock } from "../../src/kernel/time/clock.ts";
import { testSettings } from "../support/settings.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tenrec-place-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const settings = (variables: Record<string, string> = {}) =>
  testSettings({}, { DATA_DIR: directory, LOGDIR: join(directory, "logs"), ...variables });

test("the second command on a data directory is told who is at work", () => {
  const release = lockDataDirectory(directory, "stack");
  assert.throws(
    () => lockDataDirectory(directory, "unstack"),
    (error) => error instanceof DataDirectoryBusy && error.message.includes(`tenrec stack (pid ${process.pid})`),
  );
  release();
  lockDataDirectory(directory, "unstack")();
});

test("the lock of a killed command holds nobody up", async () => {
  const lock = new URL("../../src/bootstrap/lock.ts", import.meta.url);
  const script = `import { lockDataDirectory } from "${lock}"; lockDataDirectory(${JSON.stringify(directory)}, "stack"); console.log("locked"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  assert.throws(() => lockDataDirectory(directory, "unstack"), DataDirectoryBusy);
  child.kill("SIGKILL");
  await once(child, "exit");
  lockDataDirectory(directory, "unstack")();
});

test("another cloud's data directory is refused, an empty one is not", () => {
  requireOwnPlace(settings({ STACK_NAME: "one" }), null);
  // Nothing was made yet: changing one's mind about the name is fine.
  requireOwnPlace(settings({ STACK_NAME: "two" }), null);
  writeFileSync(join(directory, "tenrec.db"), "");
  assert.throws(() => requireOwnPlace(settings({ STACK_NAME: "three" }), null), /holds the cloud "two", not "three"/);
  assert.equal(remembered(directory).STACK_NAME, "two");
});

test("what is on the host is what the ledger says, apart from installed packages and what users have made", async () => {
  assert.equal(isOffHost(directory), true);
  const db = openLedgerDatabase(join(directory, "ledger.db"), systemClock);
  const ledger = new HostLedger(db, systemClock);
  await ledger.create(
    { kind: "apt-package", name: "dnsmasq-base", details: { version: "" }, owner: "packages" },
    () => {},
  );
  const path = "/opt/stack/data/nova/instances/7";
  const disks = { path, recursive: true, data: true };
  await ledger.create({ kind: "directory", name: path, details: disks, owner: "compute" }, () => {});
  await ledger.create(
    { kind: "logical-volume", name: "g/v", details: { volumeGroup: "g", volume: "v" }, owner: "block-storage" },
    () => {},
  );
  assert.equal(isOffHost(directory), true);
  await ledger.create({ kind: "namespace", name: "x", details: {}, owner: "box" }, () => {});
  assert.equal(isOffHost(directory), false);
  db.close();
});

test("--fresh keeps passwords and chosen ranges; clean keeps only what is not the cloud's", () => {
  const cloud = settings();
  const backing = "stack-volumes-lvmdriver-1.img";
  for (const name of ["tenrec.db", backing, ".localrc.password", "mine.txt"]) writeFileSync(join(directory, name), "");
  remember(directory, { FLOATING_RANGE: "172.24.5.0/24" });
  removeCloudFiles(cloud);
  assert.equal(existsSync(join(directory, backing)), false);
  assert.equal(remembered(directory).FLOATING_RANGE, "172.24.5.0/24");
  removeLastFiles(cloud);
  assert.deepEqual(remembered(directory), {});
  assert.throws(() => rmSync(join(directory, "tenrec.db")), /ENOENT/);
  // Somebody else's file, and therefore the directory too.
  rmSync(join(directory, "mine.txt"));
});

test("clean removes every log of ours, rotated ones too, and nobody else's", () => {
  const cloud = settings();
  const { dir } = cloud.logging;
  const { sink, close } = fileSink({ directory: dir, keepDays: 7, maxBytes: 200 });
  for (const name of ["tenrec", "consoles", "glance", "block-storage", "tenrec", "tenrec"])
    new Logger(name, { sink, requestId: () => (name === "glance" ? "req-1" : null) }).info("x".repeat(100));
  close();
  const others = ["nginx.log", "mine.log", "notes.txt"];
  writeFileSync(join(dir, "nginx.log"), '127.0.0.1 "GET /"\n');
  writeFileSync(join(dir, "mine.log"), '{"name":"other","msg":"mine"}\n');
  writeFileSync(join(dir, "notes.txt"), "");
  assert.ok(readdirSync(dir).length > others.length + 4, "one was rotated");
  removeLastFiles(cloud);
  assert.deepEqual(readdirSync(dir).sort(), others.sort());
});

test("clean also removes what killed commands left beside the files they were writing", () => {
  const cloud = settings();
  const halves = ["remembered.json.4711.new", ".localrc.password.4711.new", "tenrec.pid.new", "ledger.db-journal"];
  for (const name of [...halves, "mine.new"]) writeFileSync(join(directory, name), "");
  removeCloudFiles(cloud);
  removeLastFiles(cloud);
  assert.deepEqual(readdirSync(directory), ["mine.new"]);
});

test("variables of stack's environment come back for rejoin, where the new environment lacks them", () => {
  process.env.VOLUME_GROUP_NAME = "from-environment";
  try {
    saveEnvironment(settings({ VOLUME_GROUP_NAME: "from-environment" }));
    delete process.env.VOLUME_GROUP_NAME;
    restoreEnvironment(directory);
    assert.equal(process.env.VOLUME_GROUP_NAME, "from-environment");
    process.env.VOLUME_GROUP_NAME = "another";
    restoreEnvironment(directory);
    assert.equal(process.env.VOLUME_GROUP_NAME, "another");
  } finally {
    delete process.env.VOLUME_GROUP_NAME;
  }
});
