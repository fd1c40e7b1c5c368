import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import { type Storage, storage } from "./support.ts";

// What cinder refuses at once (api/v3/volumes.py, volume/api.py, volume/flows/api/create_volume.py of Zed) is refused at once here,
// in its words, and leaves nothing behind.

const admin = "admin:alpha";
const UNKNOWN = "00000000-0000-4000-8000-000000000000";
const image = (n: number) => `1111111${n}-1111-4111-8111-111111111111`;
const GIB = 2 ** 30;

let s: Storage;
before(async () => {
  s = await storage({
    settings: {
      blockStorage: {
        backends: [
          { type: "file", name: "one" },
          { type: "file", name: "two" },
        ],
      },
    },
  });
  s.images.add({ id: image(1), minDisk: 5 });
  s.images.add({ id: image(2), virtualSize: 3 * GIB });
  s.images.add({ id: image(3), size: 2 * GIB });
  s.images.add({ id: image(4), status: "queued", filePath: null });
  const mapping = (snapshot_id: string) => JSON.stringify([{ source_type: "snapshot", boot_index: 0, snapshot_id }]);
  s.images.add({ id: image(5), properties: { block_device_mapping: mapping(UNKNOWN) } });
  for (const [name, extra_specs] of [
    ["bounded", { "provisioning:min_vol_size": "2", "provisioning:max_vol_size": "3" }],
    ["mars", { "RESKEY:availability_zones": "mars, venus" }],
    ["zoned", { "RESKEY:availability_zones": "nova,mars" }],
  ] as const) {
    await s.request("POST", "/types", { token: admin, body: { volume_type: { name, extra_specs } } });
  }
});
after(() => s.close());

const count = async () => (await s.request("GET", "/volumes?all_tenants=1", { token: admin })).body.volumes.length;
async function refused(attributes: Record<string, unknown>, status: number, message: string | RegExp): Promise<void> {
  const before = await count();
  const answer = await s.request("POST", "/volumes", { body: { volume: attributes } });
  const [{ message: said }] = Object.values<{ message: string }>(answer.body) as [{ message: string }];
  assert.equal(answer.status, status, `${JSON.stringify(attributes)}: ${said}`);
  if (typeof message === "string") assert.equal(said, message);
  else assert.match(said, message);
  assert.equal(await count(), before);
}
async function status(id: string, value: string): Promise<void> {
  s.t.cloud.kernel.db.prepare("UPDATE block_storage_volumes SET status = ? WHERE id = ?").run(value, id);
}

test("sizes, also those that a type asks for", async () => {
  await refused({}, 400, "Invalid input received: Volume size 'None' must be an integer and greater than 0");
  await refused({ size: 0 }, 400, /Invalid input for field/);
  await refused({ size: "1.5" }, 400, /Invalid input for field/);
  await refused(
    { size: 1, volume_type: "bounded" },
    400,
    "Invalid input received: Specified volume size of '1' is less than the minimum required size of '2' for volume type 'bounded'.",
  );
  await refused(
    { size: 4, volume_type: "bounded" },
    400,
    "Invalid input received: Specified volume size of '4' is greater than the maximum allowable size of '3' for volume type 'bounded'.",
  );
  const { id } = await s.volume({ size: 2, volume_type: "bounded" });
  const extend = await s.action(id, { "os-extend": { new_size: 4 } });
  assert.match(extend.body.badRequest.message, /greater than the maximum allowable size of '3'/);
  const small = await s.volume({ size: 1 });
  const retype = await s.action(small.id, { "os-retype": { new_type: "bounded" } });
  assert.match(retype.body.badRequest.message, /less than the minimum required size of '2'/);
  assert.equal((await s.show(small.id)).status, "available");
});

