import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type ComputeLab, computeLab, INTERNAL } from "./support.ts";

/** Servers deleted at the worst moment: what nova once left on its hosts, beyond quota and beyond reach. */

let t: ComputeLab;
let hold: ((verb: string) => Promise<void> | undefined) | null = null;
before(async () => {
  t = await computeLab({ before: (verb) => hold?.(verb) });
});
after(() => t.close());

const act = async (id: string, body: unknown) =>
  assert.ok((await t.api("POST", `/servers/${id}/action`, { body })).status < 300, JSON.stringify(body));

async function nothingLeft(id: string, ports: number): Promise<void> {
  await t.idle();
  assert.equal((await t.api("GET", `/servers/${id}`)).status, 404);
  assert.equal(t.driver.guests.has(id), false);
  assert.equal(t.network.listPorts(INTERNAL).length, ports);
  const used = t.cloud.kernel.facade("compute").listAllocations();
  assert.deepEqual(used, []);
  const limits = (await t.api("GET", "/limits")).body.limits.absolute;
  assert.deepEqual([limits.totalInstancesUsed, limits.totalRAMUsed], [0, 0]);
}

const resize = { resize: { flavorRef: "84" } };
const WORK: [name: string, actions: unknown[]][] = [
  ["resize", [resize]],
  ["confirmResize", [resize, { confirmResize: null }]],
  ["revertResize", [resize, { revertResize: null }]],
  ["rescue", [{ rescue: {} }]],
  ["unrescue", [{ rescue: {} }, { unrescue: null }]],
  ["snapshot", [{ shelve: null }]],
  ["rebuild", [{ rebuild: { imageRef: "" } }]],
];

for (const [verb, actions] of WORK) {
  test(`a server that is deleted during ${verb} leaves nothing`, async () => {
    const ports = t.network.listPorts(INTERNAL).length;
    const id = await t.boot();
    const steps = actions.map((step) =>
      JSON.parse(JSON.stringify(step).replace('"imageRef":""', `"imageRef":"${t.image.id}"`)),
    );
    for (const step of steps.slice(0, -1)) {
      await act(id, step);
      await t.idle();
    }
    const reached = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    hold = (now) => {
      if (now !== verb) return undefined;
      reached.resolve();
      return gate.promise;
    };
    await act(id, steps.at(-1));
    await reached.promise;
    assert.equal((await t.api("DELETE", `/servers/${id}`)).status, 204);
    gate.resolve();
    hold = null;
    await nothingLeft(id, ports);
  });
}

test("a server that waits in a resize, a rescue or on the shelf leaves nothing when it is deleted", async () => {
  const states: [body: unknown, status: string][] = [
    [resize, "VERIFY_RESIZE"],
    [{ rescue: {} }, "RESCUE"],
    [{ shelve: null }, "SHELVED_OFFLOADED"],
    [{ suspend: null }, "SUSPENDED"],
  ];
  for (const [body, status] of states) {
    const ports = t.network.listPorts(INTERNAL).length;
    const id = await t.boot();
    await act(id, body);
    await t.idle();
    assert.equal((await t.api("GET", `/servers/${id}`)).body.server.status, status);
    assert.equal((await t.api("DELETE", `/servers/${id}`)).status, 204);
    await nothingLeft(id, ports);
  }
});

test("a rescue that fails, and one that is suspended, are no way around the quota", async () => {
  const ports = t.network.listPorts(INTERNAL).length;
  const id = await t.boot();
  hold = (verb) => (verb === "rescue" ? Promise.reject(new Error("no room")) : undefined);
  await act(id, { rescue: {} });
  await t.idle();
  hold = null;
  await t.api("POST", `/servers/${id}/action`, { body: { suspend: null } });
  await t.idle();
  const limits = (await t.api("GET", "/limits")).body.limits.absolute;
  assert.equal(limits.totalInstancesUsed, 1);
  assert.equal((await t.api("DELETE", `/servers/${id}`)).status, 204);
  await nothingLeft(id, ports);
});
