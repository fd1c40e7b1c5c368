import assert from "node:assert/strict";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { openStackLog, type StackLog, strftime } from "../../src/bootstrap/stack-log.ts";
import { testSettings } from "../support/settings.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tenrec-log-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const open = (now: Date, variables: Record<string, string> = {}): StackLog => {
  const { logging } = testSettings({}, { LOGFILE: join(directory, "logs/stack.sh.log"), ...variables });
  const log = openStackLog(logging, now);
  assert.ok(log !== null);
  return log;
};
const NOON = new Date(2026, 4, 3, 12, 0, 7);

test("time stamps are written as date(1) does", () => {
  assert.equal(strftime("%F-%H%M%S", NOON), "2026-05-03-120007");
  assert.equal(strftime("%y%m%d %T 100%% %q", NOON), "260503 12:00:07 100% %q");
});

test("without LOGFILE there is no log", () => {
  assert.equal(openStackLog(testSettings().logging, NOON), null);
});

test("the log has the time in its name, the plain name leads to the newest, the summary lies beside", () => {
  open(NOON).close();
  const log = open(new Date(NOON.getTime() + 60_000));
  log.progress.begin("Make the box");
  log.sink({ time: 0, level: "debug", name: "host", message: "ip netns add x", requestId: null, fields: { ms: 3 } });
  log.progress.end("Make the box", 400, "namespace x");
  const summary = "This is your host IP address: 192.0.2.1\nThe password: never-in-a-log\n";
  log.summary(summary);
  log.close();

  const link = join(directory, "logs/stack.sh.log");
  assert.equal(readlinkSync(link), "stack.sh.log.2026-05-03-120107");
  assert.equal(readlinkSync(`${link}.summary`), "stack.sh.log.2026-05-03-120107.summary");
  const text = readFileSync(link, "utf8");
  assert.match(text, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \| # Make the box$/m);
  assert.match(text, /\| {3}ip netns add x ms=3$/m);
  assert.match(text, /= Make the box: 0\.40 s namespace x$/m);
  assert.match(text, /This is your host IP address: 192\.0\.2\.1/);
  assert.ok(!text.includes("never-in-a-log"));
  assert.equal(readFileSync(`${link}.summary`, "utf8"), summary);
  assert.equal(statSync(`${link}.summary`).mode & 0o777, 0o600);
});

test("logs older than LOGDAYS go, other files of the directory stay", () => {
  open(NOON).close();
  const old = join(directory, "logs/stack.sh.log.2026-05-03-120007");
  const notes = join(directory, "logs/stack.sh.log.notes");
  writeFileSync(notes, "mine");
  const long = new Date(NOON.getTime() - 30 * 86_400_000);
  for (const path of [old, notes]) utimesSync(path, long, long);
  open(NOON, { LOGDAYS: "7", TIMESTAMP_FORMAT: "%s" }).close();
  assert.ok(!existsSync(old));
  assert.equal(readFileSync(notes, "utf8"), "mine");
});

test("a plain file of the log's name is kept beside", () => {
  open(NOON).close();
  const link = join(directory, "logs/stack.sh.log");
  rmSync(link);
  writeFileSync(link, "of an older program");
  open(NOON).close();
  assert.equal(readFileSync(`${link}.before`, "utf8"), "of an older program");
  assert.ok(readdirSync(join(directory, "logs")).length >= 3);
});