test("images: state, file, disk, what they ask for", async () => {
  const invalid = (reason: string) => `Invalid input received: ${reason}`;
  await refused(
    { size: 1, imageRef: image(1) },
    400,
    invalid("Volume size 1GB cannot be smaller than the image minDisk size 5GB."),
  );
  await refused(
    { size: 1, imageRef: image(2) },
    400,
    `Image ${image(2)} is unacceptable: Image virtual size is 3GB and doesn't fit in a volume of size 1GB.`,
  );
  await refused(
    { size: 1, imageRef: image(3) },
    400,
    invalid("Size of specified image 2GB is larger than volume size 1GB."),
  );
  await refused({ size: 1, imageRef: image(4) }, 400, invalid(`Image ${image(4)} is not active.`));
  await refused(
    { size: 1, imageRef: image(5) },
    404,
    `Nova specific image is found, but boot volume snapshot id:${UNKNOWN} not found.`,
  );
  await refused({ size: 1, imageRef: UNKNOWN }, 400, "Invalid image identifier or unable to access requested image.");
});

test("zones, types and sources", async () => {
  await refused({ size: 1, availability_zone: "mars" }, 400, "Availability zone 'mars' is invalid.");
  await refused(
    { size: 1, volume_type: "mars" },
    400,
    "Volume type is only supported in these availability zones: ['mars', 'venus']",
  );
  await refused({ size: 1, volume_type: "zoned", availability_zone: "mars" }, 400, /zone 'mars' is invalid/);
  assert.equal((await s.volume({ volume_type: "zoned" })).availability_zone, "nova");
  await refused({ size: 1, volume_type: "none" }, 404, "Volume type with name none could not be found.");
  await refused({ size: 1, volume_type: UNKNOWN }, 404, `Volume type ${UNKNOWN} could not be found.`);
  await refused({ size: 1, snapshot_id: UNKNOWN }, 404, `Snapshot ${UNKNOWN} could not be found.`);
  await refused({ size: 1, source_volid: UNKNOWN }, 404, `Volume ${UNKNOWN} could not be found.`);

  const source = await s.volume({ size: 2, volume_type: "one" });
  const { body } = await s.request("POST", "/snapshots", { body: { snapshot: { volume_id: source.id } } });
  const snapshot_id = body.snapshot.id;
  await s.idle();
  const snapshotStatus = s.t.cloud.kernel.db.prepare("UPDATE block_storage_snapshots SET status = ? WHERE id = ?");
  snapshotStatus.run("creating", snapshot_id);
  await refused(
    { snapshot_id },
    400,
    "Invalid snapshot: Originating snapshot status must be one of 'available' values",
  );
  snapshotStatus.run("available", snapshot_id);
  await refused(
    { snapshot_id, source_volid: source.id },
    400,
    "Invalid input received: May specify only one of backup, imageRef, snapshot, source volume",
  );
  await refused({ size: 1, snapshot_id }, 400, /cannot be smaller than the snapshot size 2GB/);
  const two = await s.request("GET", "/types?name=two", { token: admin });
  const typeId = two.body.volume_types[0].id;
  const incompatible = `Invalid input received: Invalid volume_type provided: ${typeId} (requested type is not compatible; `;
  await refused(
    { source_volid: source.id, volume_type: "two" },
    400,
    `${incompatible}either match source volume, or omit type argument).`,
  );
  await refused({ snapshot_id, volume_type: "two" }, 400, `${incompatible}recommend omitting the type argument).`);
  await status(source.id, "extending");
  await refused(
    { source_volid: source.id },
    400,
    "Invalid volume: Originating source volume status must be one of 'available, in-use' values",
  );
  await status(source.id, "available");
});

test("a copy is bootable from the first answer on, as its source is", async () => {
  const { id } = await s.volume({ size: 1 });
  await s.action(id, { "os-set_bootable": { bootable: true } });
  const clone = await s.request("POST", "/volumes", { body: { volume: { source_volid: id } } });
  assert.equal(clone.body.volume.bootable, "true");
});

