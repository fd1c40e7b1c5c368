import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { type NetworkApi, networkApi } from "./api.ts";

/** RBAC policies: what they let others do, and when they cannot be taken back (neutron/db/rbac_db_mixin.py, external_net_db.py). */

let api: NetworkApi;
const ADMIN = "admin:ops";
const OWNER = "member:alpha";
const GUEST = "member:beta";

before(async () => {
  api = await networkApi();
});
after(() => api.t.close());

let outside: Json;
/** Every test has its own external network, which nobody may use yet. */
beforeEach(async () => {
  outside = await api.make(ADMIN, "network", { name: "outside" });
  const subnet = { network_id: outside.id, ip_version: 4, cidr: "172.24.4.0/24", enable_dhcp: false };
  await api.make(ADMIN, "subnet", subnet);
});

const share = (type: string, id: string, target_tenant: string, more: Json = {}, token = ADMIN): Promise<Json> =>
  api.make(token, "rbac_policy", {
    object_type: type,
    object_id: id,
    action: "access_as_shared",
    target_tenant,
    ...more,
  });
const external = { action: "access_as_external" };
const policiesOf = async (id: string): Promise<Json[]> =>
  (await api.call(ADMIN, "GET", `/rbac-policies?object_id=${id}`)).rbac_policies;
const remove = (policy: Json, token = ADMIN) => api.call(token, "DELETE", `/rbac-policies/${policy.id}`);
const kept = (policy: Json, token = ADMIN) =>
  api.refused(token, "DELETE", `/rbac-policies/${policy.id}`, undefined, 409, "RbacPolicyInUse");
const show = async (token: string, id: string) => (await api.call(token, "GET", `/networks/${id}`)).network;
const routerOf = (token: string, network_id: string) =>
  api.make(token, "router", { external_gateway_info: { network_id } });

test("a network becomes external for whom a policy names: seen, a gateway, floating addresses, and no more", async () => {
  await api.refused(GUEST, "GET", `/networks/${outside.id}`, undefined, 404);
  const policy = await share("network", outside.id, "beta", external);
  assert.deepEqual(Object.keys(policy).sort(), [
    "action",
    "id",
    "object_id",
    "object_type",
    "project_id",
    "target_tenant",
    "tenant_id",
  ]);
  const seen = await show(GUEST, outside.id);
  assert.deepEqual([seen["router:external"], seen.shared], [true, false]);
  await api.refused(OWNER, "GET", `/networks/${outside.id}`, undefined, 404);
  const foreign = { router: { external_gateway_info: { network_id: outside.id } } };
  await api.refused(OWNER, "POST", "/routers", foreign, 404);
  await api.refused(GUEST, "POST", "/ports", { port: { network_id: outside.id } }, 403);

  const router = await routerOf(GUEST, outside.id);
  const floating = await api.make(GUEST, "floatingip", { floating_network_id: outside.id });
  assert.match(floating.floating_ip_address, /^172\.24\.4\./);
  await kept(policy);
  const changed = { rbac_policy: { target_tenant: "gamma" } };
  await api.refused(ADMIN, "PUT", `/rbac-policies/${policy.id}`, changed, 409, "RbacPolicyInUse");
  await api.call(GUEST, "DELETE", `/routers/${router.id}`);
  await api.call(GUEST, "DELETE", `/floatingips/${floating.id}`);
  await remove(policy);
  assert.equal((await show(ADMIN, outside.id))["router:external"], false, "nobody is left whom it is external for");
  await api.refused(GUEST, "GET", `/networks/${outside.id}`, undefined, 404);
});

test("the policy for everybody of an external network stays while routers need it or it is the default", async () => {
  const open = await api.change(ADMIN, "network", outside.id, { "router:external": true });
  assert.equal(open["router:external"], true);
  const [everybody] = await policiesOf(outside.id);
  assert.deepEqual([everybody.action, everybody.target_tenant], ["access_as_external", "*"]);
  const router = await routerOf(GUEST, outside.id);
  assert.match((await kept(everybody)).message, /There are routers attached to this network/);
  const own = await share("network", outside.id, "beta", external);
  await remove(everybody);
  await kept(own);
  await api.call(GUEST, "DELETE", `/routers/${router.id}`);

  const standard = { name: "default", "router:external": true, is_default: true };
  const fallback = await api.make(ADMIN, "network", standard);
  const [wildcard] = await policiesOf(fallback.id);
  assert.match((await kept(wildcard)).message, /Default external networks must be shared to everyone/);
});

test("who owns a network shares it, also as external one, but not with everybody", async () => {
  const network = await api.make(OWNER, "network", { name: "mine" });
  await share("network", network.id, "beta", external, OWNER);
  assert.equal((await show(GUEST, network.id))["router:external"], true);
  const wide = { object_type: "network", object_id: network.id, action: "access_as_shared", target_tenant: "*" };
  await api.refused(OWNER, "POST", "/rbac-policies", { rbac_policy: wide }, 403, "PolicyNotAuthorized");
  const foreign = { ...wide, target_tenant: "gamma" };
  await api.refused(GUEST, "POST", "/rbac-policies", { rbac_policy: foreign }, 400, "InvalidInput");
  await api.refused(OWNER, "POST", "/rbac-policies", { rbac_policy: { ...foreign, action: "access_as_pet" } }, 400);
  const old = { ...foreign, target_tenant: undefined, target_project: "gamma" };
  const { message } = await api.refused(OWNER, "POST", "/rbac-policies", { rbac_policy: old }, 400);
  assert.match(message, /Unrecognized attribute\(s\) 'target_project'/);
});

