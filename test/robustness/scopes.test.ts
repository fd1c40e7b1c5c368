import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { formatMicroversion } from "../../src/kernel/http/microversion.ts";
import { PARAMETER } from "../../src/kernel/http/perform.ts";
import { anyone } from "../../src/kernel/policy/policy.ts";
import { createWorld, type ServiceRoute, type World } from "./support/world.ts";

/**
 * oslo.policy's scopes as DevStack enforces them: the role admin on a domain or on the system opens nothing in the services for
 * projects. cinder alone has no scopes in its policies, in Zed and since.
 */
describe("tokens of a domain and of the system are for the identity service", () => {
  let world: World;
  const tokens: Record<string, string> = {};

  before(async () => {
    world = await createWorld();
    const domain = (await world.as("admin", "POST", "/identity/v3/domains", { domain: { name: "scoped" } })).body.domain
      .id;
    const roles = (await world.as("admin", "GET", "/identity/v3/roles?name=admin")).body.roles;
    const users = (await world.as("admin", "GET", "/identity/v3/users?name=admin")).body.users;
    const grant = `/identity/v3/domains/${domain}/users/${users[0].id}/roles/${roles[0].id}`;
    assert.equal((await world.as("admin", "PUT", grant)).status, 204);
    const user = { id: users[0].id, password: "secret" };
    for (const [kind, scope] of Object.entries({
      domain: { domain: { id: domain } },
      system: { system: { all: true } },
    })) {
      const body = { auth: { identity: { methods: ["password"], password: { user } }, scope } };
      const answer = await world.request("POST", "/identity/v3/auth/tokens", { body });
      tokens[kind] = answer.headers.get("x-subject-token") ?? "";
    }
  });
  after(() => world.close());

  /** Bodies that glance takes: it looks at them before it asks who sends them. */
  const taken: Readonly<Record<string, { body: unknown; type: string }>> = {
    "images:update": { body: [], type: "application/openstack-images-v2.1-json-patch" },
    "image-data:upload": { body: "x", type: "application/octet-stream" },
    "image-data:stage": { body: "x", type: "application/octet-stream" },
    "image-import:start": { body: { method: { name: "glance-direct" } }, type: "application/json" },
  };
  const call = (token: string | undefined, { service, route }: ServiceRoute) => {
    const path = route.path.replaceAll(PARAMETER, (_, name: string) => world.ids[name.replace(/_id$/, "")] ?? "x");
    const scheme = service.api.microversions;
    const version = Math.min(scheme?.max ?? 0, route.microversions?.max ?? Number.POSITIVE_INFINITY);
    const { body, type } = taken[route.name] ?? { body: { [route.action ?? "x"]: {} }, type: "application/json" };
    return world.request(route.method, service.endpoint.prefix + path, {
      token: token ?? "",
      ...(/^(GET|HEAD|DELETE)$/.test(route.method) ? {} : { body }),
      headers: {
        accept: "application/json",
        "content-type": type,
        ...(scheme === null ? {} : { "openstack-api-version": `${scheme.service} ${formatMicroversion(version)}` }),
      },
    });
  };

  for (const kind of ["domain", "system"]) {
    test(`compute, image and placement refuse everything to a ${kind}'s admin`, async () => {
      const wrong: string[] = [];
      for (const target of world.routes) {
        const { service, route } = target;
        if (!["compute", "image", "placement"].includes(service.name)) continue;
        // What glance answers without asking a policy: schemas, and what it can do.
        if (world.cloud.kernel.policies.rule(route.policy) === anyone || route.policy.startsWith("image:")) continue;
        const { status } = await call(tokens[kind], target);
        if (status !== 403 && status !== 404) wrong.push(`${service.name} ${route.name}: ${status}`);
      }
      assert.deepEqual(wrong, []);
    });

    test(`no list of networks and their like shows a ${kind}'s admin what is a project's`, async () => {
      const { ids } = world;
      const own = Object.entries(ids)
        .filter(([name, id]) => name !== "public" && /^[0-9a-f-]{32,36}$/.test(id))
        .map(([, id]) => id);
      for (const list of [
        "networks",
        "subnets",
        "ports",
        "routers",
        "floatingips",
        "security-groups",
        "security-group-rules",
        "subnetpools",
        "address-scopes",
        "rbac-policies",
      ]) {
        const { status, body } = await world.request("GET", `/networking/v2.0/${list}`, { token: tokens[kind] ?? "" });
        assert.equal(status, 200, list);
        const shown = JSON.stringify(body);
        assert.deepEqual(
          own.filter((id) => shown.includes(id)),
          [],
          list,
        );
      }
      const shown = await world.request("GET", `/networking/v2.0/networks/${ids.network}`, {
        token: tokens[kind] ?? "",
      });
      assert.equal(shown.status, 404);
      const gone = await world.request("DELETE", `/networking/v2.0/networks/${ids.network}`, {
        token: tokens[kind] ?? "",
      });
      assert.equal(gone.status, 404);
    });
  }

  test("a domain's admin makes no domains, services or roles of the cloud; the system's does", async () => {
    for (const [path, body] of [
      ["domains", { domain: { name: "more" } }],
      ["services", { service: { type: "more" } }],
      ["regions", { region: { id: "more" } }],
      ["roles", { role: { name: "more" } }],
      ["policies", { policy: { type: "x", blob: "x" } }],
    ] as const) {
      const make = (kind: string) => world.request("POST", `/identity/v3/${path}`, { token: tokens[kind] ?? "", body });
      assert.equal((await make("domain")).status, 403, path);
      assert.equal((await make("system")).status, 201, path);
    }
    const users = await world.request("GET", "/identity/v3/users", { token: tokens.domain ?? "" });
    assert.equal(users.status, 200);
  });
});