test("quotas are asked before anything is made", async () => {
  const set = (quota_set: Record<string, number>) =>
    s.request("PUT", "/os-quota-sets/alpha", { token: admin, body: { quota_set } });
  const used = (await s.request("GET", "/os-quota-sets/alpha?usage=true")).body.quota_set;
  const { id } = await s.volume({ size: 1 });
  await set({ per_volume_gigabytes: 5 });
  await refused(
    { size: 6 },
    413,
    /VolumeSizeExceedsLimit: Requested volume size 6G is larger than maximum allowed limit 5G/,
  );
  await set({ volumes: used.volumes.in_use + 1 });
  await refused({ size: 1 }, 413, /^VolumeLimitExceeded: Maximum number of volumes allowed/);
  await set({ volumes: -1, gigabytes_one: 0 });
  await refused({ size: 1, volume_type: "one" }, 413, /exceeds allowed gigabytes_one quota/);
  await set({ gigabytes_one: -1, snapshots: used.snapshots.in_use });
  const snapshot = await s.request("POST", "/snapshots", { body: { snapshot: { volume_id: id } } });
  assert.equal(snapshot.status, 413);
  assert.match(snapshot.body.overLimit.message, /^SnapshotLimitExceeded/);
  await set({ snapshots: -1 });
});

test("snapshots: force before and after 3.66, states in cinder's words", async () => {
  const { id } = await s.volume();
  const take = (snapshot: Record<string, unknown>, version: string) =>
    s.request("POST", "/snapshots", { version, body: { snapshot: { volume_id: id, ...snapshot } } });
  const said = async (snapshot: Record<string, unknown>, version: string) =>
    (await take(snapshot, version)).body.badRequest.message;
  await status(id, "in-use");
  assert.equal(
    await said({}, "3.65"),
    `Invalid volume: Volume ${id} status must be available, but current status is: in-use.`,
  );
  assert.equal((await take({ force: true }, "3.65")).status, 202);
  assert.equal((await take({}, "3.66")).status, 202);
  assert.equal((await take({ force: true }, "3.66")).status, 202);
  const gone =
    "Since microversion 3.66 the 'force' flag is invalid for this request.  For backward compatability, however, when the 'force' flag is passed with a value evaluating to True, it is silently ignored.";
  for (const force of [false, "false", "no"]) assert.equal(await said({ force }, "3.66"), gone);
  await s.idle();
  await status(id, "error");
  assert.equal(
    await said({}, "3.66"),
    "Invalid volume: The snapshot cannot be created when the volume is in error status.",
  );
  await status(id, "maintenance");
  assert.match(await said({}, "3.66"), /when the volume is in maintenance mode/);
  await status(id, "uploading");
  assert.equal(
    await said({}, "3.66"),
    `Invalid volume: Volume ${id} status must be available, in-use, but current status is: uploading.`,
  );
  await status(id, "available");
});

test("extending in cinder's words", async () => {
  const { id } = await s.volume();
  await status(id, "in-use");
  const extend = (version: string) => s.action(id, { "os-extend": { new_size: 2 } }, { version });
  assert.equal(
    (await extend("3.41")).body.badRequest.message,
    `Invalid volume: Volume ${id} status must be '{'status': 'available'}' to extend, currently in-use.`,
  );
  const accepted = await extend("3.42");
  assert.deepEqual([accepted.status, accepted.body], [202, ""]);
  await s.idle();
});

test("an upload that the image service does not want is a bad request, and the volume stays", async () => {
  const { id } = await s.volume();
  s.images.refuse = "Quota exceeded";
  const answer = await s.action(id, { "os-volume_upload_image": { image_name: "x" } });
  s.images.refuse = null;
  assert.deepEqual([answer.status, answer.body.badRequest.message], [400, "Quota exceeded"]);
  assert.equal((await s.show(id)).status, "available");
});

