import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { internalContext } from "../../../src/kernel/auth/context.ts";
import { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import { blockStorage } from "../../../src/services/block-storage/index.ts";
import { type DeviceRef, DriverError } from "../../../src/services/compute/driver/driver.ts";
import { type ComputeLab, computeLab, INTERNAL } from "./support.ts";

let t: ComputeLab;
let refuse: Error | null = null;
/** Runs while the guest is being asked. */
let meanwhile: (() => void) | null = null;
before(async () => {
  t = await computeLab({
    before: (verb) => {
      if (!verb.startsWith("detach")) return;
      meanwhile?.();
      if (refuse !== null) throw refuse;
    },
    services: [blockStorage({ driver: () => new FakeVolumeDriver(), hostname: "box" })],
  });
});
afterEach(() => {
  refuse = null;
  meanwhile = null;
});
after(() => t.close());

const timeout = new DriverError("timeout", "The instance does not let go of the device.");
const context = internalContext("req-test", "alpha");
const storage = () => t.cloud.kernel.facade("block-storage");
const statusOf = (id: string) => storage().findVolume(id)?.status;

async function bootWithBoth(): Promise<{ id: string; volume: DeviceRef; nic: DeviceRef }> {
  const id = await t.boot();
  const { id: volumeId } = storage().createVolume(context, { sizeGb: 1, name: "v" });
  await storage().waitForVolume(volumeId);
  const body = { volumeAttachment: { volumeId } };
  assert.equal((await t.api("POST", `/servers/${id}/os-volume_attachments`, { body })).status, 200);
  await t.idle();
  const [nic] = t.driver.guests.get(id)?.nics.keys() ?? [];
  return { id, volume: { kind: "volume", id: volumeId }, nic: { kind: "interface", id: String(nic) } };
}

async function detach(id: string, device: DeviceRef): Promise<void> {
  const path = device.kind === "volume" ? "os-volume_attachments" : "os-interface";
  assert.equal((await t.api("DELETE", `/servers/${id}/${path}/${device.id}`)).status, 202);
  await t.idle();
}

async function has(id: string): Promise<{ volumes: string[]; ports: string[] }> {
  const volumes = await t.api("GET", `/servers/${id}/os-volume_attachments`);
  const ports = await t.api("GET", `/servers/${id}/os-interface`);
  return {
    volumes: volumes.body.volumeAttachments.map(({ volumeId }: { volumeId: string }) => volumeId),
    ports: ports.body.interfaceAttachments.map((one: { port_id: string }) => one.port_id),
  };
}

test("what a guest was asked to let go of in vain is detached when it does so at last", async () => {
  const { id, volume, nic } = await bootWithBoth();
  refuse = timeout;
  for (const device of [volume, nic]) await detach(id, device);
  assert.deepEqual(await has(id), { volumes: [volume.id], ports: [nic.id] });
  assert.equal(statusOf(volume.id), "in-use");
  refuse = null;
  // Its next reset.
  for (const device of [volume, nic]) t.driver.letGo(id, device);
  await t.idle();
  assert.deepEqual(await has(id), { volumes: [], ports: [] });
  assert.equal(statusOf(volume.id), "available");
  assert.throws(() => t.network.getPort(INTERNAL, nic.id), { status: 404 });
  assert.ok(t.logs.some(({ message }) => message === `the guest has let go of volume ${volume.id} at last`));
});

test("it obeys at the moment when nobody waits any more", async () => {
  const { id, volume } = await bootWithBoth();
  refuse = timeout;
  meanwhile = () => {
    meanwhile = null;
    t.driver.letGo(id, volume);
    queueMicrotask(() => {
      refuse = null;
    });
  };
  await detach(id, volume);
  assert.deepEqual((await has(id)).volumes, []);
  assert.equal(statusOf(volume.id), "available");
});

test("what nobody asked for is no detach; nor is what it has again, or what failed otherwise", async () => {
  const { id, volume, nic } = await bootWithBoth();
  for (const device of [volume, nic]) t.driver.letGo(id, device);
  await t.idle();
  assert.deepEqual(await has(id), { volumes: [volume.id], ports: [nic.id] }, "the guest threw them out itself");
  await t.api("POST", `/servers/${id}/action`, { body: { reboot: { type: "HARD" } } });
  await t.idle();
  refuse = new DriverError("failed", "broken");
  await detach(id, volume);
  refuse = null;
  t.driver.letGo(id, volume);
  await t.idle();
  assert.deepEqual((await has(id)).volumes, [volume.id]);
});

test("what happened while nobody listened is found at the next start; a guest that still has it, or is off, keeps it", async () => {
  const [gone, kept, off] = [await bootWithBoth(), await bootWithBoth(), await bootWithBoth()];
  refuse = timeout;
  for (const { id, volume } of [gone, kept, off]) await detach(id, volume);
  refuse = null;
  await t.api("POST", `/servers/${off.id}/action`, { body: { "os-stop": null } });
  await t.idle();
  for (const { id, volume } of [gone, off]) t.driver.guests.get(id)?.volumes.delete(volume.id);
  const compute = t.cloud.services.find(({ definition }) => definition.name === "compute");
  compute?.instance.start?.();
  await t.idle();
  assert.deepEqual((await has(gone.id)).volumes, []);
  assert.equal(statusOf(gone.volume.id), "available");
  for (const { id, volume } of [kept, off]) assert.deepEqual((await has(id)).volumes, [volume.id]);
});
