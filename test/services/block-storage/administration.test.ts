import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Storage, storage } from "./support.ts";

let s: Storage;
before(async () => {
  s = await storage();
});
after(() => s.close());
const admin = { token: "admin:admins" };

test("versions: a public list with 300, and v3's document for who has a token", async () => {
  const list = await s.t.request("GET", "/volume/", { headers: { host: "cloud.test" } });
  assert.equal(list.status, 300);
  const [version] = list.body.versions;
  assert.deepEqual([version.id, version.version, version.min_version], ["v3.0", "3.70", "3.0"]);
  assert.equal(version.links[1].href, "http://cloud.test/volume/v3/");
  assert.equal((await s.t.request("GET", "/volume/v3/")).status, 401);
  assert.equal((await s.t.request("GET", "/volume/v3/", { token: "reader:alpha" })).status, 200);
});

test("types: seeded, made, changed, private, extra specs, deleted", async () => {
  const seeded = await s.request("GET", "/types");
  assert.deepEqual(seeded.body.volume_types.map(({ name }: { name: string }) => name).sort(), [
    "__DEFAULT__",
    "lvmdriver-1",
  ]);
  assert.deepEqual(seeded.body.volume_types[0].extra_specs, {}, "users see nothing of the backends");
  const byDefault = await s.request("GET", "/types/default");
  assert.equal(byDefault.body.volume_type.name, "lvmdriver-1");
  const create = (body: unknown) => s.request("POST", "/types", { ...admin, body: { volume_type: body } });
  const made = await create({ name: "gold", extra_specs: { a: "b" }, "os-volume-type-access:is_public": false });
  assert.equal(made.status, 200);
  const { id } = made.body.volume_type;
  assert.equal((await create({ name: "gold" })).body.conflictingRequest.message, "Volume Type gold already exists.");
  assert.equal(
    (await create({ name: "" })).body.badRequest.message,
    "Invalid input for field/attribute name. Value: . '' is too short",
  );
  assert.equal((await s.request("POST", "/types", { body: { volume_type: { name: "x" } } })).status, 403);

  assert.equal((await s.request("GET", `/types/${id}`)).status, 404);
  const grant = { addProjectAccess: { project: "alpha" } };
  assert.equal((await s.request("POST", `/types/${id}/action`, { ...admin, body: grant })).status, 202);
  assert.equal((await s.request("POST", `/types/${id}/action`, { ...admin, body: grant })).status, 409);
  assert.equal((await s.request("GET", `/types/${id}`)).status, 200);
  const access = await s.request("GET", `/types/${id}/os-volume-type-access`, admin);
  assert.deepEqual(access.body.volume_type_access, [{ volume_type_id: id, project_id: "alpha" }]);

  const specs = `/types/${id}/extra_specs`;
  assert.deepEqual((await s.request("GET", specs, admin)).body, { extra_specs: { a: "b" } });
  const set = await s.request("PUT", `${specs}/a`, { ...admin, body: { a: "c" } });
  assert.deepEqual(set.body, { a: "c" });
  const mismatch = await s.request("PUT", `${specs}/z`, { ...admin, body: { a: "c" } });
  assert.equal(mismatch.body.badRequest.message, "Request body and URI mismatch");
  const two = await s.request("PUT", `${specs}/a`, { ...admin, body: { a: "c", b: "d" } });
  assert.equal(two.body.badRequest.message, "{'a': 'c', 'b': 'd'} has too many properties");
  assert.equal((await s.request("DELETE", `${specs}/a`, admin)).status, 202);
  const missing = await s.request("GET", `${specs}/a`, admin);
  assert.equal(missing.body.itemNotFound.message, `Volume Type ${id} has no extra specs with key a.`);

  const volume = await s.volume({ volume_type: "gold" });
  assert.equal(
    (await s.request("DELETE", `/types/${id}`, admin)).body.badRequest.message,
    "Target volume type is still in use.",
  );
  assert.equal((await s.action(volume.id, { "os-retype": { new_type: "lvmdriver-1" } })).status, 202);
  assert.equal((await s.show(volume.id)).volume_type, "lvmdriver-1");
  assert.equal((await s.request("DELETE", `/types/${id}`, admin)).status, 202);
  assert.equal((await s.request("GET", `/types/${id}`, admin)).status, 404);
});

