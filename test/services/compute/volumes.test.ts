import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { internalContext } from "../../../src/kernel/auth/context.ts";
import { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import { blockStorage } from "../../../src/services/block-storage/index.ts";
import { type ComputeLab, computeLab } from "./support.ts";

let t: ComputeLab;
before(async () => {
  t = await computeLab({
    services: [blockStorage({ driver: () => new FakeVolumeDriver(), hostname: "box" })],
  });
  const quota = { token: "admin:admin", body: { quota_set: { volumes: 100 } } };
  assert.equal((await t.request("PUT", "/volume/v3/os-quota-sets/alpha", quota)).status, 200);
});
after(() => t.close());

const storage = () => t.cloud.kernel.facade("block-storage");
const context = internalContext("req-test", "alpha");

async function volume(more: { imageId?: string } = {}): Promise<string> {
  const { id } = storage().createVolume(context, { sizeGb: 1, name: "v", ...more });
  await storage().waitForVolume(id);
  return id;
}
const statusOf = (id: string) => storage().findVolume(id)?.status;
const fromImage = (more = {}) => ({
  source_type: "image",
  destination_type: "volume",
  boot_index: 0,
  uuid: t.image.id,
  volume_size: 1,
  ...more,
});

test("a volume is attached, listed, and detached again", async () => {
  const server = await t.boot();
  const id = await volume();
  const path = `/servers/${server}/os-volume_attachments`;
  const attached = await t.api("POST", path, { body: { volumeAttachment: { volumeId: id } } });
  assert.equal(attached.status, 200);
  assert.deepEqual(attached.body.volumeAttachment, { id, serverId: server, volumeId: id, device: "/dev/vdb" });
  await t.idle();
  assert.equal(statusOf(id), "in-use");
  assert.equal((await t.api("GET", `${path}/${id}`)).body.volumeAttachment.device, "/dev/vdb");
  assert.equal((await t.api("DELETE", `${path}/${id}`)).status, 202);
  await t.idle();
  assert.equal(statusOf(id), "available");
  assert.deepEqual((await t.api("GET", path)).body.volumeAttachments, []);
});

test("a shelved server takes a volume, and has it when it comes back", async () => {
  const server = await t.boot();
  const act = async (name: string) => {
    await t.api("POST", `/servers/${server}/action`, { body: { [name]: null } });
    await t.idle();
  };
  await act("shelve");
  const id = await volume();
  const path = `/servers/${server}/os-volume_attachments`;
  const body = { volumeAttachment: { volumeId: id } };
  assert.equal((await t.api("POST", path, { body, version: "2.19" })).status, 409, "not before 2.20");
  assert.equal((await t.api("POST", path, { body, version: "2.20" })).status, 200);
  await t.idle();
  assert.equal(statusOf(id), "in-use");
  await act("unshelve");
  assert.equal((await t.api("GET", `/servers/${server}`)).body.server.status, "ACTIVE");
  assert.deepEqual(
    t.driver.guests.get(server)?.spec.volumes.map(({ volumeId }) => volumeId),
    [id],
  );
});

test("boot from a volume made of an image; it goes with the server when that was wished", async () => {
  const id = await t.boot({ imageRef: "", block_device_mapping_v2: [fromImage({ delete_on_termination: true })] });
  const { body } = await t.api("GET", `/servers/${id}`);
  assert.equal(body.server.status, "ACTIVE");
  assert.equal(body.server.image, "");
  const [attached] = body.server["os-extended-volumes:volumes_attached"];
  assert.equal(statusOf(attached.id), "in-use");
  assert.equal(t.driver.guests.get(id)?.spec.root, null);
  await t.api("DELETE", `/servers/${id}`);
  await t.idle();
  assert.equal(statusOf(attached.id), undefined);
});

test("what the image says of machines holds for a root volume, whatever it is made from", async () => {
  const image = await t.addImage({ name: "said", properties: { hw_qemu_guest_agent: "yes" } });
  const id = await t.boot({ imageRef: "", block_device_mapping_v2: [fromImage({ uuid: image.id })] });
  const said = (server: string) => t.driver.guests.get(server)?.spec.imageProperties.hw_qemu_guest_agent;
  assert.equal(said(id), "yes", "an image");
  const made = await volume({ imageId: image.id });
  const found = storage().findVolume(made);
  const device = { destination_type: "volume", boot_index: 0 };
  const ofVolume = await t.boot({
    imageRef: "",
    block_device_mapping_v2: [{ ...device, source_type: "volume", uuid: made }],
  });
  assert.equal(said(ofVolume), found?.imageMetadata.hw_qemu_guest_agent, "a volume");
  const snapshot = storage().createSnapshot(context, made, { name: "s" });
  await storage().waitForSnapshot(snapshot.id);
  const ofSnapshot = await t.boot({
    imageRef: "",
    block_device_mapping_v2: [{ ...device, source_type: "snapshot", uuid: snapshot.id, volume_size: 1 }],
  });
  assert.equal(said(ofSnapshot), found?.imageMetadata.hw_qemu_guest_agent, "a snapshot");
  assert.equal(found?.imageMetadata.hw_qemu_guest_agent, "yes");
});

test("the image of such a server names snapshots, and servers boot from it", async () => {
  const id = await t.boot({ imageRef: "", block_device_mapping_v2: [fromImage()] });
  const made = await t.api("POST", `/servers/${id}/action`, {
    version: "2.45",
    body: { createImage: { name: "of volumes" } },
  });
  assert.equal(made.status, 202);
  await t.idle();
  const image = t.images.find(made.body.image_id);
  assert.equal(image?.status, "active");
  const [device] = JSON.parse(image?.properties.block_device_mapping ?? "[]");
  assert.equal(device.source_type, "snapshot");
  assert.equal(device.boot_index, 0);
  assert.equal(storage().getSnapshot(context, device.snapshot_id).status, "available");

  const second = await t.boot({ imageRef: made.body.image_id });
  const { body } = await t.api("GET", `/servers/${second}`);
  assert.equal(body.server.status, "ACTIVE");
  assert.equal(body.server.image, "");
  const [attached] = body.server["os-extended-volumes:volumes_attached"];
  assert.equal(storage().getVolume(context, attached.id).snapshotId, device.snapshot_id);
});

test("an image of volumes that cannot be made leaves nothing", async () => {
  const id = await t.boot({ imageRef: "", block_device_mapping_v2: [fromImage()] });
  const upload = t.images.uploadFile;
  t.images.uploadFile = () => Promise.reject(new Error("no space"));
  const snapshots = async () => (await t.api("GET", "/os-snapshots")).body.snapshots.length;
  const before = await snapshots();
  const made = await t.api("POST", `/servers/${id}/action`, {
    version: "2.45",
    body: { createImage: { name: "not to be" } },
  });
  await t.idle();
  t.images.uploadFile = upload;
  assert.equal(t.images.find(made.body.image_id), null);
  assert.equal(await snapshots(), before);
  assert.equal((await t.api("GET", `/servers/${id}`)).body.server.status, "ACTIVE");
});

test("volumes and snapshots under nova's old names", async () => {
  const made = await t.api("POST", "/os-volumes", { body: { volume: { size: "1", display_name: "old" } } });
  assert.equal(made.status, 200);
  const { id } = made.body.volume;
  await storage().waitForVolume(id);
  const shown = (await t.api("GET", `/os-volumes/${id}`)).body.volume;
  assert.equal(shown.displayName, "old");
  assert.deepEqual(shown.attachments, [{}]);
  assert.equal((await t.api("GET", "/os-volumes?limit=1")).body.volumes.length, 1);
  const snapshot = await t.api("POST", "/os-snapshots", { body: { snapshot: { volume_id: id } } });
  assert.equal(snapshot.body.snapshot.volumeId, id);
  await storage().waitForSnapshot(snapshot.body.snapshot.id);
  assert.equal((await t.api("DELETE", `/os-snapshots/${snapshot.body.snapshot.id}`)).status, 202);
  await t.idle();
  assert.equal((await t.api("DELETE", `/os-volumes/${id}`)).status, 202);
  assert.equal((await t.api("GET", "/os-volumes", { version: "2.36" })).status, 404);
});

test("what an attachment is told again it may not change; a volume is not swapped", async () => {
  const server = await t.boot();
  const [id, other] = [await volume(), await volume()];
  const list = `/servers/${server}/os-volume_attachments`;
  await t.api("POST", list, { version: "2.49", body: { volumeAttachment: { volumeId: id, tag: "data" } } });
  await t.idle();
  const put = async (volumeAttachment: object, version = "2.85") => {
    const answer = await t.api("PUT", `${list}/${id}`, {
      token: "admin:alpha",
      version,
      body: { volumeAttachment: { volumeId: id, ...volumeAttachment } },
    });
    return [answer.status, answer.body?.badRequest?.message ?? ""];
  };
  const same = { id, serverId: server, device: "/dev/vdb", tag: "data" };
  assert.deepEqual(await put({ ...same, delete_on_termination: true }), [202, ""]);
  const shown = (await t.api("GET", `${list}/${id}`, { version: "2.79" })).body.volumeAttachment;
  assert.equal(shown.delete_on_termination, true);
  for (const [name, value] of Object.entries({ id: other, serverId: other, device: "/dev/vdc", tag: "root" })) {
    assert.deepEqual(await put({ [name]: value }), [400, `The ${name} property is not mutable`]);
  }
  assert.deepEqual(await put({ volumeId: other }), [
    400,
    "Swapping a volume for another is not supported by this cloud.",
  ]);
  assert.deepEqual(await put({}, "2.84"), [400, "Invalid volume: New volume must be detached in order to swap."]);
  assert.equal(statusOf(other), "available");
});

test("what an offloaded server cannot take, and a root volume that stays", async () => {
  const server = await t.boot({ imageRef: "", block_device_mapping_v2: [fromImage()] });
  assert.equal((await t.api("GET", `/servers/${server}`)).body.server.fault?.message, undefined);
  const volumeId = storage().listAttachments(server)[0]?.volumeId;
  const path = `/servers/${server}/os-volume_attachments`;
  const root = await t.api("DELETE", `${path}/${volumeId}`, { version: "2.20" });
  assert.deepEqual([root.status, root.body.badRequest.message], [400, "Cannot detach a root device volume"]);
  await t.api("POST", `/servers/${server}/action`, { body: { shelve: null } });
  await t.idle();
  const tagged = { volumeAttachment: { volumeId: await volume(), tag: "t" } };
  const { status, body } = await t.api("POST", path, { version: "2.49", body: tagged });
  assert.deepEqual(
    [status, body.badRequest.message],
    [400, "Tagged volume attachment is not supported for shelved-offloaded instances."],
  );
});
