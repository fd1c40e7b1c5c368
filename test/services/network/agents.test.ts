import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { type NetworkApi, networkApi } from "./api.ts";

/** Agents: what an admin says of them, and what they serve. */

let api: NetworkApi;
const ADMIN = "admin:ops";
const ME = "member:alpha";
const MISSING = "6c1ef1f0-aaaa-4bbb-8ccc-000000000009";
let network: Json;
let router: Json;

before(async () => {
  api = await networkApi();
  network = await api.make(ME, "network", {});
  await api.make(ME, "subnet", { network_id: network.id, ip_version: 4, cidr: "10.0.0.0/24" });
  router = await api.make(ME, "router", {});
});
after(() => api.t.close());

const agents = async (query = ""): Promise<Json[]> => (await api.call(ADMIN, "GET", `/agents${query}`)).agents;
const agentOf = async (binary: string): Promise<Json> => (await agents(`?binary=neutron-${binary}-agent`))[0];

test("an agent is described and switched off; then it serves nothing, until it is switched on", async () => {
  const dhcp = await agentOf("dhcp");
  const described = await api.change(ADMIN, "agent", dhcp.id, { description: "the only one" });
  assert.deepEqual([described.id, described.description, described.admin_state_up], [dhcp.id, "the only one", true]);
  await api.settled();
  assert.notEqual(api.driver.networks.get(network.id)?.dhcp, null);
  assert.equal((await api.change(ADMIN, "agent", dhcp.id, { admin_state_up: false })).admin_state_up, false);
  assert.deepEqual(
    (await agents("?admin_state_up=False")).map(({ id }) => id),
    [dhcp.id],
  );
  await api.settled();
  assert.equal(api.driver.networks.get(network.id)?.dhcp, null);
  await api.change(ADMIN, "agent", dhcp.id, { admin_state_up: true });
  await api.settled();
  assert.notEqual(api.driver.networks.get(network.id)?.dhcp, null);

  const l3 = await agentOf("l3");
  await api.change(ADMIN, "agent", l3.id, { admin_state_up: false });
  await api.settled();
  assert.equal(api.driver.routers.has(router.id), false);
  await api.change(ADMIN, "agent", l3.id, { admin_state_up: true });
  await api.settled();
  assert.equal(api.driver.routers.has(router.id), true);

  await api.refused(ADMIN, "PUT", `/agents/${l3.id}`, { agent: { host: "elsewhere" } }, 400);
  await api.refused(ADMIN, "PUT", `/agents/${MISSING}`, { agent: { description: "x" } }, 404, "AgentNotFound");
  await api.refused(ME, "PUT", `/agents/${l3.id}`, { agent: { description: "x" } }, 403);
  assert.deepEqual((await api.call(ME, "GET", "/agents")).agents, []);
  await api.refused(ADMIN, "GET", "/agents?colour=red", undefined, 400);
});

test("a deleted agent is gone, and since it lives it comes back as a new one", async () => {
  const { id } = await agentOf("metadata");
  await api.change(ADMIN, "agent", id, { description: "old" });
  await api.call(ADMIN, "DELETE", `/agents/${id}`);
  await api.refused(ADMIN, "GET", `/agents/${id}`, undefined, 404, "AgentNotFound");
  await api.refused(ADMIN, "DELETE", `/agents/${id}`, undefined, 404, "AgentNotFound");
  assert.equal(await agentOf("metadata"), undefined);
  const { clock } = api.t.cloud.kernel;
  const now = clock.now();
  const later = { now: () => now + 30_001 };
  Object.assign(clock, later);
  const back = await agentOf("metadata");
  assert.notEqual(back.id, id);
  assert.equal(back.description, null);
});

test("routers are taken from the L3 agent and given back", async () => {
  const l3 = await agentOf("l3");
  const path = `/agents/${l3.id}/l3-routers`;
  const hosted = async () => (await api.call(ADMIN, "GET", path)).routers.map(({ id }: Json) => id);
  const hosts = async () => (await api.call(ADMIN, "GET", `/routers/${router.id}/l3-agents`)).agents.length;
  assert.deepEqual([await hosted(), await hosts()], [[router.id], 1]);
  await api.call(ADMIN, "DELETE", `${path}/${router.id}`);
  assert.deepEqual([await hosted(), await hosts()], [[], 0]);
  await api.settled();
  assert.equal(api.driver.routers.has(router.id), false);
  await api.call(ADMIN, "POST", path, { router_id: router.id });
  await api.call(ADMIN, "POST", path, { router_id: router.id });
  await api.settled();
  assert.deepEqual([await hosted(), api.driver.routers.has(router.id)], [[router.id], true]);
  await api.refused(ADMIN, "POST", path, { router_id: MISSING }, 404, "RouterNotFound");
  await api.refused(ADMIN, "DELETE", `${path}/${MISSING}`, undefined, 404, "RouterNotFound");
  const dhcp = await agentOf("dhcp");
  const body = { router_id: router.id };
  await api.refused(ADMIN, "POST", `/agents/${dhcp.id}/l3-routers`, body, 404, "InvalidL3Agent");
  await api.refused(ME, "GET", path, undefined, 403);
});

test("networks are taken from the DHCP agent and given back", async () => {
  const dhcp = await agentOf("dhcp");
  const path = `/agents/${dhcp.id}/dhcp-networks`;
  await api.call(ADMIN, "DELETE", `${path}/${network.id}`);
  await api.refused(ADMIN, "DELETE", `${path}/${network.id}`, undefined, 409, "NetworkNotHostedByDhcpAgent");
  await api.settled();
  assert.equal(api.driver.networks.get(network.id)?.dhcp, null);
  await api.call(ADMIN, "POST", path, { network_id: network.id });
  await api.refused(ADMIN, "POST", path, { network_id: network.id }, 409, "NetworkHostedByDHCPAgent");
  assert.equal((await api.call(ADMIN, "GET", path)).networks.length, 1);
});