test("a project's own default type", async () => {
  const made = await s.request("POST", "/types", { ...admin, body: { volume_type: { name: "own" } } });
  const version = "3.62";
  const body = { default_type: { volume_type: "own" } };
  const set = await s.request("PUT", "/default-types/special", { ...admin, version, body });
  assert.deepEqual(set.body, { default_type: { project_id: "special", volume_type_id: made.body.volume_type.id } });
  assert.equal((await s.volume({}, "member:special")).volume_type, "own");
  assert.equal((await s.volume()).volume_type, "lvmdriver-1");
  assert.equal((await s.request("DELETE", "/default-types/special", { ...admin, version })).status, 204);
});

test("snapshots: made, listed, changed, deleted; of a volume in use only by force", async () => {
  const token = "member:snaps";
  const volume = await s.volume({}, token);
  const create = (snapshot: Record<string, unknown>, version = "3.0") =>
    s.request("POST", "/snapshots", { token, version, body: { snapshot: { volume_id: volume.id, ...snapshot } } });
  const made = await create({ name: "one", metadata: { a: "1" } });
  assert.equal(made.status, 202);
  const { id, status, size } = made.body.snapshot;
  assert.deepEqual([status, size], ["creating", 1]);
  await s.idle();
  const shown = await s.request("GET", `/snapshots/${id}`, { token });
  assert.equal(shown.body.snapshot.status, "available");
  assert.equal(shown.body.snapshot["os-extended-snapshot-attributes:progress"], "100%");
  const updated = await s.request("PUT", `/snapshots/${id}`, { token, body: { snapshot: { name: "two" } } });
  assert.equal(updated.body.snapshot.name, "two");
  await s.action(volume.id, { "os-attach": { instance_uuid: crypto.randomUUID(), mountpoint: "/dev/vdb" } }, { token });
  const refused = await create({ force: false });
  assert.equal(
    refused.body.badRequest.message,
    `Invalid volume: Volume ${volume.id} status must be available, but current status is: in-use.`,
  );
  assert.equal((await create({ force: true })).status, 202);
  assert.equal((await create({}, "3.66")).status, 202);
  await s.idle();
  const listed = await s.request("GET", "/snapshots/detail?sort=created_at:asc&limit=2", { token });
  assert.equal(listed.body.snapshots.length, 2);
  assert.equal(listed.body.snapshots_links[0].rel, "next");
  assert.equal((await s.request("DELETE", `/snapshots/${id}`, { token })).status, 202);
  await s.idle();
  const gone = await s.request("GET", `/snapshots/${id}`, { token });
  assert.equal(gone.body.itemNotFound.message, `Snapshot ${id} could not be found.`);
});

test("a volume goes back to its latest snapshot", async () => {
  const volume = await s.volume({}, "member:back");
  const token = "member:back";
  const made = await s.request("POST", "/snapshots", { token, body: { snapshot: { volume_id: volume.id } } });
  await s.idle();
  const { id } = made.body.snapshot;
  const revert = { revert: { snapshot_id: id } };
  assert.equal((await s.action(volume.id, revert, { token, version: "3.39" })).status, 404);
  assert.equal((await s.action(volume.id, revert, { token, version: "3.40" })).status, 202);
  await s.idle();
  assert.equal((await s.show(volume.id, token)).status, "available");
});