test("sharing a network is a change of it, and cannot be undone while others have ports there", async () => {
  const network = await api.make(OWNER, "network", { name: "n" });
  await api.make(OWNER, "subnet", { network_id: network.id, ip_version: 4, cidr: "10.0.0.0/24" });
  const before = (await show(OWNER, network.id)).revision_number;
  const self = await share("network", network.id, "alpha", {}, OWNER);
  const policy = await share("network", network.id, "beta", {}, OWNER);
  assert.equal((await show(OWNER, network.id)).revision_number, before + 2);
  await api.make(OWNER, "port", { network_id: network.id });
  const port = await api.make(GUEST, "port", { network_id: network.id });
  const { message } = await kept(policy, OWNER);
  assert.match(message, /Multiple tenants are using it/);
  await remove(self, OWNER);
  const everybody = await share("network", network.id, "*");
  await remove(policy, OWNER);
  await kept(everybody);
  const unshared = { network: { shared: false } };
  await api.refused(ADMIN, "PUT", `/networks/${network.id}`, unshared, 409, "InvalidSharedSetting");
  await api.call(GUEST, "DELETE", `/ports/${port.id}`);
  assert.equal((await api.change(ADMIN, "network", network.id, { shared: false })).shared, false);
  assert.deepEqual(await policiesOf(network.id), []);
});

test("groups, pools and scopes are not taken back from those who use them", async () => {
  const group = await api.make(OWNER, "security_group", { name: "g" });
  const network = await api.make(GUEST, "network", {});
  const [forGroup] = [await share("security_group", group.id, "beta", {}, OWNER)];
  const port = await api.make(GUEST, "port", { network_id: network.id, security_groups: [group.id] });
  assert.match((await kept(forGroup, OWNER)).message, /project_id=beta/);
  await api.call(GUEST, "DELETE", `/ports/${port.id}`);
  await remove(forGroup, OWNER);

  const scope = await api.make(OWNER, "address_scope", { name: "s", ip_version: 4 });
  const pool = { name: "p", prefixes: ["10.64.0.0/16"], default_prefixlen: 24 };
  const mine = await api.make(OWNER, "subnetpool", { ...pool, address_scope_id: scope.id });
  const forBeta = { object_type: "subnetpool", object_id: mine.id, action: "access_as_shared", target_tenant: "beta" };
  const { message } = await api.refused(OWNER, "POST", "/rbac-policies", { rbac_policy: forBeta }, 400, "InvalidInput");
  assert.match(message, /target project doesn't have access to associated address scope/);
  const forScope = await share("address_scope", scope.id, "beta", {}, OWNER);
  const forPool = await share("subnetpool", mine.id, "beta", {}, OWNER);
  const subnet = await api.make(GUEST, "subnet", { network_id: network.id, ip_version: 4, subnetpool_id: mine.id });
  await kept(forPool, OWNER);
  await api.call(GUEST, "DELETE", `/subnets/${subnet.id}`);
  await remove(forPool, OWNER);
  const theirs = await api.make(GUEST, "subnetpool", {
    ...pool,
    prefixes: ["10.65.0.0/16"],
    address_scope_id: scope.id,
  });
  await kept(forScope, OWNER);
  const wider = { subnetpool: { prefixes: ["10.65.0.0/16", "10.66.0.0/16"] } };
  await api.refused(GUEST, "PUT", `/subnetpools/${theirs.id}`, wider, 400, "IllegalSubnetPoolUpdate");
  await api.call(GUEST, "DELETE", `/subnetpools/${theirs.id}`);
  await remove(forScope, OWNER);
});

test("a shared scope stays shared, its policies go with it, and a foreign one is not there", async () => {
  const scope = await api.make(ADMIN, "address_scope", { name: "s", ip_version: 4, shared: true });
  const [everybody] = await policiesOf(scope.id);
  assert.deepEqual([everybody.object_type, everybody.target_tenant], ["address_scope", "*"]);
  assert.equal((await api.call(GUEST, "GET", `/address-scopes/${scope.id}`)).address_scope.shared, true);
  const unshared = { address_scope: { shared: false } };
  await api.refused(ADMIN, "PUT", `/address-scopes/${scope.id}`, unshared, 400, "AddressScopeUpdateError");
  await api.call(ADMIN, "DELETE", `/address-scopes/${scope.id}`);
  assert.deepEqual(await policiesOf(scope.id), []);

  const hidden = await api.make(OWNER, "address_scope", { name: "h", ip_version: 4 });
  assert.equal(hidden.shared, false);
  const shared = await api.change(ADMIN, "address_scope", hidden.id, { shared: true });
  assert.equal(shared.shared, true);
  assert.equal((await api.call(GUEST, "GET", `/address-scopes/${hidden.id}`)).address_scope.shared, true);
  const secret = await api.make(OWNER, "address_scope", { name: "x", ip_version: 4 });
  const pool = { name: "p", prefixes: ["10.70.0.0/16"], default_prefixlen: 24, address_scope_id: secret.id };
  await api.refused(GUEST, "POST", "/subnetpools", { subnetpool: pool }, 404, "AddressScopeNotFound");
});

test("a wrong body is told of before it is asked whose thing it is", async () => {
  const pool = await api.make(OWNER, "subnetpool", { name: "p", prefixes: ["10.71.0.0/16"], default_prefixlen: 24 });
  const shared = { subnetpool: { shared: true } };
  const { message } = await api.refused(GUEST, "PUT", `/subnetpools/${pool.id}`, shared, 400);
  assert.equal(message, "Cannot update read-only attribute shared");
  await api.refused(GUEST, "PUT", `/subnetpools/${pool.id}`, { subnetpool: { name: "x" } }, 404);
  await api.refused(OWNER, "PUT", `/subnetpools/${pool.id}`, { subnetpool: { is_default: true } }, 403);
});
