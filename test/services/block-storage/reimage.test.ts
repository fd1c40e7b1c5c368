import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { internalContext } from "../../../src/kernel/auth/context.ts";
import { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import { type Storage, storage } from "./support.ts";

const IMAGE = "11111111-1111-4111-8111-111111111111";
const OTHER = "22222222-2222-4222-8222-222222222222";
const SERVER = "5e5e5e5e-0000-4000-8000-000000000001";
const context = () => internalContext("req-test", "alpha");

let s: Storage;
let fails = false;
let gate: Promise<void> = Promise.resolve();
const driver = new FakeVolumeDriver({
  before: async (verb) => {
    if (verb === "reimage") await gate;
    if (fails && verb === "reimage") throw new Error("no");
  },
});
before(async () => {
  s = await storage({ driver: () => driver });
  s.images.add({ id: IMAGE, name: "first", diskFormat: "qcow2" });
  s.images.add({ id: OTHER, name: "second", diskFormat: "raw", properties: { os_type: "linux" } });
});
after(() => s.close());

const reimage = (id: string, image_id: string, options: { version?: string; reserved?: boolean } = {}) =>
  s.action(
    id,
    { "os-reimage": { image_id, ...(options.reserved === undefined ? {} : { reimage_reserved: options.reserved }) } },
    { version: options.version ?? "3.68" },
  );

test("os-reimage writes an image again, and the volume tells of the new one", async () => {
  const { id } = await s.volume({ imageRef: IMAGE });
  assert.equal((await reimage(id, OTHER, { version: "3.67" })).status, 404, "not before 3.68");
  const { promise, resolve } = Promise.withResolvers<void>();
  gate = promise;
  const answer = await reimage(id, OTHER);
  assert.deepEqual([answer.status, (await s.show(id)).status], [202, "downloading"]);
  assert.equal((await reimage(id, OTHER)).status, 400, "not while it is written");
  resolve();
  await s.idle();
  const shown = await s.show(id);
  assert.deepEqual([shown.status, shown.bootable], ["available", "true"]);
  assert.deepEqual([shown.volume_image_metadata.image_id, shown.volume_image_metadata.os_type], [OTHER, "linux"]);
  assert.equal(driver.volumes.get(id)?.origin, "raw file");
});

test("a blank volume becomes bootable by it; one in error is available for nothing but error again", async () => {
  const { id } = await s.volume();
  fails = true;
  await reimage(id, IMAGE);
  await s.idle();
  fails = false;
  assert.deepEqual([(await s.show(id)).status, (await s.show(id)).bootable], ["error", "false"]);
  assert.equal((await reimage(id, IMAGE)).status, 202, "an error may be written over");
  await s.idle();
  assert.deepEqual([(await s.show(id)).status, (await s.show(id)).bootable], ["error", "true"]);
});

test("what is refused changes nothing: the image, the size, the status, the reservation", async () => {
  const { id } = await s.volume();
  s.images.add({ id: "33333333-3333-4333-8333-333333333333", minDisk: 5 });
  s.images.add({ id: "44444444-4444-4444-8444-444444444444", status: "queued" });
  s.images.add({ id: "55555555-5555-4555-8555-555555555555", virtualSize: 3 * 2 ** 30 });
  const said = async (image: string) => {
    const { status, body } = await reimage(id, image);
    return [status, Object.values<{ message: string }>(body)[0]?.message];
  };
  const unknown = "66666666-6666-4666-8666-666666666666";
  assert.deepEqual(await said(unknown), [404, `Image ${unknown} could not be found.`]);
  assert.deepEqual(await said("33333333-3333-4333-8333-333333333333"), [
    400,
    "Invalid input received: Volume size 1GB cannot be smaller than the image minDisk size 5GB.",
  ]);
  assert.equal((await said("44444444-4444-4444-8444-444444444444"))[0], 400);
  assert.equal((await said("55555555-5555-4555-8555-555555555555"))[0], 400);
  assert.equal((await reimage(id, "no-uuid")).status, 400);
  assert.equal((await s.show(id)).status, "available");

  s.facade.reserve(context(), id, SERVER);
  const reserved = await reimage(id, IMAGE);
  assert.equal(
    reserved.body.badRequest.message,
    `Invalid volume: Volume ${id} status must be available or error, but current status is: reserved.`,
  );
  assert.equal((await reimage(id, IMAGE, { reserved: true })).status, 202);
  await s.idle();
  assert.equal((await s.show(id)).status, "reserved");
});

test("compute's way: let go of a root volume, write it again, take it up again", async () => {
  const { id } = await s.volume({ imageRef: IMAGE });
  const attachment = s.facade.reserve(context(), id, SERVER);
  const connector = { hostName: "box", device: "/dev/vda" };
  await s.facade.connect(context(), attachment.id, connector);
  s.facade.complete(context(), attachment.id);
  assert.throws(() => s.facade.reimage(context(), id, OTHER), /status must be available or error or reserved/);

  await s.facade.release(context(), attachment.id);
  await s.facade.release(context(), attachment.id);
  const released = s.facade.getVolume(context(), id);
  assert.deepEqual([released.status, released.attachments.map(({ status }) => status)], ["reserved", ["reserved"]]);
  assert.equal(driver.connected.has(id), false);

  assert.equal(s.facade.reimage(context(), id, OTHER).status, "downloading");
  assert.equal((await s.facade.waitForVolume(id)).status, "reserved");
  assert.equal(s.facade.findVolume(id)?.imageMetadata.image_id, OTHER);
  await s.facade.connect(context(), attachment.id, connector);
  s.facade.complete(context(), attachment.id);
  assert.equal((await s.show(id)).status, "in-use");
});
