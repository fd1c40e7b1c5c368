import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type ComputeLab, computeLab } from "./support.ts";

let t: ComputeLab;
let id: string;
let host: string;
const admin = "admin:alpha";
before(async () => {
  t = await computeLab();
  id = await t.boot();
  host = (await t.api("GET", `/servers/${id}`, { token: admin })).body.server["OS-EXT-SRV-ATTR:host"];
});
after(() => t.close());

const act = async (name: string, value: unknown, version = "2.1") => {
  const { status, body } = await t.api("POST", `/servers/${id}/action`, {
    token: admin,
    version,
    body: { [name]: value },
  });
  return [status, (body.badRequest ?? body.itemNotFound).message];
};

test("with one host there is nowhere to go, and the answer says why", async () => {
  const nowhere = [400, "No valid host was found. There are not enough hosts available."];
  const unknown = [400, "Compute host far could not be found."];
  assert.deepEqual(await act("migrate", null), nowhere);
  assert.deepEqual(await act("migrate", { host }, "2.56"), [
    400,
    "Cannot migrate to the host where the server exists.",
  ]);
  assert.deepEqual(await act("migrate", { host: "far" }, "2.56"), unknown);
  const live = { block_migration: false, disk_over_commit: false };
  assert.deepEqual(await act("os-migrateLive", { ...live, host: null }), nowhere);
  assert.deepEqual(await act("os-migrateLive", { ...live, host }), [
    400,
    `Unable to migrate instance (${id}) to current host (${host}).`,
  ]);
  assert.deepEqual(await act("os-migrateLive", { block_migration: "auto", host: "far" }, "2.68"), unknown);
  assert.deepEqual(await act("os-migrateLive", { block_migration: "auto", host: null, force: true }, "2.30"), [
    400,
    "Can't force to a non-provided destination",
  ]);
});

test("a server on a living host is not evacuated", async () => {
  const inUse = [400, `Compute service of ${host} is still in use.`];
  assert.deepEqual(await act("evacuate", { onSharedStorage: false }), inUse);
  assert.deepEqual(await act("evacuate", { host: "far" }, "2.14"), [404, "Compute host far not found."]);
  assert.deepEqual(await act("evacuate", { host }, "2.14"), [400, "The target host can't be the same one."]);
  const [service] = (await t.api("GET", "/os-services?binary=nova-compute", { token: admin, version: "2.53" })).body
    .services;
  const down = (forced_down: boolean) =>
    t.api("PUT", `/os-services/${service.id}`, { token: admin, version: "2.53", body: { forced_down } });
  await down(true);
  assert.match((await act("evacuate", {}, "2.14"))[1], /^No valid host was found/);
  await down(false);
  assert.deepEqual(await act("evacuate", {}, "2.14"), inUse);
});

test("what a version does not know is refused", async () => {
  for (const [name, value, version] of [
    ["migrate", { hots: "x" }, "2.56"],
    ["os-migrateLive", { host: null, block_migration: "auto" }, "2.24"],
    ["os-migrateLive", { host: null, block_migration: "auto", force: true }, "2.68"],
    ["evacuate", {}, "2.13"],
    ["evacuate", { onSharedStorage: false }, "2.14"],
    ["evacuate", { force: false }, "2.68"],
  ] as const) {
    const [status, message] = await act(name, value, version);
    assert.equal(status, 400);
    assert.match(message, /^Invalid input for field/, `${name} ${version}`);
  }
});
