import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import { type Storage, storage } from "./support.ts";

let s: Storage;
before(async () => {
  s = await storage();
});
after(() => s.close());

const UNKNOWN = "00000000-0000-4000-8000-000000000000";

test("a new volume is creating, then available; its first answer has cinder's keys in cinder's order", async () => {
  const created = await s.request("POST", "/alpha/volumes", {
    body: { volume: { size: 1, name: " one ", metadata: { Type: "work" } } },
    headers: { host: "cloud.test" },
  });
  assert.equal(created.status, 202);
  const { volume } = created.body;
  assert.equal(volume.status, "creating");
  assert.equal(volume.name, "one");
  assert.equal(volume.volume_type, "lvmdriver-1");
  assert.deepEqual(Object.keys(volume), [
    "id",
    "status",
    "size",
    "availability_zone",
    "created_at",
    "updated_at",
    "name",
    "description",
    "volume_type",
    "snapshot_id",
    "source_volid",
    "metadata",
    "links",
    "user_id",
    "bootable",
    "encrypted",
    "replication_status",
    "consistencygroup_id",
    "multiattach",
    "attachments",
  ]);
  assert.equal(volume.links[0].href, `http://cloud.test/volume/v3/alpha/volumes/${volume.id}`);
  assert.equal(volume.links[1].href, `http://cloud.test/volume/alpha/volumes/${volume.id}`);
  assert.equal(created.headers.get("openstack-api-version"), "volume 3.0");
  await s.idle();
  const shown = await s.show(volume.id);
  assert.equal(shown.status, "available");
  assert.equal(shown["os-vol-tenant-attr:tenant_id"], "alpha");
  assert.equal("os-vol-host-attr:host" in shown, false);
  const byAdmin = await s.request("GET", `/volumes/${volume.id}`, { token: "admin:alpha", version: "3.70" });
  assert.equal(byAdmin.body.volume["os-vol-host-attr:host"], "box@lvmdriver-1#lvmdriver-1");
  assert.equal(byAdmin.body.volume.volume_type_id.length, 36);
  assert.equal(byAdmin.body.volume.consumes_quota, true);
});

test("both forms of URL work; another project in it is malformed", async () => {
  assert.equal((await s.request("GET", "/alpha/volumes")).status, 200);
  assert.equal((await s.request("GET", "/volumes")).status, 200);
  const wrong = await s.request("GET", "/beta/volumes");
  assert.deepEqual(wrong.body, { badRequest: { code: 400, message: "Malformed request url" } });
});

test("another project's volume does not exist; a reader may look and not touch", async () => {
  const { id } = await s.volume();
  const other = await s.request("GET", `/volumes/${id}`, { token: "member:beta" });
  assert.deepEqual(other.body, { itemNotFound: { code: 404, message: `Volume ${id} could not be found.` } });
  assert.equal((await s.request("GET", `/volumes/${id}`, { token: "reader:alpha" })).status, 200);
  const refused = await s.request("DELETE", `/volumes/${id}`, { token: "reader:alpha" });
  assert.equal(refused.status, 403);
  assert.equal(refused.body.forbidden.message, "Policy doesn't allow volume:delete to be performed.");
  assert.equal((await s.request("GET", "/volumes/")).status, 404);
  assert.equal((await s.request("DELETE", "/volumes/")).status, 404);
});

