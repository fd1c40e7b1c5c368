import assert from "node:assert/strict";
import { test } from "node:test";
import type { Server } from "../../src/dashboard/ui/api/compute.ts";
import type { Network, Port, Router } from "../../src/dashboard/ui/api/network.ts";
import { nameOf, type Parts, topologyOf } from "../../src/dashboard/ui/pages/topology/model.ts";
import { placesOf } from "../../src/dashboard/ui/parts/graph/layout.ts";

const network = (id: string, more: Partial<Network> = {}): Network =>
  ({ id, name: id, project_id: "mine", shared: false, "router:external": false, ...more }) as Network;
const port = (id: string, on: string, device: string, owner: string, address: string, project = "mine"): Port =>
  ({
    id,
    name: "",
    network_id: on,
    device_id: device,
    device_owner: owner,
    project_id: project,
    fixed_ips: [{ ip_address: address, subnet_id: "s" }],
  }) as unknown as Port;
const server = (id: string): Server => ({ id, name: id }) as Server;

const parts: Parts = {
  networks: [
    network("public", { "router:external": true, project_id: "admin" }),
    network("lab"),
    network("foreign", { project_id: "other" }),
  ],
  subnets: [],
  routers: [
    {
      id: "r",
      name: "",
      project_id: "mine",
      external_gateway_info: { network_id: "public", external_fixed_ips: [{ ip_address: "172.24.4.9" }] },
    } as unknown as Router,
  ],
  ports: [
    port("gw", "public", "r", "network:router_gateway", "172.24.4.9", ""),
    port("if", "lab", "r", "network:router_interface", "10.0.0.1"),
    port("if6", "lab", "r", "network:router_interface", "fd00::1"),
    port("p1", "lab", "web", "compute:nova", "10.0.0.5"),
    port("spare", "lab", "", "", "10.0.0.7"),
    port("theirs", "foreign", "x", "compute:nova", "10.9.0.5", "other"),
    port("dhcp", "lab", "d", "network:dhcp", "10.0.0.2"),
  ],
  servers: [server("web"), server("alone")],
};

test("a topology leads from the way out inwards, and has what is the project's own", () => {
  const { things, lines } = topologyOf(parts, "mine");
  assert.deepEqual(
    things.map((thing) => [thing.kind, nameOf(thing)]),
    [
      ["network", "public"],
      ["router", "r"],
      ["network", "lab"],
      ["server", "web"],
      ["server", "alone"],
      ["port", "10.0.0.7"],
    ],
  );
  assert.deepEqual(
    lines.map(({ from, to, addresses }) => [from, to, addresses.join()]),
    [
      ["public", "r", "172.24.4.9"],
      ["r", "lab", "10.0.0.1,fd00::1"],
      ["lab", "web", "10.0.0.5"],
      ["lab", "spare", "10.0.0.7"],
    ],
  );
});

test("many servers of the same networks are one node", () => {
  const servers = Array.from({ length: 40 }, (_, index) => server(`s${index}`));
  const ports = servers.map(({ id }) => port(`p-${id}`, "lab", id, "compute:nova", "10.0.0.9"));
  const { things, lines } = topologyOf({ ...parts, servers, ports }, "mine");
  const grouped = things.find(({ kind }) => kind === "servers");
  assert.equal(grouped?.kind === "servers" && grouped.servers.length, 40);
  assert.equal(lines.filter(({ from, to }) => from === "lab" && to === grouped?.id).length, 1);
  assert.equal(things.filter(({ kind }) => kind === "server").length, 0);
});

test("a layout gives each node a place of its own, in layers, and the same ones again", () => {
  const { things, lines } = topologyOf(parts, "mine");
  const places = placesOf(things, lines, "LR");
  const x = (id: string) => places.get(id)?.x ?? Number.NaN;
  assert.ok(x("public") < x("r") && x("r") < x("lab") && x("lab") < x("web"));
  assert.equal(x("web"), x("spare"));
  assert.equal(new Set([...places.values()].map((place) => JSON.stringify(place))).size, things.length);
  assert.deepEqual(placesOf(things, lines, "LR"), places);
});
