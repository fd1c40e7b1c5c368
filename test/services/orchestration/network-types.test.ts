import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { type Heat, heat, hot } from "./support.ts";

const of = (type: string, properties: Json = {}) => ({ type, properties });
const ref = (name: string) => ({ get_resource: name });

describe("types of the network", () => {
  let t: Heat;
  before(async () => {
    t = await heat();
  });
  after(() => t.close());

  const NET = "/networking/v2.0";
  const complete = async (stack: Awaited<ReturnType<Heat["make"]>>) => {
    const { stack_status, stack_status_reason } = await stack.show();
    assert.match(stack_status, /_COMPLETE$/, stack_status_reason);
  };

  test("ports wait for subnets and floating addresses for the way outside, although nothing in the template says so", async () => {
    // Those that must wait stand first.
    const template = hot({
      fip: of("OS::Neutron::FloatingIP", { floating_network: "public", port_id: ref("port") }),
      port: of("OS::Neutron::Port", { network: ref("net") }),
      interface: of("OS::Neutron::RouterInterface", { router: ref("router"), subnet: ref("subnet") }),
      // The port may be on either subnet.
      beside: of("OS::Neutron::RouterInterface", { router: ref("router"), subnet: ref("other") }),
      router: of("OS::Neutron::Router", { external_gateway_info: { network: "public" } }),
      subnet: of("OS::Neutron::Subnet", { network: ref("net"), cidr: "10.31.0.0/24" }),
      other: of("OS::Neutron::Subnet", { network: ref("net"), cidr: "10.32.0.0/24" }),
      net: of("OS::Neutron::Net"),
    });
    const stack = await t.make("unsaid", template);
    await complete(stack);
    const resources = await stack.resources();
    assert.deepEqual(resources.subnet.required_by.sort(), ["interface", "port"]);
    assert.deepEqual(resources.other.required_by.sort(), ["beside", "port"]);
    assert.deepEqual(resources.interface.required_by, ["fip"]);
    assert.deepEqual(resources.router.required_by.sort(), ["beside", "fip", "interface"]);
    await stack.delete();
    await complete(stack);
  });

  test("what is said goes before what would be guessed: no circle comes of it", async () => {
    const template = hot({
      net: of("OS::Neutron::Net"),
      subnet: { ...of("OS::Neutron::Subnet", { network: ref("net"), cidr: "10.33.0.0/24" }), depends_on: "early" },
      early: of("OS::Neutron::Port", { network: ref("net") }),
    });
    const stack = await t.make("circle", template);
    await complete(stack);
    await stack.delete();
  });

  test("static routes come and go with their set, and those of others stay", async () => {
    const base = {
      net: of("OS::Neutron::Net"),
      subnet: of("OS::Neutron::Subnet", { network: ref("net"), cidr: "10.34.0.0/24" }),
      router: of("OS::Neutron::Router"),
      interface: of("OS::Neutron::RouterInterface", { router: ref("router"), subnet: ref("subnet") }),
      one: of("OS::Neutron::ExtraRoute", {
        router_id: ref("router"),
        destination: "192.0.2.0/24",
        nexthop: "10.34.0.9",
      }),
    };
    const route = (net: number, hop: number) => ({ destination: `203.0.${net}.0/24`, nexthop: `10.34.0.${hop}` });
    const template = (...routes: Json[]) =>
      hot({ ...base, set: of("OS::Neutron::ExtraRouteSet", { router: ref("router"), routes }) }, { id: ref("router") });
    const stack = await t.make("routes", template(route(1, 5), route(2, 6)));
    await complete(stack);
    const { id } = await stack.outputs();
    const routes = async () =>
      (await t.ask("GET", `${NET}/routers/${id}`)).body.router.routes
        .map((one: Json) => `${one.destination} ${one.nexthop}`)
        .sort();
    assert.deepEqual(await routes(), ["192.0.2.0/24 10.34.0.9", "203.0.1.0/24 10.34.0.5", "203.0.2.0/24 10.34.0.6"]);
    await stack.update(template(route(2, 6), route(3, 7)));
    await complete(stack);
    assert.deepEqual(await routes(), ["192.0.2.0/24 10.34.0.9", "203.0.2.0/24 10.34.0.6", "203.0.3.0/24 10.34.0.7"]);
    await stack.update(hot(base, { id: ref("router") }));
    assert.deepEqual(await routes(), ["192.0.2.0/24 10.34.0.9"]);
    await stack.delete();
    await complete(stack);
  });

  test("a port of a floating address is led inside, and elsewhere after an update", async () => {
    const template = (external_port: number) =>
      hot(
        {
          net: of("OS::Neutron::Net"),
          subnet: of("OS::Neutron::Subnet", { network: ref("net"), cidr: "10.35.0.0/24" }),
          router: of("OS::Neutron::Router"),
          gateway: of("OS::Neutron::RouterGateway", { router_id: ref("router"), network: "public" }),
          interface: of("OS::Neutron::RouterInterface", { router: ref("router"), subnet: ref("subnet") }),
          port: of("OS::Neutron::Port", {
            network: ref("net"),
            fixed_ips: [{ subnet: ref("subnet"), ip_address: "10.35.0.7" }],
          }),
          fip: of("OS::Neutron::FloatingIP", { floating_network: "public" }),
          forward: of("OS::Neutron::FloatingIPPortForward", {
            floating_ip: ref("fip"),
            external_port,
            internal_port: ref("port"),
            internal_ip_address: "10.35.0.7",
            internal_port_number: 22,
            protocol: "tcp",
          }),
        },
        { fip: ref("fip"), forward: ref("forward") },
      );
    const stack = await t.make("forward", template(2222));
    await complete(stack);
    const { fip, forward } = await stack.outputs();
    const shown = async () =>
      (await t.ask("GET", `${NET}/floatingips/${fip}/port_forwardings/${forward}`)).body.port_forwarding;
    assert.deepEqual([(await shown()).external_port, (await shown()).internal_port], [2222, 22]);
    await stack.update(template(2223));
    await complete(stack);
    assert.equal((await shown()).external_port, 2223);
    await stack.delete();
    await complete(stack);
  });
});