test("bad requests are refused in cinder's words", async () => {
  const post = async (volume: Record<string, unknown>, version?: string) => {
    const answer = await s.request("POST", "/volumes", {
      body: { volume },
      ...(version === undefined ? {} : { version }),
    });
    const [fault] = Object.values(answer.body) as { code: number; message: string }[];
    return [fault?.code, fault?.message];
  };
  assert.deepEqual(await post({ size: "#$%" }), [
    400,
    "Invalid input for field/attribute size. Value: #$%. '#$%' does not match '^[0-9]+$'",
  ]);
  assert.deepEqual(await post({ size: 0 }), [
    400,
    "Invalid input for field/attribute size. Value: 0. 0 is less than the minimum of 1",
  ]);
  assert.deepEqual(await post({ size: 1, volume_type: UNKNOWN }), [404, `Volume type ${UNKNOWN} could not be found.`]);
  assert.deepEqual(await post({ size: 1, snapshot_id: UNKNOWN }), [404, `Snapshot ${UNKNOWN} could not be found.`]);
  assert.deepEqual(await post({ size: 1, source_volid: UNKNOWN }), [404, `Volume ${UNKNOWN} could not be found.`]);
  assert.deepEqual(await post({ size: 1, imageRef: UNKNOWN }), [
    400,
    "Invalid image identifier or unable to access requested image.",
  ]);
  assert.deepEqual(await post({ size: 1, availability_zone: "mars" }), [400, "Availability zone 'mars' is invalid."]);
  // Unknown attributes pass until 3.53.
  assert.equal((await post({ size: 1, project_id: "x" }, "3.53"))[0], 400);
  assert.deepEqual((await s.request("GET", "/volumes", { version: "3.71" })).status, 406);
});

test("from an image: bootable, with the image's attributes; wrong images are refused", async () => {
  s.images.add({ id: "11111111-1111-4111-8111-111111111111", name: "tiny", properties: { hw_disk_bus: "virtio" } });
  const { id } = await s.volume({ imageRef: "11111111-1111-4111-8111-111111111111" });
  const shown = await s.show(id);
  assert.equal(shown.status, "available");
  assert.equal(shown.bootable, "true");
  assert.deepEqual(shown.volume_image_metadata, {
    signature_verified: "False",
    hw_disk_bus: "virtio",
    image_id: "11111111-1111-4111-8111-111111111111",
    image_name: "tiny",
    checksum: "fcd6bcb56c1689fcef28b57c22475bad",
    container_format: "bare",
    disk_format: "raw",
    min_disk: "0",
    min_ram: "0",
    size: "65536",
  });
  assert.equal((await s.volume({ imageRef: "tiny" })).status, "creating");
  s.images.add({ id: "22222222-2222-4222-8222-222222222222", minDisk: 2 });
  const small = await s.request("POST", "/volumes", {
    body: { volume: { size: 1, imageRef: "22222222-2222-4222-8222-222222222222" } },
  });
  assert.equal(
    small.body.badRequest.message,
    "Invalid input received: Volume size 1GB cannot be smaller than the image minDisk size 2GB.",
  );
  s.images.add({ id: "33333333-3333-4333-8333-333333333333", status: "deactivated" });
  const inactive = await s.request("POST", "/volumes", {
    body: { volume: { size: 1, imageRef: "33333333-3333-4333-8333-333333333333" } },
  });
  assert.equal(
    inactive.body.badRequest.message,
    "Invalid input received: Image 33333333-3333-4333-8333-333333333333 is not active.",
  );
});

test("from a volume and from a snapshot: size and bootability come along, shrinking is refused", async () => {
  const source = await s.volume({ size: 2 }, "member:copies");
  const token = "member:copies";
  await s.action(source.id, { "os-set_bootable": { bootable: true } }, { token });
  const clone = await s.request("POST", "/volumes", { token, body: { volume: { source_volid: source.id } } });
  assert.equal(clone.body.volume.size, 2);
  await s.idle();
  assert.equal((await s.show(clone.body.volume.id, token)).bootable, "true");
  const smaller = await s.request("POST", "/volumes", {
    token,
    body: { volume: { size: 1, source_volid: source.id } },
  });
  assert.equal(
    smaller.body.badRequest.message,
    "Invalid input received: Volume size '1'GB cannot be smaller than original volume size  2GB. They must be >= original volume size.",
  );
  const snapshot = await s.request("POST", "/snapshots", { token, body: { snapshot: { volume_id: source.id } } });
  await s.idle();
  const id = snapshot.body.snapshot.id;
  const shrunk = await s.request("POST", "/volumes", { token, body: { volume: { size: 1, snapshot_id: id } } });
  assert.equal(
    shrunk.body.badRequest.message,
    "Invalid input received: Volume size '1'GB cannot be smaller than the snapshot size 2GB. They must be >= original snapshot size.",
  );
  const restored = await s.volume({ size: 3, snapshot_id: id }, token);
  assert.deepEqual((s.driver as FakeVolumeDriver).volumes.get(restored.id), {
    sizeBytes: 3 * 2 ** 30,
    origin: `snapshot ${id}`,
  });
});

