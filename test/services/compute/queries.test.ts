import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { identityOf } from "../../support/cloud.ts";
import type { Json } from "../../support/json.ts";
import { type ComputeLab, computeLab } from "./support.ts";

let t: ComputeLab;
const ids: Record<string, string> = {};
let imageB: string;
let requests: string[] = [];
const ADMIN = "admin:alpha";
const LATEST = "2.96";
/** Of the first server's image. */
const KERNEL = "6c1ef1f0-aaaa-4bbb-8ccc-00000000000a";
const RAMDISK = "6c1ef1f0-aaaa-4bbb-8ccc-00000000000b";
before(async () => {
  t = await computeLab();
  for (const id of [KERNEL, RAMDISK]) await t.addImage({ id });
  const [kernel, ramdisk] = [await t.addImage(), await t.addImage()];
  imageB = (await t.addImage({ properties: { kernel_id: kernel.id, ramdisk_id: ramdisk.id } })).id;
  const image = await t.addImage({ properties: { kernel_id: KERNEL, ramdisk_id: RAMDISK } });
  for (const name of ["a", "b"]) {
    const keypair = { keypair: { name: `key-${name}` } };
    for (const token of [ADMIN, "member:alpha"]) await t.api("POST", "/os-keypairs", { token, body: keypair });
    const server = {
      name,
      hostname: `host-${name}`,
      description: `about ${name}`,
      imageRef: name === "a" ? image.id : imageB,
      flavorRef: name === "a" ? "42" : "84",
      key_name: `key-${name}`,
      accessIPv4: name === "a" ? "192.0.2.1" : "192.0.2.9",
      accessIPv6: name === "a" ? "2001:db8::1" : "2001:db8::9",
      config_drive: name === "a",
      "OS-DCF:diskConfig": name === "a" ? "AUTO" : "MANUAL",
      tags: name === "a" ? ["red", "both"] : ["blue", "both"],
      networks: "auto",
    };
    const made = await t.api("POST", "/servers", { token: ADMIN, version: LATEST, body: { server } });
    assert.equal(made.status, 202, JSON.stringify(made.body));
    ids[name] = made.body.server.id;
    await t.idle();
  }
  await t.api("POST", `/servers/${ids.b}/action`, { token: ADMIN, body: { "os-stop": null } });
  await t.idle();
  await t.api("POST", `/servers/${ids.a}/action`, { token: ADMIN, body: { lock: null } });
  // What two servers of one project have in common or what changes by itself: different by hand.
  const put = (id: string | undefined, columns: Record<string, unknown>) => {
    for (const [name, value] of Object.entries(columns))
      t.cloud.kernel.db
        .prepare(`UPDATE compute_servers SET ${name} = ?, revision = revision + 1 WHERE id = ?`)
        .run(value, id);
  };
  put(ids.a, {
    user_id: "user-a",
    host: "host-1",
    availability_zone: "zone-a",
    root_device_name: "/dev/vda",
    task_state: "imaging",
    progress: 40,
    launch_index: 1,
    created_at: Date.UTC(2020, 0, 1),
    updated_at: Date.UTC(2020, 0, 1),
    launched_at: Date.UTC(2020, 0, 2),
    terminated_at: Date.UTC(2020, 0, 3),
  });
  put(ids.b, { root_device_name: "/dev/sda" });
  const actions = await t.api("GET", `/servers/${ids.b}/os-instance-actions`, { token: ADMIN });
  requests = actions.body.instanceActions.map(({ request_id }: Json) => request_id);
});
after(() => t.close());

const list = async (query: string, { token = ADMIN, version = LATEST } = {}) => {
  const { status, body } = await t.api("GET", `/servers?${query}`, { token, version });
  return status === 200 ? body.servers.map(({ name }: Json) => name).sort() : [status, body];
};