test("quotas: shown, changed, counted, exact under a race", async () => {
  const path = "/os-quota-sets/race";
  const token = "member:race";
  const shown = await s.request("GET", path, { token });
  assert.deepEqual(
    Object.keys(shown.body.quota_set).filter((name) => !name.includes("_own")),
    [
      "volumes",
      "per_volume_gigabytes",
      "snapshots",
      "gigabytes",
      "backups",
      "backup_gigabytes",
      "volumes___DEFAULT__",
      "gigabytes___DEFAULT__",
      "snapshots___DEFAULT__",
      "volumes_lvmdriver-1",
      "gigabytes_lvmdriver-1",
      "snapshots_lvmdriver-1",
      "groups",
      "id",
    ],
  );
  assert.equal((await s.request("GET", path, { token: "member:other" })).status, 403);
  assert.equal((await s.request("PUT", path, { token, body: { quota_set: { volumes: 99 } } })).status, 403);
  const wrong = await s.request("PUT", path, { ...admin, body: { quota_set: { nonsense: 1 } } });
  assert.equal(wrong.status, 400);
  // cinder's client names the project in the body too.
  const sent = { quota_set: { tenant_id: "a-project", force: true, volumes: 3 } };
  const changed = await s.request("PUT", path, { ...admin, body: sent });
  assert.equal(changed.status, 200, JSON.stringify(changed.body));
  assert.equal(changed.body.quota_set.volumes, 3);
  const create = () => s.request("POST", "/volumes", { token, body: { volume: { size: 1 } } });
  const answers = await Promise.all(Array.from({ length: 6 }, create));
  assert.equal(answers.filter(({ status }) => status === 202).length, 3);
  assert.equal(
    answers.find(({ status }) => status === 413)?.body.overLimit.message,
    "VolumeLimitExceeded: Maximum number of volumes allowed (3) exceeded for quota 'volumes'.",
  );
  const usage = await s.request("GET", `${path}?usage=True`, { token });
  assert.deepEqual(usage.body.quota_set.gigabytes, { limit: 1000, in_use: 3, reserved: 0 });
  const limits = await s.request("GET", "/limits", { token });
  assert.equal(limits.body.limits.absolute.totalVolumesUsed, 3);
  assert.equal((await s.request("DELETE", path, admin)).status, 200);
  const classes = await s.request("PUT", "/os-quota-class-sets/default", {
    ...admin,
    body: { quota_class_set: { class_name: "default", snapshots: 11, per_volume_gigabytes: 5 } },
  });
  assert.equal(classes.body.quota_class_set.snapshots, 11);
  const large = await s.request("POST", "/volumes", { token, body: { volume: { size: 6 } } });
  assert.equal(
    large.body.overLimit.message,
    "VolumeSizeExceedsLimit: Requested volume size 6G is larger than maximum allowed limit 5G.",
  );
});

test("services, pools, zones, capabilities; a disabled backend takes no volumes", async () => {
  const services = await s.request("GET", "/os-services", admin);
  assert.deepEqual(
    services.body.services.map(({ binary, host, state }: Record<string, string>) => [binary, host, state]),
    [
      ["cinder-volume", "box@lvmdriver-1", "up"],
      ["cinder-scheduler", "box", "up"],
    ],
  );
  assert.equal((await s.request("GET", "/os-services")).status, 403);
  const zones = await s.request("GET", "/os-availability-zone");
  assert.deepEqual(zones.body, { availabilityZoneInfo: [{ zoneName: "nova", zoneState: { available: true } }] });
  const pools = await s.request("GET", "/scheduler-stats/get_pools?detail=True", admin);
  assert.equal(pools.body.pools[0].name, "box@lvmdriver-1#lvmdriver-1");
  assert.equal(pools.body.pools[0].capabilities.storage_protocol, "fake");
  assert.equal((await s.request("GET", "/capabilities/box@lvmdriver-1", admin)).status, 200);
  const service = { host: "box@lvmdriver-1", binary: "cinder-volume" };
  const unknown = await s.request("PUT", "/os-services/enable", { ...admin, body: { ...service, host: "nowhere" } });
  assert.equal(unknown.body.itemNotFound.message, "Service cinder-volume could not be found on host nowhere.");
  const frozen = await s.request("PUT", "/os-services/freeze", { ...admin, body: { host: "nowhere" } });
  assert.equal(frozen.body.badRequest.message, "No service found with host=nowhere");
  await s.request("PUT", "/os-services/disable", { ...admin, body: service });
  const homeless = await s.volume();
  assert.equal((await s.show(homeless.id)).status, "error");
  assert.equal((await s.request("DELETE", `/volumes/${homeless.id}`)).status, 202);
  await s.idle();
  assert.equal((await s.request("GET", `/volumes/${homeless.id}`)).status, 404);
  await s.request("PUT", "/os-services/enable", { ...admin, body: service });
});

test("what there is not says so", async () => {
  assert.deepEqual((await s.request("GET", "/backups/detail")).body, { backups: [] });
  assert.deepEqual((await s.request("GET", "/os-volume-transfer/detail")).body, { transfers: [] });
  const backup = await s.request("POST", "/backups", { body: { backup: {} } });
  assert.deepEqual(backup.body, { notImplemented: { code: 501, message: "This cloud has no backups." } });
  assert.equal((await s.request("GET", "/backups/1")).status, 404);
});
