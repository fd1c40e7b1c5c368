import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { type NetworkApi, networkApi } from "./api.ts";

/** Flavors of routers with their profiles (neutron/db/flavors_db.py), and subnets that a pool takes over. */

let api: NetworkApi;
const ADMIN = "admin:ops";
const ME = "member:alpha";
const DRIVER = "neutron.services.l3_router.service_providers.single_node.SingleNodeDriver";
const MISSING = "6c1ef1f0-aaaa-4bbb-8ccc-000000000009";

before(async () => {
  api = await networkApi();
});
after(() => api.t.close());

const post = (path: string, body: Json, token = ADMIN) => api.call(token, "POST", path, body);
const refused = (method: string, path: string, body: Json, status: number, type?: string, token = ADMIN) =>
  api.refused(token, method, path, body, status, type);
const flavorOf = async (more: Json = {}) =>
  (await post("/flavors", { flavor: { name: "small", service_type: "L3_ROUTER_NAT", ...more } })).flavor;
const profileOf = async (more: Json = {}) =>
  (await post("/service_profiles", { service_profile: { driver: DRIVER, ...more } })).service_profile;

test("a flavor has profiles, the first of which says who makes a router of it", async () => {
  const [flavor, profile, other] = [await flavorOf(), await profileOf(), await profileOf({ description: "spare" })];
  assert.deepEqual([flavor.enabled, flavor.service_profiles], [true, []]);
  const path = `/flavors/${flavor.id}`;
  await refused("GET", `${path}/next_providers`, undefined, 404, "FlavorServiceProfileBindingNotFound");
  const made = await post(`${path}/service_profiles`, { service_profile: { id: profile.id } });
  assert.deepEqual(made.service_profile.service_profiles, [profile.id]);
  const again = { service_profile: { id: profile.id } };
  await refused("POST", `${path}/service_profiles`, again, 409, "FlavorServiceProfileBindingExists");
  await post(`${path}/service_profiles`, { service_profile: { id: other.id } });
  await refused(
    "POST",
    `${path}/service_profiles`,
    { service_profile: { id: MISSING } },
    404,
    "ServiceProfileNotFound",
  );
  const { next_providers } = await api.call(ADMIN, "GET", `${path}/next_providers`);
  assert.deepEqual(next_providers, [{ driver: DRIVER, provider: "single_node" }]);
  const shown = (await api.call(ADMIN, "GET", `/service_profiles/${profile.id}`)).service_profile;
  assert.deepEqual(shown.flavors, [flavor.id]);
  await refused("DELETE", `/service_profiles/${profile.id}`, undefined, 409, "ServiceProfileInUse");

  const router = await api.make(ME, "router", { flavor_id: flavor.id });
  assert.equal(router.flavor_id, flavor.id);
  await refused("DELETE", path, undefined, 409, "FlavorInUse");
  await api.call(ME, "DELETE", `/routers/${router.id}`);
  await api.call(ADMIN, "DELETE", `${path}/service_profiles/${profile.id}`);
  const gone = `${path}/service_profiles/${profile.id}`;
  await refused("DELETE", gone, undefined, 404, "FlavorServiceProfileBindingNotFound");
  await api.call(ADMIN, "DELETE", `/service_profiles/${profile.id}`);
  await api.change(ADMIN, "flavor", flavor.id, { enabled: false, description: "old" });
  const closed = { router: { flavor_id: flavor.id } };
  await refused("POST", "/routers", closed, 503, "FlavorDisabled", ME);
  await api.call(ADMIN, "DELETE", path);
  await refused("POST", "/routers", closed, 404, "FlavorNotFound", ME);
});

test("what a flavor and a profile cannot be, and who may make them", async () => {
  const flavor = { flavor: { name: "x", service_type: "FIREWALL" } };
  await refused("POST", "/flavors", flavor, 400, "InvalidServiceType");
  await refused("POST", "/flavors", { flavor: { name: "x" } }, 400);
  await refused("POST", "/service_profiles", { service_profile: {} }, 400, "ServiceProfileEmpty");
  const unknown = { service_profile: { driver: "a.b.C" } };
  await refused("POST", "/service_profiles", unknown, 404, "ServiceProfileDriverNotFound");
  const made = await flavorOf({ name: "seen" });
  await refused("POST", "/flavors", flavor, 403, undefined, ME);
  await refused("PUT", `/flavors/${made.id}`, { flavor: { name: "y" } }, 403, undefined, ME);
  const seen = (await api.call(ME, "GET", "/flavors?name=seen")).flavors;
  assert.deepEqual(
    seen.map(({ id }: Json) => id),
    [made.id],
  );
  const words = await profileOf({ driver: "", metainfo: "{'fast': true}" });
  await refused("GET", `/service_profiles/${words.id}`, undefined, 404, undefined, ME);
  assert.deepEqual((await api.call(ME, "GET", "/service_profiles")).service_profiles, []);
});

test("flavors and profiles come in pages", async () => {
  for (const name of ["p1", "p2", "p3"]) {
    await flavorOf({ name });
    await profileOf({ description: name });
  }
  for (const key of ["flavors", "service_profiles"]) {
    const all = (await api.call(ADMIN, "GET", `/${key}`))[key].map(({ id }: Json) => id);
    const seen: string[] = [];
    for (let marker = ""; ; marker = `&marker=${seen.at(-1)}`) {
      const page = await api.call(ADMIN, "GET", `/${key}?limit=1${marker}`);
      if (page[key].length === 0) break;
      seen.push(page[key][0].id);
    }
    assert.deepEqual(seen, all);
  }
});

test("a pool takes the subnets of a network over, unless they overlap what it has given away", async () => {
  const [network, other] = [await api.make(ME, "network", {}), await api.make(ME, "network", {})];
  const subnet = await api.make(ME, "subnet", { network_id: network.id, ip_version: 4, cidr: "10.0.1.0/24" });
  const six = await api.make(ME, "subnet", {
    network_id: network.id,
    ip_version: 6,
    cidr: "fd00::/64",
    enable_dhcp: false,
  });
  const pool = await api.make(ME, "subnetpool", { name: "p", prefixes: ["10.0.0.0/24"], default_prefixlen: 26 });
  const path = `/subnetpools/${pool.id}/onboard_network_subnets`;
  const onboarded = await api.call(ME, "PUT", path, { network_id: network.id });
  assert.deepEqual(onboarded, [{ id: subnet.id, cidr: "10.0.1.0/24" }]);
  const show = async (id: string) => (await api.call(ME, "GET", `/subnets/${id}`)).subnet;
  assert.deepEqual([(await show(subnet.id)).subnetpool_id, (await show(six.id)).subnetpool_id], [pool.id, null]);
  assert.deepEqual((await api.call(ME, "GET", `/subnetpools/${pool.id}`)).subnetpool.prefixes, ["10.0.0.0/23"]);
  await api.make(ME, "subnet", { network_id: other.id, ip_version: 4, cidr: "10.0.1.128/25" });
  await refused("PUT", path, { network_id: other.id }, 400, "IllegalSubnetPoolUpdate", ME);
  await refused("PUT", path, {}, 400, "InvalidInput", ME);
  await refused("PUT", path, { network_id: MISSING }, 404, "NetworkNotFound", ME);
});
