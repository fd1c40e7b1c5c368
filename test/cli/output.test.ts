import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { openrcExports } from "../../src/bootstrap/accounts.ts";
import { renderTree } from "../../src/cli/explain.ts";
import { formatBytes, formatDuration, styleFor } from "../../src/cli/terminal.ts";
import type { Span } from "../../src/kernel/trace/trace.ts";
import { VERSION } from "../../src/version.ts";

test("durations and sizes read as people say them", () => {
  assert.deepEqual([40, 9_900, 9_960, 61_000, 185_000].map(formatDuration), [
    "0.0 s",
    "9.9 s",
    "10 s",
    "61 s",
    "3 min 5 s",
  ]);
  assert.deepEqual([0, 1023, 1536, 5 * 2 ** 30].map(formatBytes), ["0 B", "1023 B", "1.5 KiB", "5.0 GiB"]);
});

test("openrc survives any password when a shell reads it", () => {
  const password = 'it\'s "quoted" $HOME `id` \\ !';
  const script = `${openrcExports({ OS_PASSWORD: password })}printf %s "$OS_PASSWORD"`;
  assert.equal(execFileSync("sh", ["-c", script], { encoding: "utf8" }), password);
});

test("explain draws children under their parent, with times and errors", () => {
  const span = (id: number, parentId: number | null, name: string, error: string | null = null): Span => ({
    requestId: "req-1",
    id,
    parentId,
    kind: "step",
    name,
    startedAt: 1_000 + id * 10,
    duration: 5,
    error,
    attributes: {},
  });
  const text = renderTree(
    [span(1, null, "request"), span(2, 1, "step"), span(3, 2, "command", "exit 1"), span(4, 1, "other")],
    styleFor(false),
  );
  assert.doesNotMatch(text, / $/m, "no line ends with a blank");
  const names = text
    .trimEnd()
    .split("\n")
    .map((line) => line.slice(22));
  assert.deepEqual(names, ["request", "  step", "    command ✗ exit 1", "  other"]);
});

test("the version is package.json's", () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
    version: string;
  };
  assert.equal(VERSION, version);
});
