import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { type Heat, heat, hot } from "./support.ts";

const random = (properties: Json = {}) => ({ type: "OS::Heat::RandomString", properties });
const value = (content: unknown) => ({ type: "OS::Heat::Value", properties: { value: content } });
const tester = (properties: Json = {}) => ({ type: "OS::Heat::TestResource", properties });

describe("stacks", () => {
  let t: Heat;
  before(async () => {
    t = await heat();
  });
  after(() => t.close());

  test("a stack is made, found by its name, changed and deleted, and still answers at its full path", async () => {
    const made = await t.make("life", hot({ r: random({ length: 8 }) }, { r: { get_attr: ["r", "value"] } }));
    const shown = await made.show();
    assert.equal(shown.stack_status, "CREATE_COMPLETE");
    assert.equal(shown.stack_status_reason, "Stack CREATE completed successfully");
    const { r } = await made.outputs();
    assert.match(r, /^[A-Za-z0-9]{8}$/);
    for (const [path, end] of [
      ["stacks/life", ""],
      [`stacks/${made.id}`, ""],
      ["stacks/LIFE/events?limit=1", "/events?limit=1"],
    ] as const) {
      const found = await t.ask("GET", path);
      assert.equal(found.status, 302);
      assert.ok(found.headers.get("location")?.endsWith(`/stacks/life/${made.id}${end}`));
      assert.equal(found.body.code, "302 Found");
    }
    await made.update(hot({ r: random({ length: 8 }), v: value("x") }, { r: { get_attr: ["r", "value"] } }));
    assert.equal((await made.outputs()).r, r, "what does not change stays");
    await made.delete();
    assert.equal((await made.show()).stack_status, "DELETE_COMPLETE");
    const gone = await t.ask("GET", "stacks/life");
    assert.equal(gone.status, 404);
    assert.deepEqual(gone.body.error, {
      type: "EntityNotFound",
      traceback: null,
      message: "The Stack (life) could not be found.",
    });
    const all = (await t.ask("GET", "stacks?show_deleted=true")).body.stacks.map((one: Json) => one.id);
    assert.ok(all.includes(made.id));
  });

  test("names are compared without case, and must be names", async () => {
    await t.make("Btrue", hot({}));
    const again = await t.ask("POST", "stacks", { stack_name: "bTrue", template: hot({}) });
    assert.equal(again.status, 409);
    assert.equal(again.body.error.message, "The Stack (bTrue) already exists.");
    const bad = await t.ask("POST", "stacks", { stack_name: "1abc", template: hot({}) });
    assert.equal(bad.status, 400);
    assert.match(bad.body.error.message, /^Invalid stack name 1abc must contain only alphanumeric/);
  });

  test("what is wrong with a template is told with its place: twice the colons at a create, once at /validate", async () => {
    const template = hot({ s: { type: "OS::Heat::RandomString", properties: { bogus: 1 } } });
    const create = await t.ask("POST", "stacks", { stack_name: "wrong", template });
    assert.equal(create.status, 400);
    assert.equal(create.body.error.type, "StackValidationFailed");
    assert.equal(create.body.error.message, "Property error: : resources.s.properties: : Unknown Property bogus");
    const validate = await t.ask("POST", "validate", { template });
    assert.equal(validate.body.error.type, "HTTPBadRequest");
    assert.equal(validate.body.error.message, "Property error: resources.s.properties: Unknown Property bogus");
    const unknown = hot({ s: { type: "OS::Nova::Serverx" } });
    const type = await t.ask("POST", "stacks", { stack_name: "wrong", template: unknown });
    assert.equal(type.body.error.message, "The Resource Type (OS::Nova::Serverx) could not be found.");
  });

  test("a property that may not change makes a new resource; one that may is changed where it is", async () => {
    const stack = await t.make(
      "change",
      hot({ r: random({ length: 5 }), m: tester({ value: "one" }) }, { m: { get_attr: ["m", "output"] } }),
    );
    const before = await stack.resources();
    await stack.update(
      hot({ r: random({ length: 6, salt: "x" }), m: tester({ value: "two" }) }, { m: { get_attr: ["m", "output"] } }),
    );
    const later = await stack.resources();
    assert.notEqual(later.r.physical_resource_id, before.r.physical_resource_id, "replaced");
    assert.equal(later.r.resource_status, "CREATE_COMPLETE");
    assert.equal(later.m.physical_resource_id, before.m.physical_resource_id, "changed in place");
    assert.equal(later.m.resource_status, "UPDATE_COMPLETE");
    assert.equal((await stack.outputs()).m, "two");
    assert.equal(t.cloud.kernel.operations.list(`stack:${stack.id}`).length, 2);
  });

  test("a failure is told, and with rollback what was before comes back", async () => {
    const good = hot({ a: tester({ value: "good" }) }, { a: { get_attr: ["a", "output"] } });
    const stack = await t.make("back", good);
    await stack.update(hot({ a: tester({ value: "new" }), b: { ...tester({ fail: true }), depends_on: "a" } }), {
      disable_rollback: false,
    });
    const shown = await stack.show();
    assert.equal(shown.stack_status, "ROLLBACK_COMPLETE");
    assert.deepEqual(await stack.outputs(), { a: "good" });
    assert.deepEqual(Object.keys(await stack.resources()), ["a"]);
    const failing = await t.make("fails", hot({ b: tester({ fail: true }) }));
    const { stack_status, stack_status_reason } = await failing.show();
    assert.equal(stack_status, "CREATE_FAILED");
    assert.match(stack_status_reason, /^Resource CREATE failed: ValueError: resources\.b: /);
    await failing.delete();
  });

  test("a group has members by their index, and those that were removed do not come back", async () => {
    const group = (count: number, more: Json = {}) =>
      hot(
        {
          g: {
            type: "OS::Heat::ResourceGroup",
            properties: { count, resource_def: { type: "OS::Heat::RandomString" }, ...more },
          },
        },
        {
          refs: { get_attr: ["g", "refs_map"] },
          gone: { get_attr: ["g", "removed_rsrc_list"] },
          id: { get_resource: "g" },
        },
      );
    const stack = await t.make("grp", group(2));
    const before = await stack.outputs();
    assert.deepEqual(Object.keys(before.refs), ["0", "1"]);
    assert.equal((await stack.resources()).g.physical_resource_id, before.id);
    await stack.update(group(2, { removal_policies: [{ resource_list: ["0"] }] }));
    const less = await stack.outputs();
    assert.deepEqual(Object.keys(less.refs), ["1", "2"]);
    assert.equal(less.refs["1"], before.refs["1"], "it was not touched");
    assert.deepEqual(less.gone, ["0"]);
    await stack.update(group(3));
    assert.deepEqual(Object.keys((await stack.outputs()).refs), ["1", "2", "3"]);
    await stack.update(group(3, { removal_policies_mode: "update" }));
    assert.deepEqual(Object.keys((await stack.outputs()).refs), ["0", "1", "2"]);
    const nested = await t.ask("GET", `${stack.path}/resources?nested_depth=1`);
    assert.equal(nested.body.resources.length, 4);
    await stack.delete();
  });

  test("a template stands for a type, and its outputs for attributes", async () => {
    const files = {
      "n.yaml":
        "heat_template_version: 2016-10-14\nparameters:\n  p: {type: string}\nresources:\n  v: {type: 'OS::Heat::Value', properties: {value: {get_param: p}}}\noutputs:\n  o: {value: {get_attr: [v, value]}}\n",
    };
    const template = hot(
      { n: { type: "n.yaml", properties: { p: "z" } }, m: { type: "My::Type", properties: { p: "y" } } },
      { n: { get_attr: ["n", "o"] }, m: { get_attr: ["m", "o"] } },
    );
    const environment = { resource_registry: { "My::*": "Your::*", "Your::Type": "n.yaml" } };
    const stack = await t.make("nest", template, { files, environment });
    assert.deepEqual(await stack.outputs(), { n: "z", m: "y" });
    const { resources } = (await t.ask("GET", `${stack.path}/resources?nested_depth=2`)).body;
    assert.deepEqual(resources.map((one: Json) => `${one.parent_resource ?? ""}/${one.resource_name}`).sort(), [
      "/m",
      "/n",
      "m/v",
      "n/v",
    ]);
    await stack.delete();
  });

  test("events are newest first, and oldest first when asked", async () => {
    const stack = await t.make("ev", hot({ r: random() }));
    const events = (await t.ask("GET", `${stack.path}/events`)).body.events;
    assert.deepEqual(
      events.map((one: Json) => `${one.resource_name} ${one.resource_status}`),
      ["ev CREATE_COMPLETE", "r CREATE_COMPLETE", "r CREATE_IN_PROGRESS", "ev CREATE_IN_PROGRESS"],
    );
    const first = (await t.ask("GET", `${stack.path}/events?sort_dir=asc&limit=1`)).body.events;
    assert.equal(first[0].resource_status_reason, "Stack CREATE started");
    const none = await t.ask("GET", `${stack.path}/resources/nosuch/events`);
    assert.equal(none.status, 404);
    assert.equal(none.body.error.message, "No events found for resource nosuch");
  });

  test("an update takes over from a create that is under way", async () => {
    const slow = hot({ a: tester({ action_wait_secs: { create: 600 } }), b: { ...random(), depends_on: "a" } });
    const answer = await t.ask("POST", "stacks", { stack_name: "over", template: slow });
    assert.equal(answer.status, 201);
    const path = new URL(answer.body.stack.links[0].href).pathname;
    const changed = await t.ask("PUT", path, {
      template: hot({ c: value("there") }, { c: { get_attr: ["c", "value"] } }),
    });
    assert.equal(changed.status, 202);
    await t.idle();
    const { stack } = (await t.ask("GET", path)).body;
    assert.equal(stack.stack_status, "UPDATE_COMPLETE");
    const { resources } = (await t.ask("GET", `${path}/resources`)).body;
    assert.deepEqual(
      resources.map((one: Json) => one.resource_name),
      ["c"],
    );
  });

  test("servers, networks and volumes come and go, and leave nothing", async () => {
    const counts = async () => ({
      networks: (await t.ask("GET", "/networking/v2.0/networks")).body.networks.length,
      ports: (await t.ask("GET", "/networking/v2.0/ports")).body.ports.length,
      groups: (await t.ask("GET", "/networking/v2.0/security-groups")).body.security_groups.length,
      servers: (await t.ask("GET", "/compute/v2.1/servers")).body.servers.length,
      volumes: (await t.ask("GET", `/volume/v3/${t.project}/volumes`)).body.volumes.length,
      routers: (await t.ask("GET", "/networking/v2.0/routers")).body.routers.length,
    });
    const image = (
      await t.ask("POST", "/image/v2/images", { name: "tiny", disk_format: "raw", container_format: "bare" })
    ).body;
    await t.ask("PUT", `/image/v2/images/${image.id}/file`, "x".repeat(1024), {
      "content-type": "application/octet-stream",
    });
    const before = await counts();
    const network = { get_resource: "net" };
    const template = hot(
      {
        net: { type: "OS::Neutron::Net" },
        subnet: { type: "OS::Neutron::Subnet", properties: { network, cidr: "10.20.0.0/24" } },
        group: {
          type: "OS::Neutron::SecurityGroup",
          properties: { rules: [{ protocol: "tcp", port_range_min: 22, port_range_max: 22 }] },
        },
        port: {
          type: "OS::Neutron::Port",
          properties: {
            network,
            fixed_ips: [{ subnet: { get_resource: "subnet" }, ip_address: "10.20.0.50" }],
            security_groups: [{ get_resource: "group" }],
          },
        },
        router: { type: "OS::Neutron::Router", properties: { external_gateway_info: { network: "public" } } },
        interface: {
          type: "OS::Neutron::RouterInterface",
          properties: { router: { get_resource: "router" }, subnet: { get_resource: "subnet" } },
        },
        address: {
          type: "OS::Neutron::FloatingIP",
          depends_on: "interface",
          properties: { floating_network: "public", port_id: { get_resource: "port" } },
        },
        volume: { type: "OS::Cinder::Volume", properties: { size: 1 } },
        server: {
          type: "OS::Nova::Server",
          properties: {
            flavor: "m1.nano",
            image: "tiny",
            networks: [{ port: { get_resource: "port" } }, { network, fixed_ip: "10.20.0.20" }],
          },
          depends_on: "subnet",
        },
        attachment: {
          type: "OS::Cinder::VolumeAttachment",
          properties: { instance_uuid: { get_resource: "server" }, volume_id: { get_resource: "volume" } },
        },
      },
      {
        networks: { get_attr: ["server", "networks"] },
        first: { get_attr: ["server", "first_address"] },
        net: { get_resource: "net" },
      },
    );
    const stack = await t.make("infra", template);
    assert.equal((await stack.show()).stack_status, "CREATE_COMPLETE", (await stack.show()).stack_status_reason);
    const { networks, first, net } = await stack.outputs();
    const [byName, byId] = Object.keys(networks);
    assert.equal(byId, net, "each list twice: by name and by id");
    assert.ok(byName?.startsWith("infra-net-"));
    assert.deepEqual(
      networks[net].filter((one: string) => one.startsWith("10.20")),
      ["10.20.0.50", "10.20.0.20"],
      "in the order of the cards",
    );
    assert.equal(first, "10.20.0.50");
    await stack.delete();
    assert.equal((await stack.show()).stack_status, "DELETE_COMPLETE", (await stack.show()).stack_status_reason);
    assert.deepEqual(await counts(), before);
  });
});
