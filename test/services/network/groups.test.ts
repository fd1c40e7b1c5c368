import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { type NetworkApi, networkApi } from "./api.ts";

/** Stateless security groups, groups of addresses, and what routers say of being highly available. */

let api: NetworkApi;
const ADMIN = "admin:ops";
const ME = "member:alpha";
const OTHER = "member:beta";
let network: Json;

before(async () => {
  api = await networkApi();
  network = await api.make(ME, "network", {});
  await api.make(ME, "subnet", { network_id: network.id, ip_version: 4, cidr: "10.0.0.0/24" });
});
after(() => api.t.close());

const bound = async (security_groups: string[]): Promise<Json> => {
  const port = await api.make(ME, "port", { network_id: network.id, security_groups, device_id: "guest" });
  return api.change(ADMIN, "port", port.id, { "binding:host_id": "here" });
};

test("a group is stateful unless it is made otherwise, and a port has groups of one kind", async () => {
  const plain = await api.make(ME, "security_group", { name: "plain" });
  const bare = await api.make(ME, "security_group", { name: "bare", stateful: false });
  assert.deepEqual([plain.stateful, bare.stateful], [true, false]);
  const mixed = { port: { network_id: network.id, security_groups: [plain.id, bare.id] } };
  await api.refused(ME, "POST", "/ports", mixed, 409, "SecurityGroupConflict");
  const port = await bound([bare.id]);
  const both = { port: { security_groups: [plain.id, bare.id] } };
  await api.refused(ME, "PUT", `/ports/${port.id}`, both, 409, "SecurityGroupConflict");
  await api.settled();
  const told = () => api.driver.firewall.ports.find(({ portId }) => portId === port.id)?.stateless;
  assert.equal(told(), true);
  const stateful = { security_group: { stateful: true } };
  await api.refused(ME, "PUT", `/security-groups/${bare.id}`, stateful, 409, "SecurityGroupInUse");
  assert.equal((await api.change(ME, "security_group", bare.id, { stateful: false, name: "x" })).name, "x");
  await api.change(ME, "port", port.id, { security_groups: [plain.id] });
  await api.settled();
  assert.equal(told(), false);
  assert.equal((await api.change(ME, "security_group", bare.id, { stateful: "true" })).stateful, true);
  await api.refused(ME, "GET", "/security-groups?stateful=True", undefined, 400);
});

