import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Answer } from "../support/cloud.ts";
import { createWorld, type World } from "./support/world.ts";

/** How many run for the same thing at once. */
const RUNNERS = 8;

describe("many want the last one at the same moment", () => {
  let world: World;
  before(async () => {
    world = await createWorld();
  });
  after(() => world.close());

  const net = "/networking/v2.0";
  const member = (method: string, path: string, body?: unknown) =>
    world.as("member", method, path, body, {
      accept: "application/json",
      "openstack-api-version": "compute 2.96, volume 3.0",
    });

  /** Sends all before any is answered; `body` may differ by number. Answers how many were accepted and refused. */
  async function race(path: string, body: (n: number) => unknown, method = "POST"): Promise<Answer[]> {
    return Promise.all(Array.from({ length: RUNNERS }, (_, n) => member(method, path, body(n))));
  }

  function assertWinners(answers: readonly Answer[], winners: number, loses: number): Answer[] {
    const won = answers.filter(({ status }) => status < 300);
    const seen = answers.map(({ status }) => status).join(" ");
    assert.equal(won.length, winners, seen);
    for (const { status, body } of answers) {
      if (status >= 300) assert.equal(status, loses, `${seen}: ${JSON.stringify(body)}`);
    }
    return won;
  }

  describe("the last unit of a quota", () => {
    const networkQuota = (quota: Record<string, number>) =>
      world.as("admin", "PUT", `${net}/quotas/${world.projects.alpha}`, { quota });
    const used = async (path: string, key: string, filter = ""): Promise<number> =>
      (await world.as("admin", "GET", `${net}/${path}?project_id=${world.projects.alpha}${filter}`)).body[key].length;

    for (const [resource, path, key, body] of [
      ["network", "networks", "network", () => ({ network: { name: "q" } })],
      [
        "subnet",
        "subnets",
        "subnet",
        (n: number) => ({ subnet: { network_id: world.ids.network, ip_version: 4, cidr: `10.50.${n}.0/24` } }),
      ],
      ["port", "ports", "port", () => ({ port: { network_id: world.ids.network } })],
      ["router", "routers", "router", () => ({ router: { name: "q" } })],
      ["floatingip", "floatingips", "floatingip", () => ({ floatingip: { floating_network_id: world.ids.public } })],
      ["security_group", "security-groups", "security_group", () => ({ security_group: { name: "q" } })],
      [
        "security_group_rule",
        "security-group-rules",
        "security_group_rule",
        (n: number) => ({
          security_group_rule: {
            security_group_id: world.ids.security_group,
            direction: "ingress",
            protocol: "tcp",
            port_range_min: 1000 + n,
            port_range_max: 1000 + n,
          },
        }),
      ],
      [
        "subnetpool",
        "subnetpools",
        "subnetpool",
        (n: number) => ({ subnetpool: { name: "q", prefixes: [`10.${100 + n}.0.0/16`] } }),
      ],
    ] as const) {
      test(resource, async () => {
        const before = await used(path, `${key}s`);
        assert.equal((await networkQuota({ [resource]: before + 1 })).status, 200);
        assertWinners(await race(`${net}/${path}`, body), 1, 409);
        assert.equal(await used(path, `${key}s`), before + 1);
        await networkQuota({ [resource]: -1 });
      });
    }

    test("servers", async () => {
      const { ids, projects } = world;
      const limits = (await world.as("member", "GET", "/compute/v2.1/limits")).body.limits.absolute;
      const quota = (quota_set: Record<string, number>) =>
        world.as("admin", "PUT", `/compute/v2.1/os-quota-sets/${projects.alpha}`, { quota_set });
      const body = () => ({
        server: { name: "q", imageRef: ids.image, flavorRef: "42", networks: [{ uuid: ids.network }] },
      });
      const sets: Record<string, number>[] = [
        { instances: limits.totalInstancesUsed + 1 },
        { instances: -1, cores: limits.totalCoresUsed + 2 },
        { cores: -1, ram: limits.totalRAMUsed + 192 * 3 },
      ];
      for (const set of sets) {
        const answer = await quota(set);
        assert.equal(answer.status, 200, JSON.stringify(answer.body));
        assertWinners(await race("/compute/v2.1/servers", body), 1, 403);
      }
      await quota({ ram: -1 });
      await world.idle();
      const { servers } = (await member("GET", "/compute/v2.1/servers/detail")).body;
      assert.deepEqual([...new Set(servers.map(({ status }: { status: string }) => status))], ["ACTIVE"]);
    });

    test("server groups and their members", async () => {
      const { ids, projects } = world;
      const quota = (quota_set: Record<string, number>) =>
        world.as("admin", "PUT", `/compute/v2.1/os-quota-sets/${projects.alpha}`, { quota_set });
      await quota({ server_groups: 2, server_group_members: 1 });
      assertWinners(
        await race("/compute/v2.1/os-server-groups", (n) => ({ server_group: { name: `q${n}`, policy: "affinity" } })),
        1,
        403,
      );
      const grouped = () => ({
        server: { name: "q", imageRef: ids.image, flavorRef: "42", networks: "none" },
        "os:scheduler_hints": { group: ids.server_group },
      });
      assertWinners(await race("/compute/v2.1/servers", grouped), 1, 403);
      await world.idle();
      await quota({ server_groups: 10, server_group_members: 10 });
    });

    test("volumes, gigabytes and snapshots", async () => {
      const { projects } = world;
      const base = `/volume/v3/${projects.alpha}`;
      const quota = async (quota_set: Record<string, number>) => {
        const answer = await world.as("admin", "PUT", `/volume/v3/os-quota-sets/${projects.alpha}`, { quota_set });
        assert.equal(answer.status, 200, JSON.stringify(answer.body));
      };
      await quota({ volumes: 3 });
      assertWinners(await race(`${base}/volumes`, () => ({ volume: { size: 1 } })), 1, 413);
      await world.idle();
      await quota({ volumes: -1, gigabytes: 4 + 2 });
      assertWinners(await race(`${base}/volumes`, () => ({ volume: { size: 2 } })), 1, 413);
      await world.idle();
      await quota({ gigabytes: -1, snapshots: 2 });
      const { volume } = (await member("POST", `${base}/volumes`, { volume: { size: 1 } })).body;
      await world.idle();
      assertWinners(await race(`${base}/snapshots`, () => ({ snapshot: { volume_id: volume.id } })), 1, 413);
      await world.idle();
      await quota({ snapshots: -1 });
    });
  });

  describe("the last address", () => {
    test("of a subnet", async () => {
      const { network } = (await member("POST", `${net}/networks`, { network: { name: "tiny" } })).body;
      const subnet = { network_id: network.id, ip_version: 4, cidr: "10.60.0.0/24", enable_dhcp: false };
      const pool = { allocation_pools: [{ start: "10.60.0.10", end: "10.60.0.11" }] };
      assert.equal((await member("POST", `${net}/subnets`, { subnet: { ...subnet, ...pool } })).status, 201);
      const won = assertWinners(await race(`${net}/ports`, () => ({ port: { network_id: network.id } })), 2, 409);
      const addresses = won.map(({ body }) => body.port.fixed_ips[0].ip_address);
      assert.deepEqual(addresses.sort(), ["10.60.0.10", "10.60.0.11"]);
    });

    test("that several ask for by name", async () => {
      const port = { network_id: world.ids.network, fixed_ips: [{ ip_address: "10.9.0.123" }] };
      assertWinners(await race(`${net}/ports`, () => ({ port })), 1, 409);
      const mac = { network_id: world.ids.network, mac_address: "fa:16:3e:12:34:56" };
      assertWinners(await race(`${net}/ports`, () => ({ port: mac })), 1, 409);
    });

    test("of the public network", async () => {
      const { ids } = world;
      const external = { name: "ext", "router:external": true };
      const { network } = (await world.as("admin", "POST", `${net}/networks`, { network: external })).body;
      const subnet = {
        network_id: network.id,
        ip_version: 4,
        cidr: "203.0.113.0/24",
        enable_dhcp: false,
        allocation_pools: [{ start: "203.0.113.7", end: "203.0.113.7" }],
      };
      assert.equal((await world.as("admin", "POST", `${net}/subnets`, { subnet })).status, 201);
      const answers = await race(`${net}/floatingips`, () => ({ floatingip: { floating_network_id: network.id } }));
      assertWinners(answers, 1, 409);
      assert.ok(ids.public);
    });

    test("a floating IP that several associate, and a port that several give one", async () => {
      const { ids } = world;
      const make = async () =>
        (await member("POST", `${net}/floatingips`, { floatingip: { floating_network_id: ids.public } })).body
          .floatingip.id;
      const fips: string[] = [];
      for (let n = 0; n < RUNNERS; n += 1) fips.push(await make());
      const answers = await Promise.all(
        fips.map((id) => member("PUT", `${net}/floatingips/${id}`, { floatingip: { port_id: ids.port } })),
      );
      assertWinners(answers, 1, 409);
      const { floatingips } = (await member("GET", `${net}/floatingips?port_id=${ids.port}`)).body;
      assert.equal(floatingips.length, 1);
    });

    test("a port that several servers want", async () => {
      const { ids } = world;
      const { port } = (await member("POST", `${net}/ports`, { port: { network_id: ids.network } })).body;
      const answers = await race("/compute/v2.1/servers", (n) => ({
        server: { name: `p${n}`, imageRef: ids.image, flavorRef: "42", networks: [{ port: port.id }] },
      }));
      await world.idle();
      const { servers } = (await member("GET", "/compute/v2.1/servers/detail?name=^p[0-9]$")).body;
      const active = servers.filter(({ status }: { status: string }) => status === "ACTIVE");
      assert.equal(active.length, 1, JSON.stringify(answers.map(({ status }) => status)));
      for (const { id } of servers) await member("DELETE", `/compute/v2.1/servers/${id}`);
      await world.idle();
    });

    test("a volume that several servers want", async () => {
      const { ids, projects } = world;
      const { volume } = (await member("POST", `/volume/v3/${projects.alpha}/volumes`, { volume: { size: 1 } })).body;
      await world.idle();
      const servers: string[] = [];
      for (let n = 0; n < 3; n += 1) {
        const server = { name: `v${n}`, imageRef: ids.image, flavorRef: "42", networks: "none" };
        servers.push((await member("POST", "/compute/v2.1/servers", { server })).body.server.id);
      }
      await world.idle();
      const answers = await Promise.all(
        servers.map((id) =>
          member("POST", `/compute/v2.1/servers/${id}/os-volume_attachments`, {
            volumeAttachment: { volumeId: volume.id },
          }),
        ),
      );
      assertWinners(answers, 1, 400);
      await world.idle();
      const { body } = await member("GET", `/volume/v3/${projects.alpha}/volumes/${volume.id}`);
      assert.equal(body.volume.status, "in-use");
      assert.equal(body.volume.attachments.length, 1);
    });
  });

  describe("a name that must be unique", () => {
    for (const [what, persona, path, body, loses] of [
      [
        "key pair",
        "member",
        "/compute/v2.1/os-keypairs",
        { keypair: { name: "same", type: "ssh", public_key: KEY() } },
        409,
      ],
      ["flavor", "admin", "/compute/v2.1/flavors", { flavor: { name: "same", ram: 64, vcpus: 1, disk: 1 } }, 409],
      ["aggregate", "admin", "/compute/v2.1/os-aggregates", { aggregate: { name: "same" } }, 409],
      ["project", "admin", "/identity/v3/projects", { project: { name: "same" } }, 409],
      ["user", "admin", "/identity/v3/users", { user: { name: "same" } }, 409],
      ["group", "admin", "/identity/v3/groups", { group: { name: "same" } }, 409],
      ["role", "admin", "/identity/v3/roles", { role: { name: "same" } }, 409],
      ["domain", "admin", "/identity/v3/domains", { domain: { name: "same" } }, 409],
      ["region", "admin", "/identity/v3/regions", { region: { id: "same" } }, 409],
      ["volume type", "admin", "/volume/v3/types", { volume_type: { name: "same" } }, 409],
      ["resource provider", "admin", "/placement/resource_providers", { name: "same" }, 409],
      ["resource class", "admin", "/placement/resource_classes", { name: "CUSTOM_SAME" }, 409],
      ["image id", "member", "/image/v2/images", { id: "6c1ef1f0-aaaa-4bbb-8ccc-0000000000aa", name: "same" }, 409],
    ] as const) {
      test(what, async () => {
        const version = path.startsWith("/placement") ? "placement 1.20" : "compute 2.91, volume 3.0";
        const headers = { accept: "application/json", "openstack-api-version": version };
        const answers = await Promise.all(
          Array.from({ length: RUNNERS }, () => world.as(persona, "POST", path, body, headers)),
        );
        assertWinners(answers, 1, loses);
      });
    }

    test("application credential", async () => {
      const path = `/identity/v3/users/${world.ids.member}/application_credentials`;
      assertWinners(await race(path, () => ({ application_credential: { name: "same" } })), 1, 409);
    });
  });

  describe("deleting while others use it", () => {
    test("a network that ports are being made on", async () => {
      const { network } = (await member("POST", `${net}/networks`, { network: { name: "going" } })).body;
      const answers = await Promise.all([
        member("POST", `${net}/ports`, { port: { network_id: network.id } }),
        member("DELETE", `${net}/networks/${network.id}`),
        member("POST", `${net}/ports`, { port: { network_id: network.id } }),
      ]);
      const { ports } = (await member("GET", `${net}/ports?network_id=${network.id}`)).body;
      const gone = (await member("GET", `${net}/networks/${network.id}`)).status === 404;
      assert.equal(gone, ports.length === 0, JSON.stringify(answers.map(({ status }) => status)));
    });

    test("a server that several delete and others change", async () => {
      const { ids } = world;
      const server = { name: "d", imageRef: ids.image, flavorRef: "42", networks: [{ uuid: ids.network }] };
      const { id } = (await member("POST", "/compute/v2.1/servers", { server })).body.server;
      const answers = await Promise.all([
        member("DELETE", `/compute/v2.1/servers/${id}`),
        member("POST", `/compute/v2.1/servers/${id}/action`, { reboot: { type: "HARD" } }),
        member("DELETE", `/compute/v2.1/servers/${id}`),
        member("POST", `/compute/v2.1/servers/${id}/action`, { "os-stop": null }),
        member("PUT", `/compute/v2.1/servers/${id}`, { server: { name: "e" } }),
      ]);
      for (const { status } of answers) assert.ok(status < 500, String(status));
      await world.idle();
      assert.equal((await member("GET", `/compute/v2.1/servers/${id}`)).status, 404);
      const { ports } = (await member("GET", `${net}/ports?device_id=${id}`)).body;
      assert.deepEqual(ports, []);
    });
  });
});

/** Any public key. */
function KEY(): string {
  return `ssh-ed25519 ${Buffer.concat([Buffer.from("0000000b7373682d6564323535313900000020", "hex"), Buffer.alloc(32, 7)]).toString("base64")} t`;
}