test("each parameter of the list of servers tells servers apart, for an administrator", async () => {
  const reservation = async (name: string) =>
    (await t.api("GET", `/servers/${ids[name]}`, { token: ADMIN, version: LATEST })).body.server[
      "OS-EXT-SRV-ATTR:reservation_id"
    ];
  const addressOf = async (name: string) =>
    (await t.api("GET", `/servers/${ids[name]}/ips`, { token: ADMIN })).body.addresses.private[0].addr;
  const rows: Record<string, string> = {
    access_ip_v4: "192.0.2.1",
    access_ip_v6: "2001:db8::1",
    auto_disk_config: "true",
    availability_zone: "zone-a",
    "changes-before": "2020-06-01T00:00:00Z",
    config_drive: "true",
    created_at: "2020-01-01",
    description: "about a",
    display_description: "about a",
    display_name: "^a$",
    flavor: "42",
    host: "host-1",
    hostname: "host-a",
    image: (await t.api("GET", `/servers/${ids.a}`, { token: ADMIN })).body.server.image.id,
    ip: await addressOf("a"),
    ip6: await addressOf("a"),
    kernel_id: KERNEL,
    key_name: "key-a",
    launch_index: "1",
    launched_at: "2020-01-02",
    locked: "true",
    locked_by: "owner",
    name: "^a$",
    node: "host-1",
    "not-tags": "blue",
    "not-tags-any": "blue,green",
    power_state: "1",
    progress: "40",
    ramdisk_id: RAMDISK,
    reservation_id: await reservation("a"),
    root_device_name: "/dev/vda",
    status: "active",
    tags: "red,both",
    "tags-any": "red,green",
    task_state: "imaging",
    terminated_at: "2020-01-03",
    user_id: "user-a",
    uuid: ids.a ?? "",
    vm_state: "active",
  };
  rows.image_ref = rows.image ?? "";
  for (const [name, value] of Object.entries(rows)) {
    assert.deepEqual(await list(`${name}=${encodeURIComponent(value)}`), ["a"], name);
  }
  // A day is a moment too, and without a zone it is UTC.
  for (const time of ["2020-06-01T00:00:00Z", "2020-06-01T00:00:00", "2020-06-01", "2020-06-01T02:00:00%2B02:00"]) {
    assert.deepEqual(await list(`changes-since=${time}`), ["b"], time);
  }
  const moment = async (time: string) => list(`changes-before=${time}`);
  assert.deepEqual(await moment("2019-12-31T23:59:59"), []);
  assert.deepEqual(await moment("2020-01-01T00:00:00"), ["a"]);
  assert.deepEqual(await moment("2020-01-01"), ["a"]);
  for (const name of ["project_id", "tenant_id"]) {
    assert.deepEqual(await list(`all_tenants=1&${name}=beta`), [], name);
    assert.deepEqual(await list(`all_tenants=1&${name}=alpha`), ["a", "b"], name);
  }
  assert.deepEqual(await list("soft_deleted=true"), []);
  assert.deepEqual(await list("deleted=true"), []);
  assert.deepEqual(await list("status=active&status=shutoff"), ["a", "b"]);
  assert.deepEqual(await list(`marker=${ids.a}&sort_key=display_name&sort_dir=asc&limit=5`), ["b"]);
});