test("lists: details, filters, sort, pages, counts", async () => {
  const token = "member:lists";
  for (const name of ["a", "b", "c"]) await s.volume({ name, metadata: { Type: name } }, token);
  const list = async (query: string, version = "3.0") => {
    const { body } = await s.request("GET", `/volumes?${query}`, { token, version });
    return body.volumes.map(({ name }: { name: string }) => name);
  };
  assert.deepEqual(await list("sort=name:asc"), ["a", "b", "c"]);
  assert.deepEqual(await list("sort_key=name&sort_dir=desc"), ["c", "b", "a"]);
  assert.deepEqual(await list("name=b"), ["b"]);
  assert.deepEqual(await list("status=error"), []);
  assert.deepEqual(await list("bootable=false&sort=name:asc"), ["a", "b", "c"]);
  assert.deepEqual(await list(`metadata=${encodeURIComponent("{'Type': 'c'}")}`), ["c"]);
  assert.deepEqual(await list("created_at=gt:2000-01-01T00:00:00&sort=name", "3.60"), ["c", "b", "a"]);
  const first = await s.request("GET", "/volumes?limit=1&sort=name:asc", { token, headers: { host: "cloud.test" } });
  const marker = first.body.volumes[0].id;
  // Links have the project where the request's own URL has it (cinder/api/common.py _get_project_id_in_url).
  const next = `volumes?limit=1&sort=name%3Aasc&marker=${marker}`;
  assert.deepEqual(first.body.volumes_links, [{ rel: "next", href: `http://cloud.test/volume/v3/${next}` }]);
  const long = await s.request("GET", "/lists/volumes?limit=1&sort=name:asc", {
    token,
    headers: { host: "cloud.test" },
  });
  assert.deepEqual(long.body.volumes_links, [{ rel: "next", href: `http://cloud.test/volume/v3/lists/${next}` }]);
  assert.deepEqual(await list(`sort=name:asc&marker=${marker}`), ["b", "c"]);
  const counted = await s.request("GET", "/volumes/detail?with_count=true", { token, version: "3.45" });
  assert.equal(counted.body.count, 3);
  const summary = await s.request("GET", "/volumes/summary", { token, version: "3.36" });
  assert.deepEqual(summary.body["volume-summary"].total_size, 3);
  for (const [query, message] of [
    ["limit=x", "limit param must be an integer"],
    ["sort_key=nothing", "Invalid input received: Invalid sort key"],
  ] as const) {
    const wrong = await s.request("GET", `/volumes?${query}`, { token });
    assert.equal(wrong.body.badRequest.message, message);
  }
  const strangers = await s.request("GET", "/volumes?all_tenants=1&name=a", { token: "member:beta" });
  assert.deepEqual(strangers.body.volumes, []);
  const admins = await s.request("GET", "/volumes?all_tenants=1&name=a", { token: "admin:admins" });
  assert.equal(admins.body.volumes.length, 1);
});

