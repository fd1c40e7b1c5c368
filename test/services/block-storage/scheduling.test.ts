import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import { satisfies } from "../../../src/services/block-storage/manager/extra-specs.ts";
import type { Json } from "../../support/json.ts";
import { type Storage, storage } from "./support.ts";

const admin = "admin:alpha";

let s: Storage;
let failing = "";
before(async () => {
  const driver = new FakeVolumeDriver({
    before: (verb) => {
      if (verb === failing) throw new Error("no");
    },
  });
  s = await storage({ driver: () => driver });
});
after(() => s.close());

async function type(name: string, extra_specs: Record<string, string>): Promise<string> {
  const { body } = await s.request("POST", "/types", { token: admin, body: { volume_type: { name, extra_specs } } });
  return body.volume_type.id;
}
const messages = async (query = "", version = "3.5") =>
  (await s.request("GET", `/messages${query}`, { version })).body.messages as Json[];
const newest = async () => (await messages())[0] ?? assert.fail("no message");

test("extra specs are matched as cinder's capabilities filter does", () => {
  const told = {
    vendor_name: "Open Source",
    storage_protocol: "lvm",
    free_capacity_gb: 30,
    multiattach: true,
    nested: { inner: "yes" },
    many: ["a", "b"],
    nothing: null,
  };
  const fits: Record<string, string>[] = [
    {},
    { vendor_name: "Open Source" },
    { "capabilities:vendor_name": "Open Source" },
    { "vendor:anything": "ignored" },
    { multiattach: "<is> True", free_capacity_gb: ">= 30" },
    { free_capacity_gb: "= 29.5" },
    { free_capacity_gb: "<= 30" },
    { free_capacity_gb: "!= 31" },
    { storage_protocol: "<or> iscsi <or> lvm" },
    { storage_protocol: "s== lvm" },
    { storage_protocol: "<in> vm" },
    { "capabilities:nested:inner": "yes" },
    { many: "b" },
  ];
  for (const specs of fits) assert.ok(satisfies(told, specs), JSON.stringify(specs));
  const fitsNot: Record<string, string>[] = [
    { vendor_name: "Somebody" },
    { unknown: "<is> False" },
    { "capabilities:unknown": "x" },
    { multiattach: "True" },
    { multiattach: "<is> False" },
    { free_capacity_gb: "> 3" },
    { free_capacity_gb: ">= 31" },
    { free_capacity_gb: ">= many" },
    { storage_protocol: ">= 1" },
    { storage_protocol: "<or> iscsi <or> fc" },
    { "capabilities:vendor_name:more": "x" },
    { constructor: "x" },
    { nothing: "<is> False" },
    { many: "c" },
  ];
  for (const specs of fitsNot) assert.ok(!satisfies(told, specs), JSON.stringify(specs));
});

test("a type that no backend serves ends in error, and a message says why", async () => {
  await type("impossible", { vendor_name: "nobody", storage_protocol: "pigeon" });
  const created = await s.request("POST", "/volumes", { body: { volume: { size: 1, volume_type: "impossible" } } });
  assert.deepEqual([created.status, created.body.volume.status], [202, "creating"]);
  await s.idle();
  const { id } = created.body.volume;
  assert.equal((await s.show(id)).status, "error");
  const shown = await s.request("GET", `/volumes/${id}`, { token: admin });
  assert.equal(shown.body.volume["os-vol-host-attr:host"], null);

  const message = await newest();
  assert.deepEqual(Object.keys(message), [
    "id",
    "event_id",
    "user_message",
    "message_level",
    "created_at",
    "guaranteed_until",
    "request_id",
    "links",
    "resource_type",
    "resource_uuid",
  ]);
  assert.equal(message.event_id, "VOLUME_VOLUME_001_003");
  assert.equal(message.user_message, "schedule allocate volume:Could not find any available weighted backend.");
  assert.deepEqual([message.message_level, message.resource_type, message.resource_uuid], ["ERROR", "VOLUME", id]);
  assert.equal(message.request_id, created.headers.get("x-openstack-request-id"));
  const month = Date.parse(`${message.guaranteed_until}Z`) - Date.parse(`${message.created_at}Z`);
  assert.equal(month, 30 * 24 * 3_600_000);

  const one = await s.request("GET", `/messages/${message.id}`, { version: "3.3" });
  assert.equal(one.body.message.id, message.id);
  assert.equal((await s.request("GET", `/messages/${message.id}`, { version: "3.2" })).status, 404);
  assert.equal(
    (await s.request("GET", `/messages/${message.id}`, { version: "3.3", token: "member:beta" })).status,
    404,
  );
  assert.equal(
    (await s.request("DELETE", `/messages/${message.id}`, { version: "3.3", token: "reader:alpha" })).status,
    403,
  );
  assert.equal((await s.request("DELETE", `/messages/${message.id}`, { version: "3.3" })).status, 204);
  const gone = await s.request("GET", `/messages/${message.id}`, { version: "3.3" });
  assert.equal(gone.body.itemNotFound.message, `Message ${message.id} could not be found.`);

  assert.equal((await s.request("DELETE", `/volumes/${id}`)).status, 202);
  await s.idle();
  assert.equal((await s.request("GET", `/volumes/${id}`)).status, 404);
});

