import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { NODE_FLAGS, selfCommand } from "../../../src/kernel/program/program.ts";

test("bin/tenrec runs Node as the program runs itself", () => {
  const launcher = readFileSync(new URL("../../../bin/tenrec", import.meta.url), "utf8");
  assert.ok(launcher.includes(`exec "$node" ${NODE_FLAGS.join(" ")} "$root`), launcher.split("\n").at(-2));
  assert.deepEqual(selfCommand("daemon").slice(1, 1 + NODE_FLAGS.length), [...NODE_FLAGS]);
});