test("parameters that are refused: what nova joins, its own names, and since 2.75 what nobody knows", async () => {
  const joined = [
    "block_device_mapping",
    "services",
    "metadata",
    "system_metadata",
    "info_cache",
    "security_groups",
    "pci_devices",
  ];
  for (const name of [...joined, "_private"]) {
    const { status, body } = await t.api("GET", `/servers?${name}=x`, { token: ADMIN, version: LATEST });
    assert.deepEqual([status, body.badRequest?.message], [400, `Invalid filter field: ${name}.`]);
    assert.deepEqual(await list(`${name}=x`, { token: "member:alpha" }), ["a", "b"], "users' are taken away");
  }
  for (const [query, message] of [
    ["nonsense=1", /^Invalid input for query parameters .*'nonsense' does not match any of the regexes: '\^_'$/],
    ["status=nonsense", /^Invalid status value$/],
    [
      "sort_key=nonsense",
      /^Invalid input for query parameters sort_key\. Value: nonsense\. 'nonsense' is not one of \[/,
    ],
    ["sort_key=memory_mb", /^Invalid input for query parameters sort_key/],
    ["sort_dir=up", /^Invalid input received: Unknown sort direction, must be 'desc' or 'asc'$/],
    ["sort_key=uuid&sort_dir=asc&sort_dir=desc", /^Invalid input received: Sort direction size exceeds sort key size$/],
    ["limit=", /^Invalid input for query parameters limit\. Value: \. '' is too short$/],
    ["changes-since=yesterday", /^Invalid input for query parameters changes-since/],
    [
      "changes-since=2020-01-02T00:00:00Z&changes-before=2020-01-01T00:00:00Z",
      /^The value of changes-since must be less than or equal to changes-before\.$/,
    ],
    ["all_tenants=perhaps", /^Invalid input received: Unrecognized value 'perhaps'/],
    ["locked=perhaps", /^Invalid input received: Unrecognized value 'perhaps'/],
  ] as const) {
    const { status, body } = await t.api("GET", `/servers?${query}`, { token: ADMIN, version: LATEST });
    assert.equal(status, 400, query);
    assert.match(body.badRequest.message, message);
  }
  const host = await t.api("GET", "/servers?sort_key=host", { version: LATEST });
  assert.deepEqual([host.status, host.body.forbidden.message], [403, "Only administrators can sort servers by host"]);
});

test("what came with a version has no effect before it", async () => {
  const both = ["a", "b"];
  for (const [query, before, since] of [
    ["tags=red", "2.25", "2.26"],
    ["locked=true", "2.72", "2.73"],
    ["key_name=key-a", "2.82", "2.83"],
    ["hostname=host-a", "2.89", "2.90"],
    ["ip6=%5Enothing", "2.4", "2.5"],
  ] as const) {
    const member = { token: "member:alpha" };
    const answer = query.startsWith("ip6") ? [] : ["a"];
    const early = await list(query, { ...member, version: before });
    // Since 2.75 a filter that a user may not use yet is taken away as before; its name is known.
    assert.deepEqual(early, both, `${query} at ${before}`);
    assert.deepEqual(await list(query, { ...member, version: since }), answer, `${query} at ${since}`);
  }
  assert.deepEqual(await list("changes-before=2020-06-01T00:00:00Z", { version: "2.65" }), both);
  assert.deepEqual(await list("status=nonsense", { version: "2.37" }), []);
  assert.deepEqual(await list("nonsense=1", { version: "2.74" }), both);
  assert.deepEqual(await list("sort_key=memory_mb", { version: "2.74" }), both);
});

test("deleted servers are the administrator's to list by status", async () => {
  const gone = await t.boot({ name: "gone" });
  await t.api("DELETE", `/servers/${gone}`);
  await t.idle();
  const member = { token: "member:alpha" };
  const { status, body } = await t.api("GET", "/servers?status=DELETED");
  assert.deepEqual([status, body.forbidden.message], [403, "Only administrators may list deleted instances"]);
  assert.deepEqual(await list("status=DELETED"), ["gone"]);
  assert.deepEqual(await list("status=DELETED&status=ACTIVE"), ["a"]);
  assert.deepEqual(await list("deleted=true"), ["gone"]);
  assert.deepEqual(await list("deleted=true", member), ["a", "b"]);
  const since = "changes-since=2021-01-01T00:00:00Z";
  assert.deepEqual(await list(since, member), ["b", "gone"]);
  assert.deepEqual(await list(`${since}&deleted=false`, member), ["b", "gone"], "a user's wish is not heard");
  assert.deepEqual(await list(`${since}&deleted=false`), ["b"]);
  assert.deepEqual(await list("changes-before=2200-01-01T00:00:00Z", member), ["a", "b", "gone"]);
});

/** The other lists: path, key, query → what is to be found, or the status. */
test("each parameter of the other lists is honoured, or refused", async () => {
  const get = async (path: string, version = LATEST, token = ADMIN) => t.api("GET", path, { version, token });
  const actions = `/servers/${ids.b}/os-instance-actions`;
  const [hypervisor] = (await get("/os-hypervisors")).body.hypervisors;
  const host = hypervisor.hypervisor_hostname;
  const counts: readonly (readonly [path: string, key: string, count: number, version?: string])[] = [
    [`${actions}?changes-before=2020-01-01T00:00:00Z`, "instanceActions", 0, "2.66"],
    [`${actions}?changes-before=2200-01-01T00:00:00Z`, "instanceActions", requests.length, "2.66"],
    [`${actions}?changes-since=2200-01-01T00:00:00Z`, "instanceActions", 0, "2.58"],
    [`${actions}?limit=1`, "instanceActions", 1, "2.58"],
    [`${actions}?limit=1`, "instanceActions", requests.length, "2.57"],
    ["/flavors?minRam=1000000", "flavors", 0],
    ["/flavors?minDisk=1000000", "flavors", 0],
    ["/flavors?is_public=false", "flavors", 0],
    ["/os-keypairs?user_id=somebody", "keypairs", 0, "2.10"],
    ["/os-keypairs?user_id=somebody", "keypairs", 2, "2.9"],
    ["/os-services?binary=nova-compute", "services", 1],
    ["/os-services?host=far", "services", 0],
    ["/os-hosts?zone=moon", "hosts", 0, "2.42"],
    [`/os-hypervisors?hypervisor_hostname_pattern=${host}`, "hypervisors", 1],
    ["/os-server-groups?limit=5&offset=1", "server_groups", 0],
    ["/os-simple-tenant-usage?start=2019-01-01T00:00:00&end=2019-02-01T00:00:00", "tenant_usages", 0],
    ["/os-simple-tenant-usage?start=2019-01-01T00:00:00", "tenant_usages", 1],
    ["/os-migrations?hidden=true", "migrations", 0],
  ];
  for (const [path, key, count, version] of counts) {
    const { status, body } = await get(path, version);
    assert.equal(status, 200, `${path} ${JSON.stringify(body)}`);
    assert.equal(body[key].length, count, path);
  }
  const withServers = (await get(`/os-hypervisors/${hypervisor.id}?with_servers=true`)).body.hypervisor;
  assert.ok(withServers.servers.length > 0);
  assert.equal((await get(`/os-hypervisors/${hypervisor.id}?with_servers=false`)).body.hypervisor.servers, undefined);
  const detailed = "/os-simple-tenant-usage?start=2019-01-01T00:00:00&detailed=";
  assert.ok((await get(`${detailed}1`)).body.tenant_usages[0].server_usages);
  assert.equal((await get(`${detailed}0`)).body.tenant_usages[0].server_usages, undefined);
  assert.equal((await get("/limits?tenant_id=beta")).body.limits.absolute.totalInstancesUsed, 0);
  assert.equal((await get("/limits?tenant_id=beta", LATEST, "member:alpha")).status, 403);

  const strictSince = {
    "2.53": ["/os-hypervisors", "/os-hypervisors/detail"],
    "2.58": [actions],
    "2.59": ["/os-migrations"],
    "2.75": [
      "/servers",
      "/servers/detail",
      "/flavors",
      "/flavors/detail",
      "/limits",
      "/os-keypairs",
      "/os-keypairs/key-a",
      "/os-quota-sets/alpha",
      "/os-quota-sets/alpha/detail",
      "/os-server-groups",
      "/os-services",
      "/os-simple-tenant-usage",
      "/os-simple-tenant-usage/alpha",
      `/servers/${ids.a}/os-volume_attachments`,
    ],
  };
  for (const [version, paths] of Object.entries(strictSince)) {
    const [, minor = ""] = version.split(".");
    for (const path of paths) {
      assert.equal((await get(`${path}?nonsense=1`, version)).status, 400, `${path} at ${version}`);
      assert.equal(
        (await get(`${path}?nonsense=1`, `2.${Number(minor) - 1}`)).status,
        200,
        `${path} before ${version}`,
      );
    }
  }
});

test("values that are none, and what cannot be asked together", async () => {
  const actions = `/servers/${ids.b}/os-instance-actions`;
  const order = "changes-since=2020-01-02T00:00:00Z&changes-before=2020-01-01T00:00:00Z";
  for (const [path, message] of [
    [`${actions}?${order}`, /^The value of changes-since must be less than or equal to changes-before\.$/],
    [`/os-migrations?${order}`, /^The value of changes-since must be less than or equal to changes-before\.$/],
    [`${actions}?changes-before=x`, /^Invalid input for query parameters changes-before/],
    [`${actions}?limit=1&limit=2`, /^Invalid input for query parameters limit\. .* is too long$/],
    ["/os-hypervisors?with_servers=perhaps", /^Invalid input for query parameters with_servers/],
    [
      "/os-hypervisors?hypervisor_hostname_pattern=x&limit=1",
      /^Paging over hypervisors with the hypervisor_hostname_pattern/,
    ],
    ["/flavors?sort_key=nonsense", /^Invalid input for query parameters sort_key/],
    ["/flavors?sort_dir=up", /^Invalid input for query parameters sort_dir/],
    ["/flavors?minRam=x", /^Invalid minRam filter \[x\]$/],
    ["/os-simple-tenant-usage?start=x", /^Invalid datetime string: Datetime is in invalid format$/],
    [
      "/os-simple-tenant-usage?start=2020-01-02T00:00:00&end=2020-01-01T00:00:00",
      /^Invalid start time\. The start time cannot occur after the end time\.$/,
    ],
  ] as const) {
    const { status, body } = await t.api("GET", path, { token: ADMIN, version: LATEST });
    assert.equal(status, 400, path);
    assert.match(body.badRequest.message, message);
  }
});

test("a single user has quotas within the project's, which count beside those", async () => {
  const path = "/os-quota-sets/alpha";
  const user = identityOf(`member:alpha`)?.userId ?? "";
  const mine = `${path}?user_id=${user}`;
  const limits = async (of: string) => (await t.api("GET", of, { token: ADMIN })).body.quota_set;
  const put = (to: string, quota_set: Json) => t.api("PUT", to, { token: ADMIN, body: { quota_set } });
  await put(path, { instances: 8, force: true });
  assert.equal((await limits(mine)).instances, 8, "as the project has it");
  const set = await put(mine, { instances: 3, server_groups: 0 });
  assert.equal(set.status, 200);
  assert.equal(set.body.quota_set.instances, 3);
  assert.equal((await limits(mine)).instances, 3);
  assert.equal((await limits(path)).instances, 8, "the project keeps its own");
  assert.equal((await limits(`${path}?user_id=somebody-else`)).instances, 8);
  const group = { server_group: { name: "g", policies: ["affinity"] } };
  assert.equal((await t.api("POST", "/os-server-groups", { token: "member:alpha", body: group })).status, 403);
  const detail = (await t.api("GET", `${path}/detail?user_id=${user}`, { token: ADMIN })).body.quota_set;
  assert.equal(detail.server_groups.limit, 0);

  const refused = async (to: string, quota_set: Json, words: RegExp) => {
    const { status, body } = await put(to, quota_set);
    assert.equal(status, 400);
    assert.match(body.badRequest.message, words);
  };
  await refused(mine, { instances: 9 }, /limit 9 for instances must be less than or equal to 8/);
  await refused(mine, { instances: -1 }, /must be less than or equal to 8/);
  await refused(`${path}?user_id=somebody-else`, { instances: 6 }, /less than or equal to 5/);
  await refused(
    path,
    { instances: 2 },
    /limit 2 for instances must be greater than or equal to already used and reserved/,
  );

  assert.equal((await t.api("DELETE", mine, { token: ADMIN })).status, 202);
  assert.equal((await limits(mine)).instances, 8);
  await put(mine, { instances: 3 });
  assert.equal((await t.api("DELETE", path, { token: ADMIN })).status, 202);
  assert.equal((await limits(mine)).instances, 10, "all of the project's are gone");
});

test("a user's own limit stops the next server though the project has room", async () => {
  const user = identityOf("member:gamma")?.userId ?? "";
  const mine = `/os-quota-sets/gamma?user_id=${user}`;
  const body = { quota_set: { instances: 1 } };
  assert.equal((await t.api("PUT", mine, { token: ADMIN, body })).status, 200);
  await t.addNetwork("gamma", "of-gamma");
  await t.boot({}, "member:gamma");
  await assert.rejects(
    t.boot({}, "member:gamma"),
    /Quota exceeded for instances: Requested 1, but already used 1 of 1/,
  );
  const { quota_set } = (await t.api("GET", mine.replace("?", "/detail?"), { token: ADMIN })).body;
  assert.deepEqual(quota_set.instances, { limit: 1, in_use: 1, reserved: 0 });
  await t.api("DELETE", mine, { token: ADMIN });
  await t.boot({}, "member:gamma");
});
