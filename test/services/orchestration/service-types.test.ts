import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { passwordLogin } from "../../support/identity.ts";
import type { Json } from "../../support/json.ts";
import { type Heat, heat, hot } from "./support.ts";

const of = (type: string, properties: Json = {}) => ({ type, properties });
const attr = (...path: string[]) => ({ get_attr: path });
const ref = (name: string) => ({ get_resource: name });

describe("types of resources that administrators use", () => {
  let t: Heat;
  let admin: string;
  let project: string;
  before(async () => {
    t = await heat({ local: { ALLOW_LOCAL_URLS: "True" } });
    const login = await t.request("POST", "/identity/v3/auth/tokens", {
      body: passwordLogin("admin", "admin", "secret"),
    });
    admin = login.headers.get("x-subject-token") ?? "";
    project = login.body.token.project.id;
  });
  after(() => t.close());

  const ask = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    t.request(method, path.startsWith("/") ? path : `/heat-api/v1/${project}/${path}`, {
      token: admin,
      headers: { accept: "application/json", ...headers },
      ...(body === undefined ? {} : { body }),
    });
  const state = async (path: string): Promise<Json> => (await ask("GET", path)).body.stack;
  /** Makes, changes and deletes a stack; between, what there is is looked at. Each must be COMPLETE. */
  const live = async (
    name: string,
    steps: readonly { template: Json; look: (outputs: Record<string, Json>) => Promise<void> }[],
  ) => {
    let path = "";
    for (const [index, { template, look }] of steps.entries()) {
      const body = index === 0 ? { stack_name: name, template } : { template };
      const answer = await ask(index === 0 ? "POST" : "PUT", index === 0 ? "stacks" : path, body);
      assert.equal(answer.status, index === 0 ? 201 : 202, JSON.stringify(answer.body));
      if (index === 0) path = `stacks/${name}/${answer.body.stack.id}`;
      await t.idle();
      const { stack_status, stack_status_reason, outputs } = await state(path);
      assert.match(stack_status, /_COMPLETE$/, stack_status_reason);
      await look(Object.fromEntries(outputs.map((one: Json) => [one.output_key, one.output_value])));
    }
    assert.equal((await ask("DELETE", path)).status, 204);
    await t.idle();
    const { stack_status, stack_status_reason } = await state(path);
    assert.equal(stack_status, "DELETE_COMPLETE", stack_status_reason);
  };

  test("a flavor has extra specs and projects, and goes", async () => {
    const template = (specs: Json) =>
      hot(
        {
          p: of("OS::Keystone::Project", { name: "small" }),
          f: of("OS::Nova::Flavor", {
            name: "of-stack",
            ram: 64,
            vcpus: 1,
            is_public: false,
            tenants: [ref("p")],
            extra_specs: specs,
          }),
        },
        { id: ref("f"), specs: attr("f", "extra_specs"), public: attr("f", "is_public"), project: ref("p") },
      );
    let id = "";
    await live("flavors", [
      {
        template: template({ a: "1", b: "2" }),
        look: async (outputs) => {
          id = outputs.id;
          assert.deepEqual(outputs.specs, { a: "1", b: "2" });
          assert.equal(outputs.public, false);
          const access = await ask("GET", `/compute/v2.1/flavors/${id}/os-flavor-access`);
          assert.deepEqual(access.body.flavor_access, [{ flavor_id: id, tenant_id: outputs.project }]);
        },
      },
      {
        template: template({ b: "3" }),
        look: async (outputs) => {
          assert.equal(outputs.id, id);
          assert.deepEqual(outputs.specs, { b: "3" });
        },
      },
    ]);
    assert.equal((await ask("GET", `/compute/v2.1/flavors/${id}`)).status, 404);
  });

  test("projects, users, groups, roles and what they may: all of identity in one template", async () => {
    const template = (email: string, roles: Json[]) =>
      hot(
        {
          d: of("OS::Keystone::Domain", { name: "realm" }),
          p: of("OS::Keystone::Project", { name: "lab", domain: ref("d"), tags: ["x"], description: "a lab" }),
          g: of("OS::Keystone::Group", {
            name: "crew",
            domain: ref("d"),
            roles: [{ role: "reader", project: ref("p") }],
          }),
          r: of("OS::Keystone::Role", { name: "gardener" }),
          u: of("OS::Keystone::User", {
            name: "eve",
            domain: ref("d"),
            email,
            password: "secret12",
            groups: [ref("g")],
            default_project: ref("p"),
            roles,
          }),
          a: of("OS::Keystone::UserRoleAssignment", { user: ref("u"), roles: [{ role: ref("r"), domain: ref("d") }] }),
          s: of("OS::Keystone::Service", { name: "weather", type: "weather" }),
          z: of("OS::Keystone::Region", { id: "north", description: "up" }),
          e: of("OS::Keystone::Endpoint", {
            service: ref("s"),
            region: ref("z"),
            interface: "public",
            url: "http://weather.example/",
          }),
        },
        { u: ref("u"), g: ref("g"), p: ref("p"), d: ref("d"), e: ref("e"), r: ref("r"), name: attr("p", "name") },
      );
    const rolesOf = async ({ u, p }: Record<string, Json>) =>
      (await ask("GET", `/identity/v3/projects/${p}/users/${u}/roles`)).body.roles.map((one: Json) => one.name);
    let made: Record<string, Json> = {};
    await live("identity", [
      {
        template: template("eve@example.org", [{ role: "member", project: ref("p") }]),
        look: async (outputs) => {
          made = outputs;
          assert.equal(outputs.name, "lab");
          assert.deepEqual(await rolesOf(outputs), ["member"]);
          assert.equal((await ask("GET", `/identity/v3/users/${outputs.u}`)).body.user.email, "eve@example.org");
          const groups = (await ask("GET", `/identity/v3/users/${outputs.u}/groups`)).body.groups;
          assert.deepEqual(
            groups.map((one: Json) => one.name),
            ["crew"],
          );
          const grants = await ask("GET", `/identity/v3/domains/${outputs.d}/users/${outputs.u}/roles`);
          assert.deepEqual(
            grants.body.roles.map((one: Json) => one.name),
            ["gardener"],
          );
          const { endpoint } = (await ask("GET", `/identity/v3/endpoints/${outputs.e}`)).body;
          assert.deepEqual([endpoint.region_id, endpoint.url], ["north", "http://weather.example/"]);
        },
      },
      {
        template: template("eve@example.com", [{ role: "reader", project: ref("p") }]),
        look: async (outputs) => {
          assert.equal(outputs.u, made.u, "it was changed where it is");
          assert.deepEqual(await rolesOf(outputs), ["reader"]);
          assert.equal((await ask("GET", `/identity/v3/users/${outputs.u}`)).body.user.email, "eve@example.com");
        },
      },
    ]);
    for (const path of [`users/${made.u}`, `groups/${made.g}`, `projects/${made.p}`, `domains/${made.d}`]) {
      assert.equal((await ask("GET", `/identity/v3/${path}`)).status, 404, path);
    }
    assert.equal((await ask("GET", "/identity/v3/regions/north")).status, 404);
  });

  test("quotas hold while their stack is there", async () => {
    const target = (await ask("POST", "/identity/v3/projects", { project: { name: "limited" } })).body.project.id;
    const quotas = async () => ({
      cores: (await ask("GET", `/compute/v2.1/os-quota-sets/${target}`)).body.quota_set.cores,
      volumes: (await ask("GET", `/volume/v3/${project}/os-quota-sets/${target}`)).body.quota_set.volumes,
      network: (await ask("GET", `/networking/v2.0/quotas/${target}`)).body.quota.network,
    });
    const before = await quotas();
    await live("quotas", [
      {
        template: hot({
          n: of("OS::Nova::Quota", { project: target, cores: 3 }),
          c: of("OS::Cinder::Quota", { project: "limited", volumes: 4 }),
          q: of("OS::Neutron::Quota", { project: target, network: 5 }),
        }),
        look: async () => assert.deepEqual(await quotas(), { cores: 3, volumes: 4, network: 5 }),
      },
    ]);
    assert.deepEqual(await quotas(), before);
    const none = hot({ n: of("OS::Nova::Quota", { project: target }) });
    const refused = await ask("POST", "stacks", { stack_name: "none", template: none });
    assert.match(refused.body.error.message, /^At least one of the following properties must be specified: /);
  });

  test("aggregates have hosts and metadata, volume types extra specs and projects", async () => {
    const [host] = (await ask("GET", "/compute/v2.1/os-services?binary=nova-compute")).body.services;
    const template = (metadata: Json) =>
      hot(
        {
          a: of("OS::Nova::HostAggregate", { name: "fast", hosts: [host.host], metadata }),
          v: of("OS::Cinder::VolumeType", {
            name: "gold",
            is_public: false,
            projects: [project],
            metadata: { grade: "1" },
          }),
          n: of("OS::Neutron::ProviderNet", { network_type: "vxlan", shared: false, name: "wire" }),
        },
        { a: ref("a"), v: ref("v"), n: ref("n") },
      );
    await live("aggregates", [
      {
        template: template({ ssd: "true" }),
        look: async ({ a, v, n }) => {
          const { aggregate } = (await ask("GET", `/compute/v2.1/os-aggregates/${a}`)).body;
          assert.deepEqual(aggregate.hosts, [host.host]);
          assert.equal(aggregate.metadata.ssd, "true");
          const { volume_type } = (await ask("GET", `/volume/v3/${project}/types/${v}`)).body;
          assert.deepEqual(volume_type.extra_specs, { grade: "1" });
          assert.equal(volume_type["os-volume-type-access:is_public"], false);
          const { network } = (await ask("GET", `/networking/v2.0/networks/${n}`)).body;
          assert.equal(network["provider:network_type"], "vxlan");
        },
      },
      {
        template: template({ ssd: "false" }),
        look: async ({ a }) => {
          const { aggregate } = (await ask("GET", `/compute/v2.1/os-aggregates/${a}`)).body;
          assert.equal(aggregate.metadata.ssd, "false");
        },
      },
    ]);
    const { aggregates } = (await ask("GET", "/compute/v2.1/os-aggregates")).body;
    assert.deepEqual(
      aggregates.filter((one: Json) => one.name === "fast"),
      [],
    );
  });

  test("who is no administrator does not see these types, and may not have one", async () => {
    const listed = (await t.ask("GET", "resource_types")).body.resource_types;
    assert.ok(!listed.includes("OS::Nova::Flavor") && listed.includes("OS::Nova::Server"));
    assert.ok((await ask("GET", "resource_types")).body.resource_types.includes("OS::Nova::Flavor"));
    assert.equal((await t.ask("GET", "resource_types/OS::Nova::Flavor")).status, 403);
    const template = hot({ f: of("OS::Nova::Flavor", { ram: 64, vcpus: 1 }) });
    const refused = await t.ask("POST", "stacks", { stack_name: "sly", template });
    assert.equal(refused.status, 403);
    assert.equal(refused.body.error.message, "You are not authorized to use OS::Nova::Flavor.");
  });

  test("types of services that the cloud does not have are not listed, and refused with the reason", async () => {
    const listed = (await ask("GET", "resource_types")).body.resource_types;
    for (const [type, reason] of [
      ["OS::Octavia::LoadBalancer", "octavia load-balancer endpoint is not in service catalog."],
      ["OS::Neutron::Trunk", "Required extension trunk in neutron service is not available."],
    ]) {
      assert.ok(!listed.includes(type));
      const message = `HEAT-E99001 Service ${reason?.startsWith("octavia") ? "octavia" : "neutron"} is not available for resource type ${type}, reason: ${reason}`;
      const shown = await ask("GET", `resource_types/${type}`);
      assert.deepEqual([shown.status, shown.body.error.message], [400, message]);
      const template = hot({ r: of(type ?? "", { anything: 1 }) });
      const made = await ask("POST", "stacks", { stack_name: "absent", template });
      assert.deepEqual([made.status, made.body.error.type], [400, "ResourceTypeUnavailable"]);
      assert.equal(made.body.error.message, message);
    }
    assert.ok(!listed.includes("OS::Neutron::RouterGateway"), "one that is hidden can be used, and is not shown");
    assert.equal((await ask("GET", "resource_types/OS::Neutron::RouterGateway")).status, 200);
  });

  test("a container has notes and access rules; with objects in it, it goes when that was asked for", async () => {
    const template = (purge: boolean) =>
      hot(
        {
          c: of("OS::Swift::Container", {
            name: "photos",
            PurgeOnDelete: purge,
            "X-Container-Read": ".r:*",
            "X-Container-Meta": { colour: "red" },
          }),
        },
        {
          id: ref("c"),
          count: attr("c", "ObjectCount"),
          root: attr("c", "RootURL"),
          web: attr("c", "WebsiteURL"),
          host: attr("c", "DomainName"),
          head: attr("c", "HeadContainer"),
        },
      );
    const made = await t.make("bucket", template(false));
    const outputs = await made.outputs();
    assert.equal(outputs.id, "photos");
    assert.equal(outputs.web, `${outputs.root}/photos`);
    assert.equal(new URL(outputs.root).hostname, outputs.host);
    assert.equal(outputs.head["x-container-meta-colour"], "red");
    assert.equal(outputs.head["x-container-read"], ".r:*");
    const account = `/object-store/v1/AUTH_${t.project}`;
    const put = await t.request("PUT", `${account}/photos/one`, { token: t.token, body: "bytes" });
    assert.equal(put.status, 201);
    assert.equal(String((await made.outputs()).count), "1");
    await made.delete();
    const { stack_status, stack_status_reason } = await made.show();
    assert.equal(stack_status, "DELETE_FAILED");
    assert.match(stack_status_reason, /non-empty container \(photos\)/);
    await t.request("DELETE", `${account}/photos/one`, { token: t.token });
    await made.delete();
    const again = await t.make("bucket", template(true));
    for (const name of ["a", "b/c"]) {
      await t.request("PUT", `${account}/photos/${name}`, { token: t.token, body: "bytes" });
    }
    await again.delete();
    assert.equal((await again.show()).stack_status, "DELETE_COMPLETE", (await again.show()).stack_status_reason);
    assert.equal((await t.request("GET", `${account}/photos`, { token: t.token })).status, 404);
  });

  test("an image's data comes from the web, and a URL that answers nothing is told", async () => {
    const server = createServer((request, response) => {
      if (request.url !== "/disk") response.writeHead(404).end();
      else response.end("x".repeat(2048));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const template = (path: string, more: Json = {}) =>
      hot(
        {
          i: of("OS::Glance::WebImage", {
            name: "web",
            disk_format: "raw",
            container_format: "bare",
            location: `http://127.0.0.1:${port}${path}`,
            ...more,
          }),
        },
        { id: ref("i") },
      );
    const stack = await t.make("web", template("/disk", { tags: ["a"], extra_properties: { colour: "red" } }));
    assert.equal((await stack.show()).stack_status, "CREATE_COMPLETE", (await stack.show()).stack_status_reason);
    const { id } = await stack.outputs();
    const image = async () => (await t.ask("GET", `/image/v2/images/${id}`)).body;
    const made = await image();
    assert.deepEqual([made.status, made.size, made.tags, made.colour], ["active", 2048, ["a"], "red"]);
    await stack.update(template("/disk", { tags: ["b"], extra_properties: { shape: "round" } }));
    const changed = await image();
    assert.deepEqual([changed.tags, changed.colour, changed.shape], [["b"], undefined, "round"]);
    await stack.delete();
    assert.equal((await t.ask("GET", `/image/v2/images/${id}`)).status, 404);
    const lost = await t.make("lost", template("/none"));
    assert.match((await lost.show()).stack_status_reason, /Image import failed/);
    await lost.delete();
    server.close();
  });
});