test("update, metadata, image metadata, read-only", async () => {
  const { id } = await s.volume({ metadata: { a: "1" } }, "member:meta");
  const token = "member:meta";
  const ask = (method: string, path: string, body?: unknown) =>
    s.request(method, `/volumes/${id}${path}`, { token, ...(body === undefined ? {} : { body }) });
  const updated = await ask("PUT", "", { volume: { name: "new", description: "words" } });
  assert.equal(updated.body.volume.name, "new");
  assert.deepEqual((await ask("POST", "/metadata", { metadata: { b: "2" } })).body, { metadata: { a: "1", b: "2" } });
  assert.deepEqual((await ask("PUT", "/metadata", { metadata: { c: "3" } })).body, { metadata: { c: "3" } });
  assert.deepEqual((await ask("PUT", "/metadata/c", { meta: { c: "4" } })).body, { meta: { c: "4" } });
  assert.deepEqual((await ask("GET", "/metadata/c")).body, { meta: { c: "4" } });
  assert.equal((await ask("GET", "/metadata/constructor")).status, 404);
  assert.equal((await ask("DELETE", "/metadata/c")).status, 200);
  const gone = await ask("GET", "/metadata/c");
  assert.equal(gone.body.itemNotFound.message, `Volume ${id} has no metadata with key c.`);
  const set = await s.action(id, { "os-set_image_metadata": { metadata: { image_name: "x", k: "v" } } }, { token });
  assert.deepEqual(set.body, { metadata: { image_name: "x", k: "v" } });
  assert.equal((await s.action(id, { "os-unset_image_metadata": { key: "k" } }, { token })).status, 200);
  const shown = await s.action(id, { "os-show_image_metadata": {} }, { token });
  assert.deepEqual(shown.body, { metadata: { image_name: "x" } });
  assert.equal((await s.action(id, { "os-update_readonly_flag": { readonly: true } }, { token })).status, 202);
  assert.equal((await s.show(id, token)).metadata.readonly, "True");
});

test("extend: bigger only, when available; quotas hold", async () => {
  const { id } = await s.volume({}, "member:grow");
  const token = "member:grow";
  const extend = (new_size: unknown, version?: string) =>
    s.action(id, { "os-extend": { new_size } }, { token, ...(version === undefined ? {} : { version }) });
  assert.equal((await extend(3)).status, 202);
  await s.idle();
  const shown = await s.show(id, token);
  assert.deepEqual([shown.size, shown.status], [3, "available"]);
  assert.equal(
    (await extend(2)).body.badRequest.message,
    "Invalid input received: New size for extend must be greater than current size. (current: 3, extended: 2).",
  );
  await s.request("PUT", "/os-quota-sets/grow", { token: "admin:admins", body: { quota_set: { gigabytes: 4 } } });
  const over = await extend(5);
  assert.equal(over.status, 413);
  assert.equal(over.headers.get("retry-after"), "0");
  assert.deepEqual(over.body.overLimit, {
    code: 413,
    message:
      "VolumeSizeExceedsAvailableQuota: Requested volume or snapshot exceeds allowed gigabytes quota. Requested 2G, quota is 4G and 3G has been consumed.",
    retryAfter: "0",
  });
});

test("delete: gone with its snapshots only when told so", async () => {
  const { id } = await s.volume({}, "member:gone");
  const token = "member:gone";
  await s.request("POST", "/snapshots", { token, body: { snapshot: { volume_id: id } } });
  await s.idle();
  const refused = await s.request("DELETE", `/volumes/${id}`, { token });
  assert.equal(
    refused.body.badRequest.message,
    "Invalid volume: Volume status must be available or error or error_restoring or error_extending or error_managing and must not be " +
      "migrating, attached, belong to a group, have snapshots, awaiting a transfer, or be disassociated from snapshots after volume transfer.",
  );
  assert.equal((await s.request("DELETE", `/volumes/${id}?cascade=True`, { token })).status, 202);
  await s.idle();
  assert.equal((await s.request("GET", `/volumes/${id}`, { token })).status, 404);
  assert.deepEqual((await s.request("GET", "/snapshots", { token })).body, { snapshots: [] });
  assert.equal((s.driver as FakeVolumeDriver).volumes.has(id), false);
});

