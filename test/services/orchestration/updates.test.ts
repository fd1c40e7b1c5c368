import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { until } from "../../support/patience.ts";
import { type Heat, heat, hot, type Stack } from "./support.ts";

const of = (type: string, properties: Json = {}) => ({ type, properties });
const ref = (name: string) => ({ get_resource: name });
const attr = (...path: unknown[]) => ({ get_attr: path });

describe("what an update keeps, changes and replaces", () => {
  let t: Heat;
  before(async () => {
    t = await heat();
    const wanted = { name: "tiny", disk_format: "raw", container_format: "bare" };
    const image = (await t.ask("POST", "/image/v2/images", wanted)).body.id as string;
    await t.ask("PUT", `/image/v2/images/${image}/file`, "x".repeat(1024), {
      "content-type": "application/octet-stream",
    });
  });
  after(() => t.close());

  const complete = async (stack: Stack) => {
    const { stack_status, stack_status_reason } = await stack.show();
    assert.match(stack_status, /_COMPLETE$/, stack_status_reason);
  };
  const base = {
    net: of("OS::Neutron::Net", { name: "cards" }),
    subnet: of("OS::Neutron::Subnet", { network: ref("net"), cidr: "10.41.0.0/24" }),
    other: of("OS::Neutron::Subnet", { network: ref("net"), cidr: "10.42.0.0/24" }),
  };
  const server = (networks: Json[], more: Json = {}) =>
    of("OS::Nova::Server", { flavor: "m1.nano", image: "tiny", networks, ...more });
  const portsOf = async (id: string): Promise<Json[]> =>
    (await t.ask("GET", `/networking/v2.0/ports?device_id=${id}`)).body.ports;

  test("cards that the new list describes as well stay, others are unplugged, new ones are plugged in; ports of its own go", async () => {
    const template = (networks: Json[]) =>
      hot({ ...base, server: server(networks) }, { id: ref("server"), addresses: attr("server", "addresses") });
    const network = ref("net");
    const subnet = ref("subnet");
    const stack = await t.make("cards", template([{ network }]));
    await complete(stack);
    const { id } = await stack.outputs();
    const [first] = await portsOf(id);
    const address = first?.fixed_ips[0].ip_address as string;
    // The port may be on either subnet.
    const own = first?.fixed_ips[0].subnet_id as string;
    for (const same of [[{ subnet: own }], [{ network, subnet: own }], [{ port: first?.id }], [{ network }]]) {
      await stack.update(template(same));
      await complete(stack);
      assert.deepEqual(
        (await portsOf(id)).map((port) => port.id),
        [first?.id],
        JSON.stringify(same),
      );
    }
    await stack.update(template([{ network, fixed_ip: address }]));
    await complete(stack);
    assert.deepEqual(
      (await portsOf(id)).map((port) => port.id),
      [first?.id],
    );
    await stack.update(template([{ network, fixed_ip: address }, { subnet }]));
    await complete(stack);
    const two = await portsOf(id);
    assert.equal(two.length, 2);
    const second = two.find((port) => port.id !== first?.id);
    assert.match(second?.name, /^cards-server-.*-port-/, "a subnet needs a port of the resource's own");
    await stack.update(template([{ subnet: ref("other") }]));
    await complete(stack);
    const last = await portsOf(id);
    assert.equal(last.length, 1);
    assert.match(last[0]?.fixed_ips[0].ip_address, /^10\.42\./);
    assert.equal((await t.ask("GET", `/networking/v2.0/ports/${second?.id}`)).status, 404, "its own port went");
    assert.equal((await stack.outputs()).id, id, "it is the same server");
    await stack.delete();
    await complete(stack);
    assert.equal((await t.ask("GET", "/networking/v2.0/networks?name=cards")).body.networks.length, 0);
  });

  test("a subnet that somebody still has a port on goes when the port has gone", async () => {
    const stack = await t.make("used", hot(base, { net: ref("net") }));
    await complete(stack);
    const port = await t.ask("POST", "/networking/v2.0/ports", { port: { network_id: (await stack.outputs()).net } });
    assert.equal((await t.ask("DELETE", stack.path)).status, 204);
    const statusOf = async (name: string) => (await stack.resources())[name]?.resource_status;
    await until("a subnet is being deleted", 30, async () =>
      [await statusOf("subnet"), await statusOf("other")].includes("DELETE_IN_PROGRESS"),
    );
    assert.equal((await t.ask("DELETE", `/networking/v2.0/ports/${port.body.port.id}`)).status, 204);
    await t.idle();
    assert.equal((await stack.show()).stack_status, "DELETE_COMPLETE");
  });

  test("a server that is replaced hands its port over, and has it back when the stack goes back", async () => {
    const template = (user_data: string, fail: boolean) =>
      hot(
        {
          ...base,
          group: of("OS::Neutron::SecurityGroup", { name: "own" }),
          port: of("OS::Neutron::Port", { network: ref("net"), fixed_ips: [{ subnet: ref("subnet") }] }),
          server: server([{ port: ref("port") }], { user_data, user_data_format: "RAW" }),
          last: { ...of("OS::Heat::TestResource", { value: user_data, fail }), depends_on: "server" },
        },
        { id: ref("server"), port: ref("port") },
      );
    const stack = await t.make("handed", template("one", false));
    await complete(stack);
    const before = await stack.outputs();
    await stack.update(template("two", false));
    await complete(stack);
    const later = await stack.outputs();
    assert.notEqual(later.id, before.id);
    assert.equal(later.port, before.port);
    assert.deepEqual(
      (await portsOf(later.id)).map((port) => port.id),
      [before.port],
    );
    await stack.update(template("three", true), { disable_rollback: false });
    assert.equal((await stack.show()).stack_status, "ROLLBACK_COMPLETE", (await stack.show()).stack_status_reason);
    assert.equal((await stack.outputs()).id, later.id, "the server of before");
    await until("it has its port", 30, async () => (await portsOf(later.id)).length === 1);
    await stack.delete();
    await complete(stack);
  });

  test("a port that is replaced hands its address over", async () => {
    const template = (name: string) =>
      hot(
        {
          ...base,
          port: of("OS::Neutron::Port", {
            network: ref("net"),
            fixed_ips: [{ subnet: ref("subnet"), ip_address: "10.41.0.77" }],
            name,
          }),
          again: { ...of("OS::Heat::Value", { value: name }), depends_on: "port" },
        },
        { id: ref("port"), ips: attr("port", "fixed_ips") },
      );
    const stack = await t.make("port", template("one"));
    await complete(stack);
    const { id } = await stack.outputs();
    const marked = await t.ask("PATCH", `${stack.path}/resources/port`, { mark_unhealthy: true });
    assert.equal(marked.status, 200, JSON.stringify(marked.body));
    await stack.update(template("one"));
    await complete(stack);
    const later = await stack.outputs();
    assert.notEqual(later.id, id);
    assert.equal(later.ips[0].ip_address, "10.41.0.77");
    await stack.delete();
    await complete(stack);
  });

  test("a resource that is somebody else's is referred to and left alone; it does not become the stack's own", async () => {
    const net = (await t.ask("POST", "/networking/v2.0/networks", { network: { name: "theirs" } })).body.network.id;
    const template = (external: boolean) =>
      hot(
        {
          n: { type: "OS::Neutron::Net", ...(external ? { external_id: net } : { properties: { name: "own" } }) },
          r: { type: "OS::Heat::TestResource", external_id: "foobar" },
        },
        { n: ref("n"), r: ref("r") },
      );
    const stack = await t.make("external", template(true));
    await complete(stack);
    assert.deepEqual(await stack.outputs(), { n: net, r: "foobar" });
    await stack.update(template(true));
    await complete(stack);
    await stack.update(template(false));
    const { stack_status, stack_status_reason } = await stack.show();
    assert.equal(stack_status, "UPDATE_FAILED");
    assert.match(stack_status_reason, /Update to property external_id of n \(OS::Neutron::Net\) is not supported\.$/);
    await stack.delete();
    await complete(stack);
    assert.equal((await t.ask("GET", `/networking/v2.0/networks/${net}`)).status, 200, "it is not deleted");
    await t.ask("DELETE", `/networking/v2.0/networks/${net}`);
  });

  test("a hook before an update is waited at whatever the update would do", async () => {
    const environment = { resource_registry: { resources: { r: { hooks: "pre-update" } } } };
    const template = (length: number) => hot({ r: of("OS::Heat::RandomString", { length }) }, { r: ref("r") });
    const stack = await t.make("hooked", template(5), { environment });
    const before = (await stack.resources()).r.physical_resource_id;
    let paused = 0;
    const update = async (length: number) => {
      const answer = await t.ask("PUT", stack.path, { template: template(length), environment });
      assert.equal(answer.status, 202);
      const events = async () => (await t.ask("GET", `${stack.path}/resources/r/events`)).body.events as Json[];
      const waits = (one: Json) => one.resource_status_reason === "UPDATE paused until Hook pre-update is cleared";
      await until("it waits", 30, async () => (await events()).filter(waits).length > paused);
      paused += 1;
      assert.equal((await stack.show()).stack_status, "UPDATE_IN_PROGRESS");
      const signal = await t.ask("POST", `${stack.path}/resources/r/signal`, { unset_hook: "pre-update" });
      assert.equal(signal.status, 200, JSON.stringify(signal.body));
      await t.idle();
      await complete(stack);
    };
    await update(5);
    assert.equal((await stack.resources()).r.physical_resource_id, before, "nothing changed");
    await update(7);
    assert.notEqual((await stack.resources()).r.physical_resource_id, before, "it was replaced");
    await stack.delete();
  });

  test("an update without tags takes them away, a patch keeps them", async () => {
    const stack = await t.make("tagged", hot({}), { tags: "a,b" });
    assert.equal((await t.ask("PATCH", stack.path, {})).status, 202);
    await t.idle();
    assert.deepEqual((await stack.show()).tags, ["a", "b"]);
    await stack.update(hot({}));
    assert.deepEqual((await stack.show()).tags ?? [], []);
    await stack.delete();
  });

  test("a subnet whose pools are taken out of its template has none: as heat, it asks for exactly that", async () => {
    const template = (pools: Json) =>
      hot(
        { net: base.net, s: of("OS::Neutron::Subnet", { network: ref("net"), cidr: "10.43.0.0/24", ...pools }) },
        { pools: attr("s", "allocation_pools") },
      );
    const stack = await t.make("pools", template({ allocation_pools: [{ start: "10.43.0.9", end: "10.43.0.20" }] }));
    await complete(stack);
    await stack.update(template({}));
    await complete(stack);
    assert.deepEqual((await stack.outputs()).pools, []);
    await stack.delete();
  });

  test("a stack that another cloud would make is told of in its words", async () => {
    const stack = (properties: Json) => hot({ s: of("OS::Heat::Stack", properties) });
    const refusal = async (properties: Json) =>
      (await t.ask("POST", "stacks", { stack_name: "remote", template: stack(properties) })).body.error.message;
    assert.equal(
      await refusal({ template: "heat_template_version: 2013-05-23\nresource: {}\n" }),
      'Failed validating stack template using Heat endpoint at region "RegionOne" due to "ERROR: The template section is invalid: resource"',
    );
    assert.equal(
      await refusal({ template: "heat_template_version: 2013-05-23\n", context: { region_name: "DARKHOLE" } }),
      'Cannot establish connection to Heat endpoint at region "DARKHOLE" due to "public endpoint for orchestration service in DARKHOLE region not found"',
    );
  });
});
