import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import Database from "better-sqlite3";
import { TestDaemon } from "../support/daemon.ts";
import type { Json } from "../support/json.ts";
import { until } from "../support/patience.ts";

const ROUNDS = Number(process.env.KILL_ROUNDS ?? 20);
const SEED = Number(process.env.KILL_SEED ?? 1);
const WORKERS = 6;

/** A small generator of numbers from 0 to 1, the same for the same seed (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * The daemon as a process of its own, killed with SIGKILL at random moments while clients write. What it had answered is there
 * afterwards, and nothing stays half done. Hypervisor and network are fakes, which forget everything with the process.
 */
describe("the daemon killed at random moments", () => {
  const daemon = new TestDaemon({
    conf: ["[[post-config|$NOVA_CONF]]", "[DEFAULT]", "resume_guests_state_on_host_boot=True"],
  });
  let networkId = "";
  let imageId = "";
  let flavorId = "";
  /** Path → what was acknowledged of it last. Those with a request under way are not in it. */
  const expected = new Map<string, "there" | "gone">();
  const chance = random(SEED);
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(chance() * list.length)];

  /** Null when the daemon was killed before it answered. */
  const request = (method: string, path: string, body?: unknown) =>
    daemon.request(method, path, body).catch(() => null);

  /** Creates something and notes it when that is answered. */
  const create = async (collection: string, body: unknown, key: string | null): Promise<string | null> => {
    const answer = await request("POST", collection, body);
    if (answer === null) return null;
    // What another worker deletes at the same time may be missing; a quota may be reached.
    assert.ok(answer.status < 500, `${collection} ${answer.status} ${JSON.stringify(answer.body)}`);
    if (answer.status >= 300) return null;
    const made = key === null ? answer.body : answer.body[key];
    expected.set(`${collection}/${made.id ?? made.name}`, "there");
    return made.id ?? made.name;
  };
  const remove = async (path: string): Promise<void> => {
    expected.delete(path);
    const answer = await request("DELETE", path);
    if (answer === null) return;
    assert.ok(answer.status < 500, `DELETE ${path} ${answer.status} ${JSON.stringify(answer.body)}`);
    // Refused (a volume that is being made, a network with a port): as it was.
    if (answer.status < 300) expected.set(path, "gone");
    else if (answer.status !== 404) expected.set(path, "there");
  };

  const NET = "/networking/v2.0";
  let count = 0;
  const work: (() => Promise<unknown>)[] = [
    () => {
      const server = { name: `s${count}`, imageRef: imageId, flavorRef: flavorId, networks: [{ uuid: networkId }] };
      return create("/compute/v2.1/servers", { server }, "server");
    },
    () => create(`${NET}/networks`, { network: { name: `n${count}` } }, "network"),
    () => create(`${NET}/ports`, { port: { network_id: networkId, name: `p${count}` } }, "port"),
    () => create(`${NET}/security-groups`, { security_group: { name: `g${count}` } }, "security_group"),
    () => create("/compute/v2.1/os-keypairs", { keypair: { name: `k${count}` } }, "keypair"),
    () => create("/volume/v3/volumes", { volume: { size: 1, name: `v${count}` } }, "volume"),
    () => create("/identity/v3/projects", { project: { name: `project ${count}` } }, "project"),
    async () => {
      const body = { name: `i${count}`, disk_format: "raw", container_format: "bare" };
      const id = await create("/image/v2/images", body, null);
      if (id === null) return;
      const data = Buffer.from(`data of ${id} `.repeat(500));
      const answer = await request("PUT", `/image/v2/images/${id}/file`, data);
      // Unless another worker has begun to delete it meanwhile.
      const isThere = expected.get(`/image/v2/images/${id}`) === "there";
      if (answer?.status === 204 && isThere) expected.set(`/image/v2/images/${id}/file`, "there");
    },
    async () => {
      const there = [...expected].filter(([path, state]) => state === "there" && !path.endsWith("/file"));
      const [path] = pick(there) ?? [];
      if (path === undefined) return;
      expected.delete(`${path}/file`);
      await remove(path);
    },
  ];

  /** Until the daemon is killed. */
  const worker = async (isOver: () => boolean) => {
    while (!isOver()) {
      count += 1;
      const deed = chance() < 0.25 ? work.at(-1) : pick(work);
      await deed?.();
    }
  };

  before(async () => {
    await daemon.prepare();
    const made = await request("POST", `${NET}/networks`, { network: { name: "base" } });
    networkId = made?.body.network.id;
    await request("POST", `${NET}/subnets`, { subnet: { network_id: networkId, ip_version: 4, cidr: "10.9.0.0/16" } });
    const body = { name: "base", disk_format: "raw", container_format: "bare" };
    imageId = (await request("POST", "/image/v2/images", body))?.body.id;
    await request("PUT", `/image/v2/images/${imageId}/file`, Buffer.alloc(4096, "x"));
    const flavors = (await request("GET", "/compute/v2.1/flavors"))?.body.flavors;
    flavorId = flavors.find(({ name }: Json) => name === "m1.nano").id;
    for (const [path, quota] of [
      ["/compute/v2.1/os-quota-sets", { quota_set: { instances: -1, cores: -1, ram: -1, key_pairs: -1 } }],
      ["/volume/v3/os-quota-sets", { quota_set: { volumes: -1, gigabytes: -1 } }],
      [`${NET}/quotas`, { quota: { network: -1, port: -1, security_group: -1 } }],
    ] as const) {
      const projectId = made?.body.network.project_id;
      assert.equal((await request("PUT", `${path}/${projectId}`, quota))?.status, 200);
    }
  });
  after(() => daemon.close());

  test(`${ROUNDS} times (seed ${SEED})`, async (t) => {
    for (let round = 0; round < ROUNDS; round += 1) {
      let over = false;
      const workers = Array.from({ length: WORKERS }, () => worker(() => over));
      await new Promise((resolve) => setTimeout(resolve, 50 + chance() * 800));
      const killed = daemon.end("SIGKILL");
      over = true;
      await killed;
      await Promise.all(workers);
      daemon.start();
      await daemon.ready();

      for (const [path, state] of expected) {
        const answer = await request("GET", path);
        if (state === "there") {
          assert.equal(answer?.status, 200, `round ${round}: ${path} was acknowledged`);
          if (path.endsWith("/file")) assert.match(answer?.body, new RegExp(`^(data of ${path.split("/")[4]} ){500}$`));
        } else {
          await until(
            `round ${round}: ${path} is gone, as was acknowledged`,
            5,
            async () => (await request("GET", path))?.status === 404,
          );
        }
      }
      // What is gone stays so; it need not be asked for again and again.
      for (const [path, state] of expected) if (state === "gone") expected.delete(path);
      await until(`round ${round}: nothing is half done`, 30, async () => {
        const half = await transitional();
        if (half.length > 0) throw new Error(half.join(", "));
        return true;
      });
    }
    t.diagnostic(`${expected.size} things were there at the end`);
    await daemon.end("SIGKILL");
    const db = new Database(join(daemon.dataDir, "tenrec.db"));
    assert.equal(db.pragma("integrity_check", { simple: true }), "ok");
    assert.deepEqual(db.pragma("foreign_key_check"), []);
    db.close();
  });

  /** Things in a state that they should leave by themselves, as clients see them. */
  async function transitional(): Promise<string[]> {
    const list = async (path: string, key: string): Promise<Json[]> => (await request("GET", path))?.body[key];
    const servers = await list("/compute/v2.1/servers/detail", "servers");
    const volumes = await list("/volume/v3/volumes/detail", "volumes");
    const images = await list("/image/v2/images?limit=1000", "images");
    const ports = await list(`${NET}/ports`, "ports");
    const networks = await list(`${NET}/networks`, "networks");
    const ids = new Set(servers.map(({ id }) => id));
    return [
      ...servers
        .filter((one) => one["OS-EXT-STS:task_state"] !== null || one.status !== "ACTIVE")
        .map((one) => `server ${one.status} ${one.fault?.message ?? ""}`),
      ...volumes.filter(({ status }) => status !== "available").map(({ status }) => `volume ${status}`),
      ...images
        .filter(({ status }) => status !== "active" && status !== "queued")
        .map(({ status }) => `image ${status}`),
      ...networks.filter(({ status }) => status !== "ACTIVE").map(({ status }) => `network ${status}`),
      ...ports
        .filter((port) => port.device_owner.startsWith("compute:") && !ids.has(port.device_id))
        .map(() => "a port of no server"),
    ];
  }
});
