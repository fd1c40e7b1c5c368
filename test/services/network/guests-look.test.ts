import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { type NetworkApi, networkApi } from "./api.ts";

/** All guests of a network are looked at when what their NICs show of it changes, and only then: there may be thousands. */

let api: NetworkApi;
let network: Json;
let subnet: Json;
const ME = "member:alpha";
let told: string[] = [];

before(async () => {
  api = await networkApi();
  api.t.cloud.kernel.events.on("network.devices.changed", "test", ({ deviceIds }) => {
    // The network service's own ports have devices, too.
    told.push(...deviceIds.filter((id) => id === "guest"));
  });
  network = await api.make(ME, "network", { name: "n" });
  subnet = await api.make(ME, "subnet", { network_id: network.id, ip_version: 4, cidr: "10.64.0.0/24" });
  await api.make(ME, "port", { network_id: network.id, device_id: "guest", device_owner: "compute:nova" });
  await api.make(ME, "port", { network_id: network.id });
  await api.t.cloud.kernel.events.idle();
});
beforeEach(() => {
  told = [];
});
after(() => api.t.close());

async function changed(singular: "network" | "subnet", changes: Json): Promise<string[]> {
  await api.change(ME, singular, singular === "network" ? network.id : subnet.id, changes);
  await api.t.cloud.kernel.events.idle();
  return told.splice(0);
}

test("a network's name and MTU are what guests show, its description is not", async () => {
  assert.deepEqual(await changed("network", { description: "d", admin_state_up: true }), []);
  assert.deepEqual(await changed("network", { name: "n" }), []);
  assert.deepEqual(await changed("network", { name: "other" }), ["guest"]);
  assert.deepEqual(await changed("network", { mtu: 1400 }), ["guest"]);
});

test("a subnet's gateway, DHCP, name servers and routes are what guests show, its name is not", async () => {
  assert.deepEqual(await changed("subnet", { name: "other", description: "d" }), []);
  assert.deepEqual(await changed("subnet", { dns_nameservers: [] }), []);
  assert.deepEqual(await changed("subnet", { dns_nameservers: ["192.0.2.53"] }), ["guest"]);
  assert.deepEqual(await changed("subnet", { host_routes: [{ destination: "192.0.2.0/24", nexthop: "10.64.0.9" }] }), [
    "guest",
  ]);
  assert.deepEqual(await changed("subnet", { enable_dhcp: false }), ["guest"]);
  assert.deepEqual(await changed("subnet", { gateway_ip: null }), ["guest"]);
});

test("guests show a subnet in which they give themselves an address, and no longer when it is gone", async () => {
  const body = { network_id: network.id, ip_version: 6, cidr: "fd00:64::/64" };
  const other = await api.make(ME, "subnet", { ...body, cidr: "fd00:65::/64" });
  await api.t.cloud.kernel.events.idle();
  assert.deepEqual(told.splice(0), []);
  await api.call(ME, "DELETE", `/subnets/${other.id}`);
  const slaac = await api.make(ME, "subnet", { ...body, ipv6_address_mode: "slaac", ipv6_ra_mode: "slaac" });
  await api.t.cloud.kernel.events.idle();
  assert.deepEqual(told.splice(0), ["guest"]);
  await api.call(ME, "DELETE", `/subnets/${slaac.id}`);
  await api.t.cloud.kernel.events.idle();
  assert.deepEqual(told, ["guest"]);
});