test("types choose by what backends tell", async () => {
  await type("exact", { storage_protocol: "fake", free_capacity_gb: ">= 10", multiattach: "<is> True" });
  const { id } = await s.volume({ volume_type: "exact" });
  assert.equal((await s.show(id)).status, "available");
});

test("what is larger than the backend has no place; a disabled backend takes nothing", async () => {
  const big = async (project: string) => {
    for (const name of ["gigabytes", "per_volume_gigabytes"]) {
      await s.request("PUT", `/os-quota-sets/${project}`, { token: admin, body: { quota_set: { [name]: -1 } } });
    }
  };
  await big("alpha");
  const { id } = await s.volume({ size: 100_000 });
  assert.equal((await s.show(id)).status, "error");
  await s.request("DELETE", `/volumes/${id}`);
  await s.idle();

  const ours = await s.volume({ size: 1 });
  await s.action(ours.id, { "os-extend": { new_size: 100_000 } }, { version: "3.42" });
  await s.idle();
  const shown = await s.show(ours.id);
  assert.deepEqual([shown.status, shown.size], ["available", 1], "as good as before");
  assert.equal((await newest()).event_id, "VOLUME_VOLUME_007_003");
  const used = await s.request("GET", "/os-quota-sets/alpha?usage=true", { token: admin });
  assert.equal(used.body.quota_set.gigabytes.in_use, used.body.quota_set.volumes.in_use);

  const service = { host: "box@lvmdriver-1", binary: "cinder-volume" };
  await s.request("PUT", "/os-services/disable", { token: admin, body: service });
  const none = await s.volume({ size: 1 });
  assert.equal((await s.show(none.id)).status, "error");
  await s.request("PUT", "/os-services/enable", { token: admin, body: service });
});

test("a change of type stays on its backend, or nothing changes", async () => {
  const { id } = await s.volume();
  await type("elsewhere", { volume_backend_name: "elsewhere" });
  await type("same", { volume_backend_name: "lvmdriver-1" });
  const retype = (new_type: string) => s.action(id, { "os-retype": { new_type } });
  assert.equal((await retype("elsewhere")).status, 202);
  await s.idle();
  const before = await s.show(id);
  assert.deepEqual([before.status, before.volume_type], ["available", "lvmdriver-1"]);
  assert.equal((await retype("same")).status, 202);
  await s.idle();
  const after = await s.show(id);
  assert.deepEqual([after.status, after.volume_type], ["available", "same"]);
  assert.equal((await retype("same")).status, 400, "it is of that type");
  assert.equal((await retype("unknown")).status, 404);
});

test("each failure of accepted work has its message", async () => {
  const { id } = await s.volume();
  const expectations: [verb: string, start: () => Promise<unknown>, event: string, text: RegExp][] = [
    ["create", () => s.volume(), "VOLUME_VOLUME_008_012", /Driver failed to create/],
    ["clone", () => s.volume({ source_volid: id }), "VOLUME_VOLUME_008_012", /Driver failed to create/],
    [
      "createSnapshot",
      () => s.request("POST", "/snapshots", { body: { snapshot: { volume_id: id } } }),
      "VOLUME_VOLUME_SNAPSHOT_009_013",
      /Snapshot failed to create/,
    ],
    [
      "exportTo",
      () => s.action(id, { "os-volume_upload_image": { image_name: "out", disk_format: "raw" } }),
      "VOLUME_VOLUME_003_004",
      /Failed to upload/,
    ],
    ["extend", () => s.action(id, { "os-extend": { new_size: 2 } }), "VOLUME_VOLUME_007_010", /failed to extend/],
  ];
  for (const [verb, start, event, text] of expectations) {
    failing = verb;
    await start();
    await s.idle();
    failing = "";
    const message = await newest();
    assert.equal(message.event_id, event, verb);
    assert.match(message.user_message, text);
  }
});