test("types: extra specs of one in use stay; a change changes something", async () => {
  const { body } = await s.request("POST", "/types", { token: admin, body: { volume_type: { name: "used" } } });
  const path = `/types/${body.volume_type.id}`;
  const specs = (extra_specs: Record<string, string>) =>
    s.request("POST", `${path}/extra_specs`, { token: admin, body: { extra_specs } });
  assert.equal((await specs({ a: "1", "x:y": "z" })).status, 200);
  await s.request("DELETE", `${path}/extra_specs/a`, { token: admin });
  const { id } = await s.volume({ volume_type: "used" });
  const message = "Volume Type is currently in use.";
  assert.equal((await specs({ b: "2" })).body.badRequest.message, message);
  const put = await s.request("PUT", `${path}/extra_specs/x:y`, { token: admin, body: { "x:y": "w" } });
  assert.equal(put.body.badRequest.message, message);
  const removed = await s.request("DELETE", `${path}/extra_specs/x:y`, { token: admin });
  assert.equal(removed.body.badRequest.message, message);
  const nothing = await s.request("PUT", path, { token: admin, body: { volume_type: { description: null } } });
  assert.match(nothing.body.badRequest.message, /^Specify volume type name, description, is_public/);
  const gone = await s.request("DELETE", path, { token: admin });
  assert.equal(gone.body.badRequest.message, "Target volume type is still in use.");
  await s.request("DELETE", `/volumes/${id}`);
  await s.idle();
  assert.equal((await specs({ b: "2" })).status, 200);
});

test("an administrator's snapshot of another's volume is the administrator's project's, and holds the volume", async () => {
  const { id } = await s.volume();
  const taken = await s.request("POST", "/snapshots", { token: "admin:other", body: { snapshot: { volume_id: id } } });
  await s.idle();
  const shown = await s.request("GET", `/snapshots/${taken.body.snapshot.id}`, { token: "admin:other" });
  assert.equal(shown.body.snapshot["os-extended-snapshot-attributes:project_id"], "other");
  assert.equal((await s.request("DELETE", `/volumes/${id}?cascade=true`)).status, 400);
  assert.equal((await s.request("DELETE", `/volumes/${id}?cascade=true`, { token: "admin:other" })).status, 202);
  await s.idle();
  assert.ok(s.driver instanceof FakeVolumeDriver && !s.driver.volumes.has(id));
});

test("a frozen backend takes nothing new and gives nothing away; thawed it does", async () => {
  const { id } = await s.volume({ volume_type: "one" });
  const host = "box@one";
  const put = (verb: string, body: Record<string, unknown> = { host }) =>
    s.request("PUT", `/os-services/${verb}`, { token: admin, body });
  assert.equal((await put("freeze")).status, 202);
  assert.equal(
    (await put("freeze")).body.badRequest.message,
    `Invalid input received: No service could be changed: frozen in ['${host}'] must be False to failover.`,
  );
  assert.equal(
    (await put("freeze", { host: "box@none" })).body.badRequest.message,
    "No service found with host=box@none",
  );
  const service = async () => (await s.request("GET", `/os-services?host=${host}`, { token: admin })).body.services[0];
  const frozen = await service();
  assert.deepEqual([frozen.frozen, frozen.status, frozen.disabled_reason], [true, "disabled", "frozen"]);
  const words = "Invalid input received: Modification operations are not allowed on frozen storage backends.";
  assert.equal((await s.request("DELETE", `/volumes/${id}`)).body.badRequest.message, words);
  const snapshot = await s.request("POST", "/snapshots", { body: { snapshot: { volume_id: id } } });
  assert.equal(snapshot.body.badRequest.message, words);
  const none = await s.volume({ volume_type: "one" });
  assert.equal((await s.show(none.id)).status, "error");
  assert.equal((await put("thaw")).status, 202);
  const thawed = await service();
  assert.deepEqual([thawed.frozen, thawed.status], [false, "enabled"]);
  assert.equal((await s.request("DELETE", `/volumes/${id}`)).status, 202);
  await s.idle();
});