test("an administrator resets a status and deletes by force", async () => {
  const { id } = await s.volume({}, "member:stuck");
  const admin = { token: "admin:stuck" };
  const forbidden = await s.action(id, { "os-reset_status": { status: "error" } }, { token: "member:stuck" });
  assert.equal(forbidden.status, 403);
  assert.equal((await s.action(id, { "os-reset_status": { status: "attaching" } }, admin)).status, 202);
  assert.equal((await s.request("DELETE", `/volumes/${id}`, { token: "member:stuck" })).status, 400);
  assert.equal((await s.action(id, { "os-reset_status": { status: "nonsense" } }, admin)).status, 400);
  assert.equal((await s.action(id, { "os-force_delete": {} }, admin)).status, 202);
  await s.idle();
  assert.equal((await s.request("GET", `/volumes/${id}`, admin)).status, 404);
});

test("a volume becomes an image; the volume is what it was", async () => {
  const { id } = await s.volume({ name: "src" });
  const answer = await s.action(id, { "os-volume_upload_image": { image_name: "made", disk_format: "raw" } });
  assert.equal(answer.status, 202);
  const upload = answer.body["os-volume_upload_image"];
  assert.deepEqual([upload.status, upload.image_name, upload.visibility], ["uploading", "made", "shared"]);
  await s.idle();
  assert.equal(s.images.images.get(upload.image_id)?.status, "active");
  assert.equal((await s.show(id)).status, "available");
});

test("a driver that fails: the volume is in error, a failed upload leaves no image", async () => {
  const failing = new FakeVolumeDriver({
    before(verb) {
      if (verb === "createFromFile" || verb === "exportTo") throw new Error("broken disk");
    },
  });
  const other = await storage({ driver: () => failing });
  try {
    other.images.add({ id: "44444444-4444-4444-8444-444444444444" });
    const broken = await other.volume({ imageRef: "44444444-4444-4444-8444-444444444444" });
    assert.equal((await other.show(broken.id)).status, "error");
    const { id } = await other.volume();
    const answer = await other.action(id, { "os-volume_upload_image": { image_name: "never" } });
    await other.idle();
    assert.equal(other.images.images.has(answer.body["os-volume_upload_image"].image_id), false);
    assert.equal((await other.show(id)).status, "available");
    assert.equal((await other.request("DELETE", `/volumes/${broken.id}`)).status, 202);
  } finally {
    await other.close();
  }
});

test("deleting a volume that is still being made ends the making", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const slow = new FakeVolumeDriver({ before: (verb) => (verb === "create" ? promise : undefined) });
  const other = await storage({ driver: () => slow });
  try {
    const created = await other.request("POST", "/volumes", { body: { volume: { size: 1 } } });
    const { id } = created.body.volume;
    const forced = await other.action(id, { "os-force_delete": {} }, { token: "admin:alpha" });
    assert.equal(forced.status, 202);
    assert.equal((await other.show(id)).status, "deleting");
    resolve();
    await other.idle();
    assert.equal((await other.request("GET", `/volumes/${id}`)).status, 404);
    assert.equal(slow.volumes.size, 0);
  } finally {
    await other.close();
  }
});

test("a volume is not taken away under the copy that is being made of it", async () => {
  const [copying, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const driver = new FakeVolumeDriver({
    async before(verb) {
      if (verb !== "clone") return;
      copying.resolve();
      await goOn.promise;
    },
  });
  const other = await storage({ driver: () => driver });
  try {
    const source = await other.volume();
    const body = { volume: { size: 1, source_volid: source.id } };
    const { volume: copy } = (await other.request("POST", "/volumes", { body })).body;
    await copying.promise;
    assert.equal((await other.request("DELETE", `/volumes/${source.id}`)).status, 202);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(driver.volumes.has(source.id), true, "its data is there as long as it is read");
    goOn.resolve();
    await other.idle();
    assert.equal((await other.show(copy.id)).status, "available");
    assert.equal(driver.volumes.has(source.id), false);
    assert.equal((await other.request("GET", `/volumes/${source.id}`)).status, 404);
  } finally {
    goOn.resolve();
    await other.close();
  }
});
