import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { ManualClock } from "../../../src/kernel/time/clock.ts";
import { until } from "../../support/patience.ts";
import { type ComputeLab, computeLab } from "./support.ts";

const clock = new ManualClock();
let t: ComputeLab;
let hold: (verb: string) => Promise<void> | void = () => {};
before(async () => {
  t = await computeLab({ before: (verb) => hold(verb), settings: { clock } });
});
afterEach(() => {
  hold = () => {};
});
after(() => t.close());

const show = async (id: string) => (await t.api("GET", `/servers/${id}`)).body.server;
const actions = async (id: string): Promise<Record<string, unknown>[]> =>
  (await t.api("GET", `/servers/${id}/os-instance-actions`)).body.instanceActions;
/** As time passes. */
const isOff = async (id: string) => {
  clock.advance(1_000);
  const server = await show(id);
  return server.status === "SHUTOFF" && server["OS-EXT-STS:task_state"] === null;
};

test("a guest that ends by itself is SHUTOFF, and the list of actions tells of the stop", async () => {
  const id = await t.boot();
  t.driver.happen(id, "crashed", "shutdown");
  assert.equal((await show(id)).status, "SHUTOFF");
  assert.deepEqual(
    (await actions(id)).map(({ action, user_id, message }) => [action, user_id, message]),
    [
      ["stop", null, null],
      ["create", "user-of-alpha", null],
    ],
  );
  t.driver.happen(id, "started", "running");
  assert.equal((await show(id)).status, "ACTIVE");
});

for (const [what, verb, action] of [
  ["an image is made of it", "snapshot", { createImage: { name: "i" } }],
  ["it is being paused", "pause", { pause: null }],
] as const) {
  test(`one that ends while ${what} is SHUTOFF once that is over, well or badly`, async () => {
    const id = await t.boot();
    const [reached, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    hold = async (called) => {
      if (called !== verb) return;
      reached.resolve();
      await goOn.promise;
      throw new Error("the guest is gone");
    };
    assert.equal((await t.api("POST", `/servers/${id}/action`, { body: action })).status, 202);
    await reached.promise;
    t.driver.happen(id, "stopped", "shutdown");
    assert.equal((await show(id)).status, "ACTIVE");
    goOn.resolve();
    await t.idle();
    await until("it is off", 30, () => isOff(id));
    assert.deepEqual((await actions(id))[0]?.action, "stop");
    assert.equal((await t.api("POST", `/servers/${id}/action`, { body: { "os-start": null } })).status, 202);
    await t.idle();
    assert.equal((await show(id)).status, "ACTIVE");
  });
}

test("a guest that ends right after it was started is not ACTIVE for long", async () => {
  hold = (verb) => {
    if (verb !== "spawn") return;
    const [{ uuid = "" } = {}] = [...t.cloud.kernel.db.prepare<[], { uuid: string }>(NEWEST).all()];
    t.driver.happen(uuid, "started", "running");
    queueMicrotask(() => queueMicrotask(() => t.driver.happen(uuid, "stopped", "shutdown")));
  };
  const id = await t.boot();
  const guest = t.driver.guests.get(id);
  if (guest !== undefined) guest.power = "shutdown";
  await until("it is off", 30, () => isOff(id));
});

test("an ordinary stop and a reboot are nobody's doing but the user's", async () => {
  const id = await t.boot();
  for (const [body, kinds] of [
    [{ "os-stop": null }, ["stopped"]],
    [{ "os-start": null }, ["started"]],
    [{ reboot: { type: "HARD" } }, ["stopped", "started"]],
  ] as const) {
    hold = () => {
      for (const kind of kinds) t.driver.happen(id, kind, kind === "stopped" ? "shutdown" : "running");
    };
    assert.equal((await t.api("POST", `/servers/${id}/action`, { body })).status, 202);
    await t.idle();
  }
  // What was put off is looked at in its turn: when this one is known to be off, the others have been looked at.
  hold = () => {};
  const other = await t.boot();
  hold = () => t.driver.happen(other, "stopped", "shutdown");
  await t.api("POST", `/servers/${other}/action`, { body: { createImage: { name: "i" } } });
  await until("the other one is off", 30, () => isOff(other));
  assert.equal((await show(id)).status, "ACTIVE");
  assert.deepEqual(
    (await actions(id)).map(({ action }) => action),
    ["reboot", "start", "stop", "create"],
  );
});

const NEWEST = "SELECT id AS uuid FROM compute_servers ORDER BY number DESC LIMIT 1";
