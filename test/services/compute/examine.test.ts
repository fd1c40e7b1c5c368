import assert from "node:assert/strict";
import { test } from "node:test";
import { examine } from "../../../src/services/compute/examine.ts";
import type { Core } from "../../../src/services/compute/manager/core.ts";

const NOW = 10_000_000;
const core = (servers: object[]): Core =>
  ({ kernel: { clock: { now: () => NOW } }, servers: { list: () => servers } }) as unknown as Core;
const server = (changes: object) => ({
  id: "1",
  name: "vm1",
  vmState: "active",
  taskState: null,
  updatedAt: NOW,
  fault: null,
  ...changes,
});

test("doctor is told of servers in ERROR and of those whose task does not end, not of others", () => {
  assert.deepEqual(examine(core([server({}), server({ taskState: "spawning" })])), []);
  const found = examine(
    core([
      server({ id: "2", vmState: "error", fault: { message: "no disk" } }),
      server({ id: "3", taskState: "spawning", vmState: "building", updatedAt: NOW - 3_600_000 }),
    ]),
  );
  assert.deepEqual(
    found.map(({ key }) => key),
    ["server-error:2", "server-stuck:3"],
  );
  assert.match(found[0]?.message ?? "", /no disk/);
});

test("many servers with one fault are one problem, which names some of them", () => {
  const failed = (id: string, message: string) => server({ id, name: `vm${id}`, vmState: "error", fault: { message } });
  const found = examine(
    core([..."12345"].map((id) => failed(id, "No more IP addresses")).concat(failed("6", "no disk"))),
  );
  assert.deepEqual(
    found.map(({ message }) => message),
    [
      "5 servers are in ERROR: No more IP addresses [vm1 (1), vm2 (2), vm3 (3) and 2 more]",
      "server vm6 (6) is in ERROR: no disk",
    ],
  );
});