test("addresses of a group are what a rule with it lets in, and change with it", async () => {
  const addresses = ["10.9.0.7/24", "2001:DB8::/32"];
  const made = await api.make(ME, "address_group", { name: "offices", addresses });
  assert.deepEqual(made.addresses, ["10.9.0.0/24", "2001:db8::/32"]);
  const path = `/address-groups/${made.id}`;
  const change = async (verb: string, ...list: string[]) =>
    (await api.call(ME, "PUT", `${path}/${verb}`, { addresses: list })).address_group.addresses;
  const group = await api.make(ME, "security_group", { name: "g" });
  const base = { security_group_id: group.id, direction: "ingress", protocol: "tcp" };
  const rule = await api.make(ME, "security_group_rule", { ...base, remote_address_group_id: made.id });
  assert.equal(rule.remote_address_group_id, made.id);
  const again = { security_group_rule: { ...base, remote_address_group_id: made.id } };
  await api.refused(ME, "POST", "/security-group-rules", again, 409, "SecurityGroupRuleExists");
  const two = { security_group_rule: { ...base, remote_address_group_id: made.id, remote_ip_prefix: "10.0.0.0/8" } };
  await api.refused(ME, "POST", "/security-group-rules", two, 400, "SecurityGroupMultipleRemoteEntites");
  await bound([group.id]);
  await api.settled();
  const members = () => api.driver.firewall.groups.find(({ id }) => id === made.id)?.memberAddresses;
  assert.deepEqual(members(), ["10.9.0.0/24", "2001:db8::/32"]);
  const desired = api.driver.firewall.groups.find(({ id }) => id === group.id)?.rules.find(({ id }) => id === rule.id);
  assert.equal(desired?.remoteGroupId, made.id);

  assert.deepEqual(await change("add_addresses", "10.9.1.1/32"), ["10.9.0.0/24", "2001:db8::/32", "10.9.1.1/32"]);
  await api.settled();
  assert.deepEqual(members(), ["10.9.0.0/24", "2001:db8::/32", "10.9.1.1"]);
  const refuse = (verb: string, list: Json, status: number, type?: string) =>
    api.refused(ME, "PUT", `${path}/${verb}`, { addresses: list }, status, type);
  await refuse("add_addresses", ["10.9.0.0/24", "10.9.9.0/24"], 400, "AddressesAlreadyExist");
  await refuse("remove_addresses", ["10.9.0.0/24", "10.9.9.0/24"], 404, "AddressesNotFound");
  await refuse("add_addresses", ["10.9.2.1"], 400);
  assert.deepEqual(await change("remove_addresses", "10.9.0.0/24", "2001:db8::/32"), ["10.9.1.1/32"]);

  await api.refused(ME, "DELETE", path, undefined, 409, "AddressGroupInUse");
  await api.call(ME, "DELETE", `/security-group-rules/${rule.id}`);
  await api.refused(ME, "PUT", path, { address_group: { addresses: [] } }, 400);
  assert.equal((await api.change(ME, "address_group", made.id, { description: "old" })).description, "old");
  await api.call(ME, "DELETE", path);
  await api.refused(ME, "GET", path, undefined, 404, "AddressGroupNotFound");
});

test("a group of addresses is its project's, and others' by a policy that stays while they use it", async () => {
  const made = await api.make(ME, "address_group", { name: "shared", addresses: ["10.8.0.0/16"] });
  const path = `/address-groups/${made.id}`;
  await api.refused(OTHER, "GET", path, undefined, 404);
  const group = await api.make(OTHER, "security_group", { name: "theirs" });
  const rule = {
    security_group_rule: { security_group_id: group.id, direction: "ingress", remote_address_group_id: made.id },
  };
  await api.refused(OTHER, "POST", "/security-group-rules", rule, 404, "AddressGroupNotFound");
  const target = {
    object_type: "address_group",
    object_id: made.id,
    action: "access_as_shared",
    target_tenant: "beta",
  };
  const policy = await api.make(ME, "rbac_policy", target);
  assert.equal((await api.call(OTHER, "GET", path)).address_group.shared, true);
  const { security_group_rule: used } = await api.call(OTHER, "POST", "/security-group-rules", rule);
  await api.refused(OTHER, "PUT", `${path}/add_addresses`, { addresses: ["10.7.0.0/16"] }, 403);
  await api.refused(ME, "DELETE", `/rbac-policies/${policy.id}`, undefined, 409, "RbacPolicyInUse");
  await api.call(OTHER, "DELETE", `/security-group-rules/${used.id}`);
  await api.call(ME, "DELETE", path);
  const left = await api.call(ADMIN, "GET", `/rbac-policies?object_id=${made.id}`);
  assert.deepEqual(left.rbac_policies, []);
});

test("whether a router is highly available is the admin's to say, while it is down", async () => {
  const router = await api.make(ADMIN, "router", { ha: true });
  assert.equal(router.ha, true);
  const off = { router: { ha: false } };
  await api.refused(ADMIN, "PUT", `/routers/${router.id}`, off, 400, "BadRequest");
  const down = await api.change(ADMIN, "router", router.id, { admin_state_up: false, ha: false });
  assert.deepEqual([down.ha, down.admin_state_up], [false, false]);
  const mine = await api.make(ME, "router", {});
  assert.equal(mine.ha, undefined, "not for members to see");
  await api.refused(ME, "POST", "/routers", { router: { ha: true } }, 403);
});
