import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import { blockStorage } from "../../../src/services/block-storage/index.ts";
import type { ImageInfo } from "../../../src/services/image/facade.ts";
import { type ComputeLab, computeLab } from "./support.ts";

let t: ComputeLab;
let other: ImageInfo;
let id: string;
let volumeId: string;
const verbs: string[] = [];
before(async () => {
  t = await computeLab({
    before: (verb) => void verbs.push(verb),
    services: [blockStorage({ driver: () => new FakeVolumeDriver(), hostname: "box" })],
  });
  other = await t.addImage({ name: "other", properties: { hw_disk_bus: "scsi" } });
});
beforeEach(async () => {
  id = await t.boot({
    imageRef: "",
    block_device_mapping_v2: [
      { source_type: "image", destination_type: "volume", boot_index: 0, uuid: t.image.id, volume_size: 1 },
    ],
  });
  volumeId = storage().listAttachments(id)[0]?.volumeId ?? "";
  verbs.length = 0;
});
after(() => t.close());

const storage = () => t.cloud.kernel.facade("block-storage");
const rebuild = async (imageRef: string, version: string, more = {}) => {
  const answer = await t.api("POST", `/servers/${id}/action`, { version, body: { rebuild: { imageRef, ...more } } });
  await t.idle();
  return [answer.status, answer.body.badRequest?.message ?? ""];
};
const show = async () => (await t.api("GET", `/servers/${id}`)).body.server;
const imageOf = (volume: string) => storage().findVolume(volume)?.imageMetadata.image_id;

test("with the image it has, a volume-backed server is rebuilt and keeps what is on its volume", async () => {
  assert.deepEqual(await rebuild(t.image.id, "2.1"), [202, ""]);
  assert.ok(verbs.includes("rebuild"));
  const { status, image } = await show();
  assert.deepEqual([status, image, storage().findVolume(volumeId)?.status], ["ACTIVE", "", "in-use"]);
  assert.ok(!verbs.includes("stop"), "the volume was not taken away from it");
});

test("before 2.93 another image is refused", async () => {
  const words = "Unable to rebuild with a different image for a volume-backed server.";
  assert.deepEqual(await rebuild(other.id, "2.92"), [400, `Image ${other.id} is unacceptable: ${words}`]);
  assert.deepEqual(verbs, []);
});

test("since 2.93 the root volume is written with the image, with the guest off", async () => {
  assert.deepEqual(await rebuild(other.id, "2.93"), [202, ""]);
  const { status, image } = await show();
  assert.deepEqual([status, image], ["ACTIVE", ""]);
  assert.equal(imageOf(volumeId), other.id);
  assert.equal(storage().findVolume(volumeId)?.status, "in-use");
  assert.deepEqual(
    storage()
      .listAttachments(id)
      .map((attachment) => attachment.volumeId),
    [volumeId],
  );
  assert.deepEqual(
    verbs.filter((verb) => ["stop", "rebuild", "start"].includes(verb)),
    ["stop", "rebuild", "start"],
  );
  assert.equal(t.driver.guests.get(id)?.spec.imageProperties.hw_disk_bus, "scsi");
});

test("a stopped one stays stopped", async () => {
  await t.api("POST", `/servers/${id}/action`, { body: { "os-stop": null } });
  await t.idle();
  assert.deepEqual(await rebuild(other.id, "2.93"), [202, ""]);
  assert.deepEqual([(await show()).status, imageOf(volumeId)], ["SHUTOFF", other.id]);
});

test("what would fail later is refused at once", async () => {
  const large = await t.addImage({ minDisk: 2 });
  assert.match((await rebuild(large.id, "2.93"))[1] ?? "", /^Volume is smaller than the minimum size/);
  assert.deepEqual(await rebuild("3d98574a-ff77-4d30-94c8-7c3e10b77e9f", "2.93"), [
    400,
    "Cannot find image for rebuild",
  ]);
  assert.deepEqual(await rebuild(other.id, "2.93", { trusted_image_certificates: ["a"] }), [
    400,
    "Image certificate validation is not supported for volume-backed servers.",
  ]);
  t.cloud.kernel.db.prepare("UPDATE block_storage_volumes SET status = 'maintenance' WHERE id = ?").run(volumeId);
  assert.deepEqual(await rebuild(t.image.id, "2.93"), [
    400,
    `Invalid volume: volume '${volumeId}' status must be 'in-use'. Currently in 'maintenance' status`,
  ]);
  assert.deepEqual(verbs, []);
});
