import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { anyone } from "../../src/kernel/policy/policy.ts";
import { newestOf, PARAM, pathTo, versionHeaders } from "./support/target.ts";
import { createWorld, type Persona, type ServiceRoute, type World } from "./support/world.ts";

/**
 * What keystone, nova and their like let every user do whatever the role is: it concerns only the user's own account or
 * session, or answers a question by POST.
 */
const OWN_ACCOUNT: readonly RegExp[] = [
  /^identity (tokens|auth|v2|ec2|s3):/,
  /^identity users:change-password/,
  /^identity (application-credentials|access-rules|credentials|trusts):/,
  // nova: keypairs belong to the user, "(rule:admin_or_owner) user_id:%(user_id)s".
  /^compute keypairs:/,
  // Questions.
  /^block-storage volumes:os-show_image_metadata/,
  /^orchestration (stacks:(preview|lookup)|templates:validate)/,
];

describe("who may do what", () => {
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.close());

  /** A request to a record whose path names existing things of alpha's where there are such. */
  async function call(asker: Persona | { token: string }, { service, route }: ServiceRoute) {
    const headers = { accept: "application/json", ...versionHeaders(service, newestOf({ service, route })) };
    const body = /^(GET|HEAD|DELETE)$/.test(route.method) ? undefined : { [route.action ?? "x"]: {} };
    const whole = service.endpoint.prefix + pathTo(world, route);
    if (typeof asker === "string") return world.as(asker, route.method, whole, body, headers);
    return world.request(route.method, whole, { ...asker, body, headers });
  }

  /** A token of alpha's member for services of these types alone. */
  async function tokenForServices(types: readonly string[]): Promise<string> {
    const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    const access_rules = types.flatMap((service) => methods.map((method) => ({ service, method, path: "/**" })));
    const path = `/identity/v3/users/${world.ids.member}/application_credentials`;
    const body = { application_credential: { name: types.join(" "), access_rules } };
    const { id, secret } = (await world.as("member", "POST", path, body)).body.application_credential;
    const login = { methods: ["application_credential"], application_credential: { id, secret } };
    const answer = await world.request("POST", "/identity/v3/auth/tokens", { body: { auth: { identity: login } } });
    return answer.headers.get("x-subject-token") ?? "";
  }

  test("without a token every record but the public ones answers 401, and says so as keystone does", async () => {
    const wrong: string[] = [];
    for (const target of world.routes) {
      const rule = world.cloud.kernel.policies.rule(target.route.policy);
      // Records that share a path with a public one are public there.
      if (rule === anyone) continue;
      const answer = await call("anonymous", target);
      if (answer.status !== 401) wrong.push(`${target.service.name} ${target.route.name}: ${answer.status}`);
      else if (!answer.headers.get("www-authenticate")?.startsWith("Keystone uri=")) {
        wrong.push(`${target.service.name} ${target.route.name}: no www-authenticate`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  test("a token whose access rules are for all other services gets nothing of a service but 401", async () => {
    const services = world.cloud.services.map(({ definition }) => definition);
    const typesOf = (service: (typeof services)[number]) => service.endpoint.catalog.map(({ type }) => type);
    const wrong: string[] = [];
    for (const service of services) {
      const token = await tokenForServices(services.filter((other) => other !== service).flatMap(typesOf));
      for (const target of world.routes.filter((target) => target.service === service)) {
        if (world.cloud.kernel.policies.rule(target.route.policy) === anyone) continue;
        // A token may always ask about one.
        if (service.name === "identity" && target.route.name === "tokens:show") continue;
        const { status } = await call({ token }, target);
        if (status !== 401) wrong.push(`${service.name} ${target.route.name}: ${status}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  test("public records are the few that OpenStack has public (a password is changed by who knows the old one)", () => {
    const isPublic = world.routes
      .filter(({ route }) => world.cloud.kernel.policies.rule(route.policy) === anyone)
      .map(({ service, route }) => `${service.name} ${route.name}`);
    // What Swift's forms may is up to the signature in them, which the object store's own tests are about.
    const expected =
      /^\w[\w-]* (versions:|users:change-password$|tokens:create|v2:authenticate)|^object-store (info:|health:|crossdomain:|forms:|\w+:options$)/;
    assert.deepEqual(
      isPublic.filter((label) => !expected.test(label)),
      [],
    );
  });

  test("a reader writes nothing: no record that changes something answers with success", async () => {
    const before = await picture();
    const wrong: string[] = [];
    for (const target of world.routes) {
      const { service, route } = target;
      const label = `${service.name} ${route.name}`;
      if (/^(GET|HEAD|OPTIONS)$/.test(route.method) || OWN_ACCOUNT.some((pattern) => pattern.test(label))) continue;
      const answer = await call("reader", target);
      if (answer.status < 400) wrong.push(`${label}: ${answer.status}`);
    }
    assert.deepEqual(wrong, []);
    await world.idle();
    assert.deepEqual(await picture(), before);
  });

  test("a reader's good requests are forbidden, not only ill-formed ones", async () => {
    const { ids, projects } = world;
    const volumes = `/volume/v3/${projects.alpha}`;
    const wishes: [string, string, unknown][] = [
      ["POST", "/networking/v2.0/networks", { network: { name: "x" } }],
      ["PUT", `/networking/v2.0/networks/${ids.network}`, { network: { name: "x" } }],
      ["DELETE", `/networking/v2.0/ports/${ids.port}`, undefined],
      ["POST", "/networking/v2.0/ports", { port: { network_id: ids.network } }],
      ["POST", "/networking/v2.0/subnets", { subnet: { network_id: ids.network, ip_version: 4, cidr: "10.8.0.0/24" } }],
      ["POST", "/networking/v2.0/floatingips", { floatingip: { floating_network_id: ids.public } }],
      ["PUT", `/networking/v2.0/routers/${ids.router}/remove_router_interface`, { subnet_id: ids.subnet }],
      ["PUT", `/networking/v2.0/networks/${ids.network}/tags/x`, undefined],
      [
        "POST",
        "/compute/v2.1/servers",
        { server: { name: "x", imageRef: ids.image, flavorRef: "42", networks: [{ uuid: ids.network }] } },
      ],
      ["PUT", `/compute/v2.1/servers/${ids.server}`, { server: { name: "x" } }],
      ["POST", `/compute/v2.1/servers/${ids.server}/action`, { "os-stop": null }],
      ["POST", `/compute/v2.1/servers/${ids.server}/action`, { reboot: { type: "HARD" } }],
      ["POST", `/compute/v2.1/servers/${ids.server}/metadata`, { metadata: { a: "b" } }],
      ["DELETE", `/compute/v2.1/servers/${ids.server}`, undefined],
      ["POST", "/compute/v2.1/os-server-groups", { server_group: { name: "x", policies: ["affinity"] } }],
      ["DELETE", `/compute/v2.1/os-server-groups/${ids.server_group}`, undefined],
      ["POST", `${volumes}/volumes`, { volume: { size: 1 } }],
      ["PUT", `${volumes}/volumes/${ids.volume}`, { volume: { name: "x" } }],
      ["DELETE", `${volumes}/volumes/${ids.volume}`, undefined],
      ["POST", `${volumes}/snapshots`, { snapshot: { volume_id: ids.volume } }],
      ["POST", `${volumes}/volumes/${ids.volume}/action`, { "os-extend": { new_size: 2 } }],
      ["POST", "/image/v2/images", { name: "x", disk_format: "raw", container_format: "bare" }],
      ["DELETE", `/image/v2/images/${ids.image}`, undefined],
      ["PUT", `/image/v2/images/${ids.image}/tags/x`, undefined],
      ["POST", "/identity/v3/projects", { project: { name: "x" } }],
      ["PATCH", `/identity/v3/users/${ids.member}`, { user: { name: "x" } }],
      [
        "POST",
        `/heat-api/v1/${projects.alpha}/stacks`,
        { stack_name: "x", template: { heat_template_version: "2018-08-31" } },
      ],
      ["DELETE", `/heat-api/v1/${projects.alpha}/stacks/st/${ids.stack}`, undefined],
      ["PUT", `/placement/traits/CUSTOM_X`, undefined],
    ];
    const wrong: string[] = [];
    for (const [method, path, body] of wishes) {
      const headers: Record<string, string> = { accept: "application/json" };
      if (path.startsWith("/placement")) headers["openstack-api-version"] = "placement 1.39";
      const { status } = await world.as("reader", method, path, body, headers);
      if (status !== 403) wrong.push(`${method} ${path} ${JSON.stringify(body)}: ${status}`);
    }
    assert.deepEqual(wrong, []);
  });

  test("what belongs to a project is not there for another one", async () => {
    const wrong: string[] = [];
    assert.ok(world.owned.size >= 18);
    for (const [kind, path] of world.owned) {
      const own = await world.as("member", "GET", path, undefined, { accept: "application/json" });
      assert.equal(own.status, 200, `${kind}: its own project sees it: ${JSON.stringify(own.body)}`);
      // keystone forbids to look at another user's things instead of hiding them.
      const hidden = path.startsWith("/identity") ? 403 : 404;
      for (const method of ["GET", "DELETE"]) {
        // cinder's and heat's paths name the project of who asks.
        const asked = path.replace(/(?<=\/v[13]\/)[0-9a-f]{32}(?=\/)/, world.projects.beta);
        const other = await world.as("other", method, asked, undefined, { accept: "application/json" });
        if (other.status !== hidden) wrong.push(`${kind}: ${method} ${asked} → ${other.status}`);
        const text = JSON.stringify(other.body);
        if (text.includes('"name":')) wrong.push(`${kind}: ${method} shows ${text.slice(0, 200)}`);
      }
    }
    assert.deepEqual(wrong, []);
  });

  test("what is shared with another project is seen there and not changed", async () => {
    const { ids, projects } = world;
    const json = { accept: "application/json" };
    const image = `/image/v2/images/${ids.image}`;
    const network = `/networking/v2.0/networks/${ids.network}`;
    const rbac = {
      object_type: "network",
      object_id: ids.network,
      action: "access_as_shared",
      target_tenant: projects.beta,
    };
    const shared = await world.as("member", "POST", "/networking/v2.0/rbac-policies", { rbac_policy: rbac });
    assert.equal(shared.status, 201, JSON.stringify(shared.body));
    const joined = await world.as("member", "POST", `${image}/members`, { member: projects.beta }, json);
    assert.equal(joined.status, 200, JSON.stringify(joined.body));
    const patch = { "content-type": "application/openstack-images-v2.1-json-patch", ...json };
    const bytes = { "content-type": "application/octet-stream", ...json };
    const subnet = { network_id: ids.network, ip_version: 4, cidr: "10.66.0.0/24" };
    const wrong: string[] = [];
    for (const [method, path, status, body, headers] of [
      ["GET", network, 200, undefined, json],
      ["PUT", network, 403, { network: { name: "mine" } }, json],
      ["DELETE", network, 403, undefined, json],
      ["PUT", `${network}/tags/mine`, 403, undefined, json],
      ["POST", "/networking/v2.0/subnets", 403, { subnet }, json],
      ["GET", image, 200, undefined, json],
      ["PATCH", image, 403, JSON.stringify([{ op: "replace", path: "/name", value: "mine" }]), patch],
      ["PUT", `${image}/file`, 403, "mine", bytes],
      ["PUT", `${image}/tags/mine`, 403, undefined, json],
      ["POST", `${image}/members`, 403, { member: projects.beta }, json],
      ["DELETE", image, 403, undefined, json],
    ] as const) {
      const answer = await world.as("other", method, path, body, headers);
      if (answer.status !== status) wrong.push(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    await world.as("member", "DELETE", `${image}/members/${projects.beta}`);
    await world.as("member", "DELETE", `/networking/v2.0/rbac-policies/${shared.body.rbac_policy.id}`);
    assert.deepEqual(wrong, []);
  });

  test("no list of another project holds any of them", async () => {
    const lists = world.routes.filter(
      ({ route, service }) =>
        route.method === "GET" &&
        !PARAM.test(resetLast(route.path)) &&
        !(service.name === "identity") &&
        !/versions/.test(route.name),
    );
    const alphas = [
      "network",
      "subnet",
      "router",
      "port",
      "floatingip",
      "security_group",
      "security_group_rule",
      "subnetpool",
    ]
      .concat(["address_scope", "image", "server", "server_group", "volume", "snapshot"])
      .map((kind) => world.ids[kind] ?? kind);
    const wrong: string[] = [];
    for (const target of lists) {
      for (const query of [
        "",
        "?all_tenants=1",
        "?all_projects=1",
        `?project_id=${world.projects.alpha}`,
        `?tenant_id=${world.projects.alpha}`,
        `?owner=${world.projects.alpha}`,
      ]) {
        const answer = await world.as("other", "GET", target.service.endpoint.prefix + target.route.path + query);
        const text = JSON.stringify(answer.body);
        const seen = alphas.filter((id) => text.includes(`"id":"${id}"`));
        if (seen.length > 0) wrong.push(`${target.service.name} ${target.route.name}${query}: ${seen.join(", ")}`);
      }
    }
    assert.ok(lists.length > 40);
    assert.deepEqual(wrong, []);
  });

  /** What is there, as the admin sees it. */
  async function picture(): Promise<Record<string, number>> {
    const lists: [string, string][] = [
      ["/networking/v2.0/networks", "networks"],
      ["/networking/v2.0/ports", "ports"],
      ["/networking/v2.0/routers", "routers"],
      ["/compute/v2.1/servers/detail?all_tenants=1", "servers"],
      ["/compute/v2.1/os-keypairs", "keypairs"],
      ["/image/v2/images", "images"],
      ["/identity/v3/users", "users"],
      ["/identity/v3/projects", "projects"],
      ["/volume/v3/volumes/detail?all_tenants=1", "volumes"],
    ];
    const counts: Record<string, number> = {};
    for (const [path, key] of lists) {
      const answer = await world.as("admin", "GET", path);
      counts[key] = answer.body[key].length;
    }
    return counts;
  }
});

/** A regular expression with the flag g remembers where it was. */
function resetLast(path: string): string {
  PARAM.lastIndex = 0;
  return path;
}
