import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { type NetworkApi, networkApi } from "./api.ts";

/** Networks of the types that neutron's ML2 has (neutron/plugins/ml2/drivers/type_*.py), on one host. */

let api: NetworkApi;
const ADMIN = "admin:ops";
const ME = "member:alpha";

before(async () => {
  api = await networkApi();
});
after(() => api.t.close());

const provider = (
  type?: string | null,
  segmentation_id?: number | string | null,
  physical_network?: string | null,
) => ({
  ...(type === undefined ? {} : { "provider:network_type": type }),
  ...(segmentation_id === undefined ? {} : { "provider:segmentation_id": segmentation_id }),
  ...(physical_network === undefined ? {} : { "provider:physical_network": physical_network }),
});
const make = (...wanted: Parameters<typeof provider>) => api.make(ADMIN, "network", provider(...wanted));
const of = (network: Json) =>
  ["network_type", "segmentation_id", "physical_network"].map((name) => network[`provider:${name}`]);

test("an admin's network has the type and number that are asked for, or the next free one; it is a bridge of this host", async () => {
  for (const type of ["vxlan", "gre", "geneve"]) {
    const network = await make(type, 4321);
    assert.deepEqual(of(network), [type, 4321, null]);
    assert.deepEqual(of(await make(type)), [type, 1, null]);
    assert.deepEqual(of(await make(type, null)), [type, 2, null]);
    await api.refused(ADMIN, "POST", "/networks", { network: provider(type, 4321) }, 409, "TunnelIdInUse");
    await api.call(ADMIN, "DELETE", `/networks/${network.id}`);
    assert.deepEqual(of(await make(type, "4321")), [type, 4321, null]);
  }
  assert.deepEqual(of(await make("vlan", 101, "public")), ["vlan", 101, "public"]);
  assert.deepEqual(of(await make("vlan")), ["vlan", 1, "public"]);
  assert.deepEqual(of(await make("local")), ["local", null, null]);
  const flat = await make("flat", undefined, "public");
  assert.deepEqual(of(flat), ["flat", null, "public"]);
  const plain = await api.make(ME, "network", {});
  assert.deepEqual(of(plain), [undefined, undefined, undefined], "not for members to see");

  await api.settled();
  const bridged = [...api.driver.networks.values()].filter(({ external }) => external).map(({ id }) => id);
  assert.deepEqual(bridged, [flat.id], "only the public network is on the public bridge");
});

test("what does not fit together is refused in neutron's words", async () => {
  const wrong: [Parameters<typeof provider>, number, RegExp][] = [
    [["token-ring"], 400, /network_type value 'token-ring' not supported/],
    [[undefined, 7], 400, /network_type required/],
    [["local", 7], 400, /segmentation_id prohibited for local/],
    [["vxlan", 7, "public"], 400, /provider:physical_network specified for vxlan network/],
    [["vlan", 7], 400, /segmentation_id requires physical_network for VLAN provider network/],
    [["vlan", 7, "attic"], 400, /physical_network 'attic' unknown for VLAN provider network/],
    [["vlan", 4095, "public"], 400, /segmentation_id out of range \(1 through 4094\)/],
    [["vlan", 101, "public"], 409, /The VLAN 101 on physical network public is in use/],
    [["flat"], 400, /physical_network required for flat/],
    [["flat", undefined, "attic"], 400, /physical_network 'attic' unknown for flat/],
    [["flat", undefined, "public"], 409, /Physical network public is in use/],
    [["gre", "seven"], 400, /'seven' is not an integer/],
  ];
  for (const [wanted, status, message] of wrong) {
    const said = await api.refused(ADMIN, "POST", "/networks", { network: provider(...wanted) }, status);
    assert.match(said.message, message);
  }
  await api.refused(ME, "POST", "/networks", { network: provider("vxlan", 7) }, 403);
});

test("the number of a VLAN changes while nothing is bound there, and nothing else of a segment does", async () => {
  const network = await make("vlan", 300, "public");
  assert.deepEqual(of(await api.change(ADMIN, "network", network.id, provider("vlan", 301))), ["vlan", 301, "public"]);
  const put = (id: string, body: Json, status: number) =>
    api.refused(ADMIN, "PUT", `/networks/${id}`, { network: body }, status);
  assert.match((await put(network.id, provider("vxlan"), 400)).message, /Plugin does not support updating/);
  await put(network.id, provider(undefined, 101), 409);
  const tunnel = await make("vxlan");
  assert.match((await put(tunnel.id, provider(undefined, 9), 400)).message, /Only VLAN type networks can be updated/);
  await api.make(ADMIN, "port", { network_id: network.id, device_id: "guest", "binding:host_id": "here" });
  assert.match((await put(network.id, provider(undefined, 302), 400)).message, /cannot be updated if any port/);
  const filtered = await api.call(ADMIN, "GET", "/networks?provider:network_type=vlan&provider:segmentation_id=301");
  assert.deepEqual(
    filtered.networks.map(({ id }: Json) => id),
    [network.id],
  );
});
