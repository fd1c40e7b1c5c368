import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type ComputeLab, computeLab } from "./support.ts";

let t: ComputeLab;
before(async () => {
  t = await computeLab();
});
after(() => t.close());
const admin = { token: "admin:admin" };

test("versions need no token", async () => {
  const { body } = await t.request("GET", "/compute");
  assert.deepEqual(
    body.versions.map(({ id }: { id: string }) => id),
    ["v2.0", "v2.1"],
  );
  const one = await t.request("GET", "/compute/v2.1/");
  assert.equal(one.body.version.version, "2.96");
  assert.equal(one.body.version.min_version, "2.1");
});

test("flavors by version, access and extra specs", async () => {
  const old = await t.api("GET", "/flavors/detail");
  const nano = old.body.flavors.find(({ id }: { id: string }) => id === "42");
  assert.equal(nano.swap, "");
  assert.equal(nano.extra_specs, undefined);
  assert.equal((await t.api("GET", "/flavors/42", { version: "2.75" })).body.flavor.swap, 0);
  const made = await t.api("POST", "/flavors", {
    ...admin,
    body: { flavor: { name: "secret", id: 77, ram: 64, vcpus: 1, disk: 0, "os-flavor-access:is_public": "False" } },
  });
  assert.deepEqual([made.status, made.body.flavor.id], [200, "77"]);
  assert.equal((await t.api("GET", "/flavors/77")).status, 404);
  const grant = { addTenantAccess: { tenant: "alpha" } };
  await t.api("POST", "/flavors/77/action", { ...admin, body: grant });
  assert.equal((await t.api("GET", "/flavors/77")).status, 200);
  const again = await t.api("POST", "/flavors/77/action", { ...admin, body: grant });
  assert.equal(
    again.body.conflictingRequest.message,
    "Flavor access already exists for flavor 77 and project alpha combination.",
  );
  const specs = "/flavors/77/os-extra_specs";
  await t.api("POST", specs, { ...admin, body: { extra_specs: { "hw:numa_nodes": "1" } } });
  assert.deepEqual((await t.api("GET", `${specs}/hw:numa_nodes`)).body, { "hw:numa_nodes": "1" });
  const page = await t.api("GET", "/flavors?limit=1");
  assert.equal(page.body.flavors.length, 1);
  assert.match(page.body.flavors_links[0].href, /limit=1&marker=1$/);
});

test("a list of flavors that is asked for again is today's: access given and taken, specs, names, what is deleted", async () => {
  const names = async () =>
    (await t.api("GET", "/flavors?sort_key=name")).body.flavors.map(({ name }: { name: string }) => name);
  const before = await names();
  const flavor = { name: "kept", id: 78, ram: 64, vcpus: 1, disk: 0, "os-flavor-access:is_public": "False" };
  await t.api("POST", "/flavors", { ...admin, body: { flavor } });
  assert.deepEqual(await names(), before);
  await t.api("POST", "/flavors/78/action", { ...admin, body: { addTenantAccess: { tenant: "alpha" } } });
  assert.deepEqual(await names(), [...before, "kept"].sort());
  await t.api("POST", "/flavors/78/action", { ...admin, body: { removeTenantAccess: { tenant: "alpha" } } });
  assert.deepEqual(await names(), before);
  await t.api("POST", "/flavors/78/action", { ...admin, body: { addTenantAccess: { tenant: "alpha" } } });
  assert.deepEqual(await names(), [...before, "kept"].sort());
  await t.api("POST", "/flavors/78/os-extra_specs", { ...admin, body: { extra_specs: { "hw:numa_nodes": "1" } } });
  const { flavors } = (await t.api("GET", "/flavors/detail", { version: "2.61" })).body;
  assert.deepEqual(flavors.find(({ id }: { id: string }) => id === "78").extra_specs, { "hw:numa_nodes": "1" });
  assert.equal((await t.api("DELETE", "/flavors/78", admin)).status, 202);
  assert.deepEqual(await names(), before);
});

