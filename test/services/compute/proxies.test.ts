import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { internalContext } from "../../../src/kernel/auth/context.ts";
import { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import { blockStorage } from "../../../src/services/block-storage/index.ts";
import { type ComputeLab, computeLab } from "./support.ts";

// biome-ignore lint/suspicious/noExplicitAny: bodies of several APIs
type Json = any;

const NONE = "00000000-0000-4000-8000-000000000000";

let t: ComputeLab;
before(async () => {
  t = await computeLab({
    // So that cinder's lists have pages.
    settings: { settings: { blockStorage: { maxLimit: 2 } } },
    services: [blockStorage({ driver: () => new FakeVolumeDriver(), hostname: "box" })],
  });
});
after(() => t.close());

const storage = () => t.cloud.kernel.facade("block-storage");
/** Status and, of an error, its message without neutron's request id. */
const said = async (method: string, path: string, body?: Json, token = "member:alpha"): Promise<[number, string]> => {
  const answer = await t.api(method, path, { token, ...(body === undefined ? {} : { body }) });
  const [error] = Object.values(answer.body ?? {}) as { message?: string }[];
  return [answer.status, error?.message ?? ""];
};
const firstLine = async (...args: Parameters<typeof said>): Promise<[number, string | undefined]> => {
  const [status, message] = await said(...args);
  return [status, message.split("\n")[0]];
};
const net = async (method: string, path: string, body?: Json, token = "admin:alpha"): Promise<Json> => {
  const answer = await t.request(method, `/networking/v2.0/${path}`, {
    token,
    ...(body === undefined ? {} : { body }),
  });
  assert.ok(answer.status < 300, `${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body;
};
const quota = (body: Json) => net("PUT", "quotas/alpha", { quota: body }, "admin:admin");
const groupOf = async (name: string): Promise<string> => {
  const body = { security_group: { name, description: "d" } };
  const made = await t.api("POST", "/os-security-groups", { body });
  assert.equal(made.status, 200);
  return made.body.security_group.id;
};

test("security groups: neutron's errors are nova's", async () => {
  const id = await groupOf("web");
  const path = `/os-security-groups/${id}`;
  const gone = await said("GET", `/os-security-groups/${NONE}`);
  assert.equal(gone[0], 404);
  assert.match(
    gone[1],
    /^Security group 0{8}-.* does not exist\nNeutron server returns request_ids: \['req-[0-9a-f-]{36}'\]$/,
  );
  assert.deepEqual(await firstLine("PUT", path, { security_group: { name: "x" } }, "member:beta"), [
    404,
    `Security group ${id} does not exist`,
  ]);
  assert.equal(
    (await t.api("PUT", path, { body: { security_group: { name: "www" } } })).body.security_group.name,
    "www",
  );

  const groups: Json[] = (await t.api("GET", "/os-security-groups")).body.security_groups;
  const own = groups.find(({ name }) => name === "default");
  assert.deepEqual(own.rules[0].group, { name: "default", tenant_id: "alpha" });
  assert.deepEqual(await firstLine("DELETE", `/os-security-groups/${own.id}`), [
    400,
    "Insufficient rights for removing default security group.",
  ]);
  const server = await t.boot({ security_groups: [{ name: "www" }] });
  assert.deepEqual(await firstLine("DELETE", path), [400, `Security Group ${id} in use.`]);
  assert.equal((await t.api("DELETE", `/servers/${server}`)).status, 204);
  await t.idle();
  assert.equal((await t.api("DELETE", path)).status, 202);

  await quota({ security_group: groups.length - 1 });
  try {
    const [status, message] = await firstLine("POST", "/os-security-groups", { security_group: { name: "more" } });
    assert.deepEqual([status, message], [403, "Quota exceeded for resources: ['security_group']."]);
  } finally {
    await quota({ security_group: 100 });
  }
});

test("their rules: a twin is a bad request, one too many is forbidden, a source is shown by its name", async () => {
  const [group, source] = [await groupOf("walls"), await groupOf("source")];
  const rules = "/os-security-group-rules";
  const ssh = { parent_group_id: group, ip_protocol: "tcp", from_port: 22, to_port: "22" };
  const made = await t.api("POST", rules, { body: { security_group_rule: ssh } });
  const { id } = made.body.security_group_rule;
  assert.deepEqual(made.body.security_group_rule, {
    ...{ id, parent_group_id: group, ip_protocol: "tcp", from_port: 22, to_port: 22, group: {} },
    ip_range: { cidr: "0.0.0.0/0" },
  });
  assert.deepEqual(await said("POST", rules, { security_group_rule: ssh }), [
    400,
    `This rule already exists in group ${group}`,
  ]);
  const missing = { security_group_rule: { ...ssh, parent_group_id: NONE } };
  assert.deepEqual(await firstLine("POST", rules, missing), [404, `Security group ${NONE} does not exist`]);
  assert.deepEqual(await said("POST", rules, { security_group_rule: { ...ssh, parent_group_id: "walls" } }), [
    400,
    "Security group id should be uuid",
  ]);
  await quota({ security_group_rule: 1 });
  try {
    const [status, message] = await firstLine("POST", rules, { security_group_rule: { ...ssh, from_port: 21 } });
    assert.deepEqual([status, message], [403, "Quota exceeded for resources: ['security_group_rule']."]);
  } finally {
    await quota({ security_group_rule: 100 });
  }
  const from = { parent_group_id: group, ip_protocol: "udp", group_id: source };
  const sourced = await t.api("POST", rules, { body: { security_group_rule: from } });
  assert.deepEqual(sourced.body.security_group_rule.group, { name: "source", tenant_id: "alpha" });
  assert.deepEqual([sourced.body.security_group_rule.from_port, sourced.body.security_group_rule.to_port], [1, 65535]);
  assert.equal((await t.api("DELETE", `${rules}/${id}`)).status, 202);
  assert.deepEqual(await firstLine("DELETE", `${rules}/${id}`), [404, `Security group rule ${id} does not exist`]);
});

test("their rules: from addresses with a protocol and ports only, from a group everything; what is no rule is told as nova does", async () => {
  const [group, source] = [await groupOf("gate"), await groupOf("guests")];
  const rules = "/os-security-group-rules";
  const post = (rule: Json) => said("POST", rules, { security_group_rule: { parent_group_id: group, ...rule } });
  const ssh = { ip_protocol: "tcp", from_port: 22, to_port: 22 };
  const few = "Not enough parameters to build a valid rule.";
  const wrong: [Json, string][] = [
    [{}, few],
    [{ ip_protocol: "tcp" }, few],
    [{ ip_protocol: "tcp", from_port: 1 }, few],
    [{ ip_protocol: "icmp" }, few],
    [{ from_port: 1, to_port: 2 }, few],
    [{ ...ssh, to_port: 21 }, "Invalid port range 22:21. Former value cannot be greater than the later"],
    [{ ...ssh, from_port: 0 }, "Invalid port range 0:22. Valid TCP ports should be between 1-65535"],
    [
      { ip_protocol: "icmp", from_port: 256, to_port: -1 },
      "Invalid port range 256:-1. For ICMP, the type:code must be valid",
    ],
    [{ ...ssh, from_port: "ssh" }, "Invalid input received: To and From ports must be integers"],
    [
      { ...ssh, ip_protocol: "icmp", to_port: "x" },
      "Invalid input received: Type and Code must be integers for ICMP protocol type",
    ],
    [{ ...ssh, ip_protocol: "sctp" }, "Invalid IP protocol sctp."],
    [{ ...ssh, ip_protocol: 6 }, "Invalid IP protocol 6."],
    [{ ...ssh, cidr: "10.0.0.0" }, "10.0.0.0 is not a valid IP network."],
    [{ ...ssh, cidr: "10.0.0.0/33" }, "10.0.0.0/33 is not a valid IP network."],
    [{ ...ssh, cidr: "10.0.0.0/0" }, "Bad prefix for network in cidr 10.0.0.0/0"],
    [{ ...ssh, group_id: "guests" }, "Security group id should be uuid"],
  ];
  for (const [rule, message] of wrong) assert.deepEqual(await post(rule), [400, message], JSON.stringify(rule));
  const kept = async (rule: Json) => {
    const { body } = await t.api("POST", rules, { body: { security_group_rule: { parent_group_id: group, ...rule } } });
    const { security_group_rule: made } = await net("GET", `security-group-rules/${body.security_group_rule.id}`);
    return [made.ethertype, made.protocol, made.port_range_min, made.port_range_max, made.remote_ip_prefix];
  };
  assert.deepEqual(await kept({ ...ssh, cidr: "::/0" }), ["IPv6", "tcp", 22, 22, "::/0"]);
  assert.deepEqual(await kept({ ...ssh, cidr: "" }), ["IPv4", "tcp", 22, 22, "0.0.0.0/0"]);
  assert.deepEqual(await kept({ group_id: source }), ["IPv4", null, null, null, null]);
  assert.deepEqual(
    await kept({ group_id: source, ip_protocol: "UDP" }),
    ["IPv4", "udp", null, null, null],
    "neutron takes all ports for no filter",
  );
  assert.deepEqual(await kept({ group_id: source, ip_protocol: "icmp" }), ["IPv4", "icmp", null, null, null]);
  // A twin from a group is neutron's conflict, which nova takes for a limit.
  assert.equal((await post({ group_id: source }))[0], 403);
});

test("groups are told by owner and name; a rule from anywhere is told as IPv4's, whatever its family", async () => {
  for (const name of ["zebra", "ant"]) await groupOf(name);
  await t.addSecurityGroup("beta", "ant");
  const list = async (query: string, token: string) =>
    (await t.api("GET", `/os-security-groups${query}`, { token })).body.security_groups;
  const told = (groups: Json[]) => groups.map(({ tenant_id, name }) => `${tenant_id} ${name}`);
  const own = told(await list("", "member:alpha"));
  assert.deepEqual(own, [...own].sort());
  const every = told(await list("?all_tenants=0", "admin:alpha"));
  assert.deepEqual(every, [...every].sort());
  assert.ok(every.includes("beta ant") && every.includes("alpha zebra"));
  assert.deepEqual(told(await list("?all_tenants=1", "member:alpha")), own);
  const id = await groupOf("six");
  const rule = { security_group_id: id, direction: "ingress", ethertype: "IPv6", protocol: "tcp" };
  await net("POST", "security-group-rules", { security_group_rule: rule });
  const { security_group } = (await t.api("GET", `/os-security-groups/${id}`)).body;
  assert.deepEqual(security_group.rules[0].ip_range, { cidr: "0.0.0.0/0" });
});

test("a server's groups are its ports': seen at once, added and taken off by name", async () => {
  const server = await t.boot();
  await groupOf("extra");
  const names = async () =>
    (await t.api("GET", `/servers/${server}/os-security-groups`)).body.security_groups
      .map(({ name }: Json) => name)
      .sort();
  const act = (key: string, name: string) => said("POST", `/servers/${server}/action`, { [key]: { name } });
  assert.deepEqual(await act("removeSecurityGroup", "extra"), [
    404,
    `Security group extra not associated with the instance ${server}`,
  ]);
  assert.deepEqual(await act("addSecurityGroup", "no-such"), [
    404,
    "Security group no-such is not found for project alpha",
  ]);
  assert.equal((await act("addSecurityGroup", "extra"))[0], 202);
  assert.deepEqual(await names(), ["default", "extra"]);
  assert.equal((await act("removeSecurityGroup", "extra"))[0], 202);
  assert.deepEqual(await names(), ["default"]);
  const wish = { name: "bare", imageRef: t.image.id, flavorRef: "42", networks: "none" };
  const bare: string = (await t.api("POST", "/servers", { version: "2.37", body: { server: wish } })).body.server.id;
  await t.idle();
  const body = { addSecurityGroup: { name: "extra" } };
  assert.deepEqual(await said("POST", `/servers/${bare}/action`, body), [
    404,
    `instance_id ${bare} could not be found as device id on any ports`,
  ]);
});

test("floating addresses: pools, quotas, exhaustion and where they lead, in nova's words", async () => {
  const server = await t.boot();
  const act = (key: string, value: Json) => said("POST", `/servers/${server}/action`, { [key]: value });
  const create = (pool?: string) => said("POST", "/os-floating-ips", pool === undefined ? null : { pool });
  assert.deepEqual(await create("none"), [404, "Floating IP pool not found."]);
  const { network } = await net("POST", "networks", { network: { name: "public", "router:external": true } });
  const subnet = { network_id: network.id, ip_version: 4, cidr: "203.0.113.0/29", enable_dhcp: false };
  const pools = [{ start: "203.0.113.2", end: "203.0.113.4" }];
  await net("POST", "subnets", { subnet: { ...subnet, allocation_pools: pools } });
  await quota({ floatingip: 1 });
  const made = (await t.api("POST", "/os-floating-ips", { body: { pool: "public" } })).body.floating_ip;
  assert.deepEqual(made, { id: made.id, ip: made.ip, pool: "public", fixed_ip: null, instance_id: null });
  assert.deepEqual(await create("public"), [403, "IP allocation over quota in pool public."]);
  assert.deepEqual(await create(), [403, "IP allocation over quota."]);
  await quota({ floatingip: -1 });
  const { port } = await net("POST", "ports", { port: { network_id: network.id } });
  const last = await t.api("POST", "/os-floating-ips", { body: { pool: network.id } });
  assert.equal(last.status, 200);
  assert.deepEqual(await create("public"), [404, "No more floating IPs in pool public."]);
  assert.deepEqual(await create(), [404, "No more floating IPs available."]);
  await net("DELETE", `ports/${port.id}`);

  const { server: shown } = (await t.api("GET", `/servers/${server}`)).body;
  const fixed: string = shown.addresses.private[0].addr;
  const [status, message] = await firstLine("POST", `/servers/${server}/action`, {
    addFloatingIp: { address: made.ip },
  });
  assert.equal(status, 400);
  assert.match(
    message ?? "",
    new RegExp(
      `^Unable to associate floating IP ${made.ip} to fixed IP ${fixed} for instance ${server}. Error: External`,
    ),
    "there is no router yet",
  );
  const { router } = await net("POST", "routers", {
    router: { name: "r", external_gateway_info: { network_id: network.id } },
  });
  const { subnets } = await net("GET", `subnets?network_id=${t.networkId}`);
  await net("PUT", `routers/${router.id}/add_router_interface`, { subnet_id: subnets[0].id });
  assert.deepEqual(await act("addFloatingIp", { address: "198.51.100.1" }), [404, "floating IP not found"]);
  assert.deepEqual(await act("addFloatingIp", { address: made.ip, fixed_address: "10.9.9.9" }), [
    400,
    "Specified fixed address not assigned to instance",
  ]);
  assert.equal((await act("addFloatingIp", { address: made.ip }))[0], 202);
  const addresses: Json[] = (await t.api("GET", `/servers/${server}`)).body.server.addresses.private;
  assert.deepEqual(
    addresses.map(({ addr }) => addr),
    [fixed, made.ip],
    "seen at once",
  );
  const associated = (await t.api("GET", `/os-floating-ips/${made.id}`)).body.floating_ip;
  assert.deepEqual([associated.fixed_ip, associated.instance_id], [fixed, server]);
  const twice = await firstLine("POST", `/servers/${server}/action`, {
    addFloatingIp: { address: last.body.floating_ip.ip },
  });
  assert.equal(twice[0], 400);
  assert.match(twice[1] ?? "", /^Cannot associate floating IP .* already has a floating IP on external network/);
  assert.deepEqual(await act("removeFloatingIp", { address: last.body.floating_ip.ip }), [
    409,
    `Floating IP ${last.body.floating_ip.ip} is not associated with instance ${server}.`,
  ]);
  assert.deepEqual(await act("removeFloatingIp", { address: "198.51.100.1" }), [
    404,
    "Floating IP not found for address 198.51.100.1.",
  ]);
  assert.equal((await act("removeFloatingIp", { address: made.ip }))[0], 202);
  const left: Json[] = (await t.api("GET", `/servers/${server}`)).body.server.addresses.private;
  assert.equal(left.length, 1);
  assert.deepEqual(await said("GET", `/os-floating-ips/${made.id}`, undefined, "member:beta"), [
    404,
    `Floating IP not found for ID ${made.id}`,
  ]);
  assert.equal((await t.api("DELETE", `/os-floating-ips/${made.id}`)).status, 202);
  assert.equal((await t.api("GET", "/os-floating-ips")).body.floating_ips.length, 1);
});

test("networks under their old names", async () => {
  const shown = (await t.api("GET", `/os-networks/${t.networkId}`)).body.network;
  assert.deepEqual([shown.id, shown.label, shown.cidr], [t.networkId, "private", null]);
  const { networks } = (await t.api("GET", "/os-tenant-networks")).body;
  assert.deepEqual(
    networks.find(({ id }: Json) => id === t.networkId),
    { id: t.networkId, cidr: "None", label: "private" },
  );
  assert.deepEqual(await said("GET", `/os-networks/${t.networkId}`, undefined, "member:beta"), [
    404,
    "Network not found",
  ]);
});

test("volumes and snapshots: what cinder refuses is invalid input, over quota is forbidden", async () => {
  const made = await t.api("POST", "/os-volumes", { body: { volume: { size: 1, display_name: "v" } } });
  const { id } = made.body.volume;
  assert.match(made.body.volume.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}$/);
  await storage().waitForVolume(id);
  const { snapshot } = (await t.api("POST", "/os-snapshots", { body: { snapshot: { volume_id: id } } })).body;
  await storage().waitForSnapshot(snapshot.id);
  const [status, message] = await said("DELETE", `/os-volumes/${id}`);
  assert.equal(status, 400);
  assert.match(message, /^Invalid input received: Invalid volume: .* \(HTTP 400\) \(Request-ID: req-[0-9a-f-]{36}\)$/);
  assert.deepEqual(await said("GET", `/os-volumes/${id}`, undefined, "member:beta"), [
    404,
    `Volume ${id} could not be found.`,
  ]);
  assert.deepEqual(await said("DELETE", `/os-snapshots/${snapshot.id}`, undefined, "member:beta"), [
    404,
    `Snapshot ${snapshot.id} could not be found.`,
  ]);
  assert.deepEqual(await said("POST", "/os-volumes", { volume: { size: 1, snapshot_id: NONE } }), [
    404,
    `Snapshot ${NONE} could not be found.`,
  ]);
  const server = await t.boot();
  const attach = { volumeAttachment: { volumeId: id } };
  assert.equal((await t.api("POST", `/servers/${server}/os-volume_attachments`, { body: attach })).status, 200);
  await t.idle();
  const shown = (await t.api("GET", `/os-volumes/${id}`)).body.volume;
  assert.deepEqual(shown.attachments, [{ id, volumeId: id, serverId: server, device: "/dev/vdb" }]);
  assert.equal((await said("POST", "/os-snapshots", { snapshot: { volume_id: id } }))[0], 400, "in use");
  const forced = await t.api("POST", "/os-snapshots", { body: { snapshot: { volume_id: id, force: true } } });
  assert.equal(forced.status, 200);
  await storage().waitForSnapshot(forced.body.snapshot.id);
  const set = { token: "admin:admin", body: { quota_set: { volumes: 1 } } };
  assert.equal((await t.request("PUT", "/volume/v3/os-quota-sets/alpha", set)).status, 200);
  const [refused, words] = await said("POST", "/os-volumes", { volume: { size: 1 } });
  assert.equal(refused, 403);
  assert.match(words, /Maximum number of volumes allowed \(1\) exceeded/);
});

test("every page of cinder's is in the old lists", async () => {
  const context = internalContext("req-test", "gamma");
  const set = { token: "admin:admin", body: { quota_set: { volumes: -1, gigabytes: -1 } } };
  assert.equal((await t.request("PUT", "/volume/v3/os-quota-sets/gamma", set)).status, 200);
  for (let index = 0; index < 3; index += 1) storage().createVolume(context, { sizeGb: 1 });
  const { volumes } = (await t.api("GET", "/os-volumes", { token: "member:gamma" })).body;
  assert.equal(volumes.length, 3);
  await t.idle();
});

test("without a block storage service there are no volumes under their old names either", async () => {
  const without = await computeLab();
  try {
    const { status, body } = await without.api("GET", "/os-volumes");
    assert.equal(status, 400);
    assert.match(body.badRequest.message, /not enabled in this cloud/);
  } finally {
    await without.close();
  }
});

test("images and their properties, as glance lets their caller", async () => {
  const id = (await t.addImage({ owner: "alpha", name: "mine", visibility: "shared" })).id;
  const path = `/images/${id}`;
  const metadata = async () => (await t.api("GET", `${path}/metadata`)).body.metadata;
  const properties = { "a.b": "1", os_distro: "debian" };
  assert.deepEqual(
    (await t.api("POST", `${path}/metadata`, { body: { metadata: properties } })).body.metadata,
    properties,
  );
  assert.deepEqual((await t.api("PUT", `${path}/metadata`, { body: { metadata: { x: "2" } } })).body.metadata, {
    x: "2",
  });
  const one = { meta: { y: "3" } };
  assert.deepEqual((await t.api("PUT", `${path}/metadata/y`, { body: one })).body, one);
  assert.deepEqual(await metadata(), { x: "2", y: "3" });
  assert.equal((await t.api("DELETE", `${path}/metadata/y`)).status, 204);
  assert.deepEqual((await t.api("GET", path)).body.image.metadata, { x: "2" });
  assert.deepEqual(await said("GET", path, undefined, "member:beta"), [404, "Image not found."]);
  assert.deepEqual(await said("POST", `/images/${t.image.id}/metadata`, { metadata: { x: "1" } }), [
    403,
    `Not authorized for image ${t.image.id}.`,
  ]);
  assert.deepEqual(await said("DELETE", `/images/${t.image.id}`), [403, "You are not allowed to delete the image."]);
  assert.deepEqual(await said("DELETE", `/images/${NONE}`), [404, "Image not found."]);
  const list: Json[] = (await t.api("GET", "/images/detail?property-x=2")).body.images;
  assert.deepEqual(
    list.map((image) => image.id),
    [id],
  );
  assert.equal((await t.api("DELETE", path)).status, 204);
});
