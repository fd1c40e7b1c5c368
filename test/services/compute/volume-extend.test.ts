import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { internalContext } from "../../../src/kernel/auth/context.ts";
import { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import { blockStorage } from "../../../src/services/block-storage/index.ts";
import { DriverError } from "../../../src/services/compute/driver/driver.ts";
import { type ComputeLab, computeLab } from "./support.ts";

const GIB = 2 ** 30;
let t: ComputeLab;
let fails = false;
before(async () => {
  t = await computeLab({
    services: [blockStorage({ driver: () => new FakeVolumeDriver(), hostname: "box" })],
    before: (verb) => {
      if (fails && verb === "extendVolume") throw new DriverError("failed", "the guest does not take it");
    },
  });
});
after(() => t.close());

const storage = () => t.cloud.kernel.facade("block-storage");
/** Until the event was heard and what it began is done. */
async function settled(): Promise<void> {
  await t.idle();
  await t.idle();
}
async function attached(server: string): Promise<string> {
  const { id } = storage().createVolume(internalContext("req-test", "alpha"), { sizeGb: 1 });
  await storage().waitForVolume(id);
  await t.api("POST", `/servers/${server}/os-volume_attachments`, { body: { volumeAttachment: { volumeId: id } } });
  await settled();
  return id;
}
const extend = (id: string, size: number) =>
  t.request("POST", `/volume/v3/volumes/${id}/action`, {
    token: "member:alpha",
    headers: { "openstack-api-version": "volume 3.42" },
    body: { "os-extend": { new_size: size } },
  });
const actions = async (server: string) =>
  (await t.api("GET", `/servers/${server}/os-instance-actions`, { version: "2.51" })).body.instanceActions;

test("a volume that grows while a server has it reaches the guest, and the server has an action to see it by", async () => {
  const server = await t.boot();
  const id = await attached(server);
  const answer = await extend(id, 3);
  assert.equal(answer.status, 202);
  await settled();
  assert.equal(t.driver.guests.get(server)?.volumeSizes.get(id), 3 * GIB);
  const [newest] = await actions(server);
  assert.equal(newest.action, "extend_volume");
  assert.equal(newest.request_id, answer.headers.get("x-openstack-request-id"));
  const shown = await t.api("GET", `/servers/${server}/os-instance-actions/${newest.request_id}`, { version: "2.51" });
  const [event] = shown.body.instanceAction.events;
  assert.deepEqual([event.event, event.result], ["compute_extend_volume", "Success"]);
  assert.equal((await t.api("GET", `/servers/${server}`)).body.server.status, "ACTIVE");
});

test("an event that comes twice is told once", async () => {
  const server = await t.boot();
  const id = await attached(server);
  const { events } = t.cloud.kernel;
  for (let times = 0; times < 2; times += 1) {
    events.publish("block-storage.volume.extended", { volumeId: id, instanceIds: [server], requestId: "req-twice" });
  }
  await settled();
  const all: { action: string }[] = await actions(server);
  assert.equal(all.filter(({ action }) => action === "extend_volume").length, 1);
});

test("a guest that does not take it leaves the server as it was, and the action says so", async () => {
  const server = await t.boot();
  const id = await attached(server);
  fails = true;
  await extend(id, 2);
  await settled();
  fails = false;
  const [{ action, message }] = await actions(server);
  assert.deepEqual([action, message], ["extend_volume", "Error"]);
  assert.equal((await t.api("GET", `/servers/${server}`)).body.server.status, "ACTIVE");
  assert.equal(storage().findVolume(id)?.sizeGb, 2);
});

test("a shelved server's volume grows without a guest; another's volume is none of a server's business", async () => {
  const server = await t.boot();
  const id = await attached(server);
  await t.api("POST", `/servers/${server}/action`, { body: { shelve: null } });
  await settled();
  await extend(id, 2);
  await settled();
  assert.equal((await actions(server))[0].action, "extend_volume");
  const other = await t.boot();
  const { events } = t.cloud.kernel;
  events.publish("block-storage.volume.extended", { volumeId: id, instanceIds: [other], requestId: "req-other" });
  await settled();
  const all: { action: string }[] = await actions(other);
  assert.deepEqual(
    all.map(({ action }) => action),
    ["create"],
  );
});

test("os-server-external-events tells a guest, too, as cinder of another house would", async () => {
  const server = await t.boot();
  const id = await attached(server);
  const body = { events: [{ name: "volume-extended", server_uuid: server, tag: id }] };
  const answer = await t.api("POST", "/os-server-external-events", { token: "admin:admin", version: "2.51", body });
  assert.equal(answer.status, 200);
  await settled();
  assert.equal(t.driver.guests.get(server)?.volumeSizes.get(id), GIB);
});