test("key pairs: names, statuses by version, imports", async () => {
  const bad = await t.api("POST", "/os-keypairs", { body: { keypair: { name: "key$", public_key: "x" } } });
  assert.match(bad.body.badRequest.message, /Only expected characters: \[_- 0123/);
  const broken = await t.api("POST", "/os-keypairs", { body: { keypair: { name: "k", public_key: "ssh-rsa JUNK" } } });
  assert.equal(broken.body.badRequest.message, "Keypair data is invalid: failed to generate fingerprint");
  const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f me@here";
  const body = { keypair: { name: "k", public_key: key } };
  const made = await t.api("POST", "/os-keypairs", { body, version: "2.2" });
  assert.deepEqual([made.status, made.body.keypair.type, made.body.keypair.private_key], [201, "ssh", undefined]);
  assert.equal((await t.api("POST", "/os-keypairs", { body })).status, 409);
  assert.equal((await t.api("GET", "/os-keypairs/k", { token: "member:alpha:other" })).status, 404);
  assert.equal((await t.api("GET", "/os-keypairs?user_id=other", { version: "2.10" })).status, 403);
  assert.equal((await t.api("DELETE", "/os-keypairs/k", { version: "2.2" })).status, 204);
});

test("quotas: defaults, limits, use, and what is shown by version", async () => {
  const show = await t.api("GET", "/os-quota-sets/alpha");
  assert.equal(show.body.quota_set.id, "alpha");
  assert.equal(show.body.quota_set.fixed_ips, -1);
  const modern = await t.api("GET", "/os-quota-sets/alpha", { version: "2.57" });
  assert.deepEqual(Object.keys(modern.body.quota_set), [
    "id",
    "cores",
    "instances",
    "key_pairs",
    "metadata_items",
    "ram",
    "server_group_members",
    "server_groups",
  ]);
  const set = await t.api("PUT", "/os-quota-sets/alpha", { ...admin, body: { quota_set: { instances: 0 } } });
  assert.equal(set.body.quota_set.instances, 0);
  await assert.rejects(t.boot(), /Quota exceeded for instances: Requested 1, but already used 0 of 0 instances/);
  assert.equal((await t.api("DELETE", "/os-quota-sets/alpha", admin)).status, 202);
  await t.boot();
  const detail = await t.api("GET", "/os-quota-sets/alpha/detail", { version: "2.57" });
  assert.deepEqual(detail.body.quota_set.instances, { limit: 10, in_use: 1, reserved: 0 });
  const below = await t.api("PUT", "/os-quota-sets/alpha", { ...admin, body: { quota_set: { instances: 0 } } });
  assert.equal(below.status, 400);
  const limits = await t.api("GET", "/limits");
  assert.equal(limits.body.limits.absolute.totalInstancesUsed, 1);
});

test("hypervisors, services, zones", async () => {
  const detail = await t.api("GET", "/os-hypervisors/detail", admin);
  assert.equal(typeof detail.body.hypervisors[0].cpu_info, "string");
  const modern = await t.api("GET", "/os-hypervisors/detail?with_servers=true", { ...admin, version: "2.53" });
  assert.match(modern.body.hypervisors[0].id, /^[0-9a-f-]{36}$/);
  assert.equal(modern.body.hypervisors[0].servers.length, 1);
  assert.equal((await t.api("GET", "/os-hypervisors")).status, 403);
  const services = await t.api("GET", "/os-services", { ...admin, version: "2.53" });
  const nova = services.body.services.find(({ binary }: { binary: string }) => binary === "nova-compute");
  await t.api("PUT", `/os-services/${nova.id}`, { ...admin, version: "2.53", body: { status: "disabled" } });
  const refused = await t.boot();
  assert.equal((await t.api("GET", `/servers/${refused}`)).body.server.status, "ERROR");
  await t.api("PUT", `/os-services/${nova.id}`, { ...admin, version: "2.53", body: { status: "enabled" } });
  const zones = await t.api("GET", "/os-availability-zone");
  assert.deepEqual(zones.body.availabilityZoneInfo, [
    { zoneName: "nova", zoneState: { available: true }, hosts: null },
  ]);
});

test("aggregates make zones; groups keep members apart", async () => {
  const made = await t.api("POST", "/os-aggregates", { ...admin, body: { aggregate: { name: "rack" } } });
  assert.equal(made.body.aggregate.hosts, undefined);
  const path = `/os-aggregates/${made.body.aggregate.id}`;
  const added = await t.api("POST", `${path}/action`, { ...admin, body: { add_host: { host: "node1" } } });
  assert.deepEqual(added.body.aggregate.hosts, ["node1"]);
  assert.equal(added.body.aggregate.updated_at, null);
  assert.equal((await t.api("DELETE", path, admin)).status, 400);
  await t.api("POST", `${path}/action`, { ...admin, body: { remove_host: { host: "node1" } } });
  assert.equal((await t.api("DELETE", path, admin)).status, 200);

  const group = await t.api("POST", "/os-server-groups", {
    body: { server_group: { name: "apart", policies: ["anti-affinity"] } },
  });
  const { id } = group.body.server_group;
  const boot = async () => {
    const created = await t.api("POST", "/servers", {
      body: {
        server: { name: "g", imageRef: t.image.id, flavorRef: "42" },
        "os:scheduler_hints": { group: id },
      },
    });
    await t.idle();
    return (await t.api("GET", `/servers/${created.body.server.id}`)).body.server;
  };
  assert.equal((await boot()).status, "ACTIVE");
  const second = await boot();
  assert.equal(second.status, "ERROR");
  assert.match(second.fault.message, /No valid host was found/);
});

test("a resize is listed as a migration, and what became of it", async () => {
  const id = await t.boot();
  const migration = async () => {
    const { body } = await t.api("GET", `/os-migrations?instance_uuid=${id}`, { ...admin, version: "2.59" });
    return body.migrations.map(({ status, migration_type }: Record<string, string>) => [status, migration_type]);
  };
  assert.deepEqual(await migration(), []);
  const act = async (body: unknown) => {
    await t.api("POST", `/servers/${id}/action`, { body });
    await t.idle();
  };
  await act({ resize: { flavorRef: "84" } });
  assert.deepEqual(await migration(), [["finished", "resize"]]);
  await act({ confirmResize: null });
  assert.deepEqual(await migration(), [["confirmed", "resize"]]);
  await act({ resize: { flavorRef: "42" } });
  await act({ revertResize: null });
  assert.deepEqual(await migration(), [
    ["reverted", "resize"],
    ["confirmed", "resize"],
  ]);
  assert.equal((await t.api("GET", "/os-migrations")).status, 403, "admins only");
});

test("an empty id at the end of a path is nothing, not the collection", async () => {
  for (const [method, path] of [
    ["DELETE", "/images/"],
    ["GET", "/servers/"],
    ["GET", "/os-simple-tenant-usage/"],
  ] as const) {
    assert.equal((await t.api(method, path)).status, 404, path);
  }
  assert.equal((await t.api("GET", "/")).status, 200);
});

test("what nova removed is gone; what a version ended is not found", async () => {
  const agents = await t.api("GET", "/os-agents");
  assert.equal(agents.status, 410);
  assert.equal(agents.body.computeFault.code, 410);
  assert.equal((await t.api("GET", "/os-security-groups", { version: "2.36" })).status, 404);
  assert.equal((await t.api("GET", "/os-migrations", admin)).status, 200);
  await t.addNetwork("ops", "public", { "router:external": true });
  assert.equal((await t.api("GET", "/os-floating-ip-pools")).body.floating_ip_pools[0].name, "public");
  assert.equal((await t.api("GET", `/images/${t.image.id}`)).body.image.status, "ACTIVE");
  assert.equal((await t.api("GET", "/extensions")).body.extensions.length > 50, true);
  const usage = await t.api("GET", "/os-simple-tenant-usage/alpha?detailed=1");
  assert.equal(usage.status, 200);
});

test("a name in place of an id is refused so that clients look through the list", async () => {
  const aggregate = await t.api("GET", "/os-aggregates/rack", admin);
  assert.equal(aggregate.status, 400);
  assert.equal(aggregate.body.badRequest.message, "Invalid input received: id must be an integer");
  assert.equal((await t.api("GET", "/os-aggregates/99999999999999999999", admin)).status, 404);
  const group = await t.api("GET", "/os-security-groups/default", admin);
  assert.equal(group.status, 400);
  assert.equal(group.body.badRequest.message, "Security group id should be uuid");
});

test("images are asked to be on an aggregate's hosts", async () => {
  const { body } = await t.api("POST", "/os-aggregates", { ...admin, body: { aggregate: { name: "cached" } } });
  const path = `/os-aggregates/${body.aggregate.id}/images`;
  const ask = async (cache: object[], version = "2.81", more: object = admin, target = path) =>
    (await t.api("POST", target, { ...more, version, body: { cache } })).status;
  const { id } = t.image;
  assert.equal(await ask([{ id }]), 202);
  assert.equal(await ask([{ id }], "2.80"), 404);
  assert.equal(await ask([{ id }, { id }]), 400);
  assert.equal(await ask([]), 400);
  assert.equal(await ask([{ id: "cirros" }]), 400);
  assert.equal(await ask([{ id }], "2.81", {}), 403);
  assert.equal(await ask([{ id }], "2.81", admin, "/os-aggregates/9999/images"), 404);
});
