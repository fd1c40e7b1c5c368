import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { TestDaemon } from "../support/daemon.ts";
import type { Json } from "../support/json.ts";
import { until } from "../support/patience.ts";
import { type SmallDisk, smallDisk, whyNoSmallDisk } from "../support/small-disk.ts";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");
const NET = "/networking/v2.0";
const FULL = "The service is unavailable: the disk under its database takes no more. Try again later.";

/** One write of each API, and how its refusal looks; `at` counts them, so that no name is used twice. */
const WRITES: readonly [string, string, (at: number) => Json, (body: Json) => string][] = [
  ["/identity/v3/projects", "project", (at) => ({ project: { name: `p${at}` } }), (body) => body.error.message],
  [`${NET}/networks`, "network", (at) => ({ network: { name: `n${at}` } }), (body) => body.NeutronError.message],
  ["/image/v2/images", "image", (at) => ({ name: `i${at}` }), (body) => body.message.split("<br")[0]],
  [
    "/compute/v2.1/os-keypairs",
    "keypair",
    (at) => ({ keypair: { name: `k${at}` } }),
    (body) => body.serviceUnavailable.message,
  ],
  [
    "/volume/v3/volumes",
    "volume",
    (at) => ({ volume: { size: 1, name: `v${at}` } }),
    (body) => body.serviceUnavailable.message,
  ],
  [
    "/placement/resource_providers",
    "provider",
    (at) => ({ name: `r${at}` }),
    (body) => body.errors[0].detail.split("\n\n ")[1].trim(),
  ],
];
const LISTS: Readonly<Record<string, string>> = {
  "/identity/v3/projects": "projects",
  [`${NET}/networks`]: "networks",
  "/image/v2/images": "images",
  "/compute/v2.1/servers/detail": "servers",
  "/volume/v3/volumes/detail": "volumes",
  "/placement/resource_providers": "resource_providers",
};

/** The daemon as a process of its own whose data directory lies on a real file system of a few MiB. */
describe("a real disk that is full", { skip: whyNoSmallDisk() ?? false }, () => {
  let disk: SmallDisk;
  let daemon: TestDaemon;
  const request: TestDaemon["request"] = (...args) => daemon.request(...args);
  const list = async (path: string): Promise<Json[]> => {
    const answer = await request("GET", path);
    assert.equal(answer.status, 200, `${path} can be read`);
    return answer.body[LISTS[path] ?? ""];
  };
  const images = () =>
    readdirSync(join(disk.outside, "data/glance/images"), { recursive: true }).filter((name) => name !== ".incoming");
  const command = (name: string) => {
    const conf = join(daemon.directory, "local.conf");
    const args = ["--disable-warning=ExperimentalWarning", MAIN, name, "-c", conf];
    const { status, stdout, stderr } = spawnSync(...disk.inside(process.execPath, args), { encoding: "utf8" });
    return { code: status, said: stdout + stderr };
  };
  let imageId: string;

  before(async () => {
    disk = smallDisk(24);
    daemon = new TestDaemon({ place: disk });
    await daemon.prepare();
    const formats = { disk_format: "raw", container_format: "bare" };
    imageId = (await request("POST", "/image/v2/images", { name: "small", ...formats })).body.id;
    await request("PUT", `/image/v2/images/${imageId}/file`, new Uint8Array(4096).fill(7));
  });
  after(async () => {
    await daemon.close();
    disk.close();
  });

  test("an upload that does not fit is a 413 as glance's, leaves no byte, and the image waits for another", async () => {
    const formats = { disk_format: "raw", container_format: "bare" };
    const before = images();
    const { body: image } = await request("POST", "/image/v2/images", { name: "large", ...formats });
    const answer = await request("PUT", `/image/v2/images/${image.id}/file`, new Uint8Array(40 << 20).fill(7));
    assert.equal(answer.status, 413);
    assert.match(answer.body.message, /^Image storage media is full: There is not enough disk space/);
    assert.equal((await request("GET", `/image/v2/images/${image.id}`)).body.status, "queued");
    assert.deepEqual(images(), before);
    assert.equal((await request("PUT", `/image/v2/images/${image.id}/file`, new Uint8Array(4096).fill(7))).status, 204);
  });

  test("an object that does not fit is a 507, leaves no byte and takes the place of nothing", async () => {
    const catalog = (await request("GET", "/identity/v3/auth/catalog")).body.catalog;
    const { endpoints } = catalog.find(({ type }: Json) => type === "object-store");
    const box = `${new URL(endpoints[0].url).pathname}/box`;
    assert.equal((await request("PUT", box)).status, 201);
    const files = () =>
      readdirSync(join(disk.outside, "data/swift/data"), { recursive: true }).filter((name) => `${name}`.includes("/"));
    assert.equal((await request("PUT", `${box}/o`, new Uint8Array(100_000).fill(1))).status, 201);
    const before = files();
    const answer = await request("PUT", `${box}/o`, new Uint8Array(40 << 20).fill(7));
    assert.equal(answer.status, 507, answer.body);
    await until("nothing is left of it", 10, async () => files().length === before.length);
    assert.equal((await request("GET", `${box}/o`)).body, "\u0001".repeat(100_000));
    assert.equal((await request("PUT", `${box}/o`, new Uint8Array(100).fill(2))).status, 201);
    disk.fill();
    let status = 201;
    for (let at = 0; status === 201 && at < 500; at += 1)
      status = (await request("PUT", `${box}/o${at}`, new Uint8Array(9000))).status;
    assert.equal(status, 503);
    assert.equal((await request("GET", `${box}/o`)).status, 200);
    disk.free();
    assert.equal((await request("PUT", `${box}/after`, new Uint8Array(9000))).status, 201);
  });

  test("writes are refused in each API's own words, reads go on; with room again all goes on as if nothing had been", async () => {
    const before = new Map<string, number>();
    disk.fill();
    // The log of the database has room of its own left: until it is used up, writes succeed.
    let at = 0;
    const refused = new Set<string>();
    while (refused.size < WRITES.length) {
      assert.ok(at < 500, `accepted without end; refused: ${[...refused].join()}`);
      for (const [path, kind, bodyOf, messageOf] of WRITES) {
        at += 1;
        const answer = await request("POST", path, bodyOf(at));
        if (answer.status < 300) continue;
        assert.equal(answer.status, 503, `${path} ${JSON.stringify(answer.body)}`);
        assert.equal(messageOf(answer.body), FULL, JSON.stringify(answer.body));
        refused.add(kind);
      }
      // Large ones use the rest up sooner.
      const description = "x".repeat(60_000);
      await request("POST", "/identity/v3/projects", { project: { name: `large ${at}`, description } });
      disk.fill();
    }
    for (const path of Object.keys(LISTS)) before.set(path, (await list(path)).length);
    const [path] = WRITES[1] ?? [""];
    for (let n = 0; n < 5; n += 1) assert.equal((await request("POST", path, { network: { name: "no" } })).status, 503);
    for (const [path, count] of before)
      assert.equal((await list(path)).length, count, `${path}: nothing is half written`);
    assert.deepEqual(
      (await list(`${NET}/networks`)).filter(({ name }) => name === "no"),
      [],
    );

    disk.free();
    assert.equal(daemon.hasEnded, false, daemon.output.join(""));
    for (const [path, , bodyOf] of WRITES) {
      at += 1;
      const answer = await request("POST", path, bodyOf(at));
      assert.ok(answer.status < 300, `${path} ${answer.status} ${JSON.stringify(answer.body)}`);
    }
    await until("everything has come to rest", 20, async () => {
      const volumes = await list("/volume/v3/volumes/detail");
      const networks = await list(`${NET}/networks`);
      return [...volumes, ...networks].every(({ status }) => status === "available" || status === "ACTIVE");
    });
  });

  test("a server whose work meets the full disk is finished once there is room", async () => {
    const flavors = (await request("GET", "/compute/v2.1/flavors")).body.flavors;
    const server = { name: "s", imageRef: imageId, flavorRef: flavors[0].id, networks: "none" };
    const ids: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      const answer = await request("POST", "/compute/v2.1/servers", { server });
      if (answer.status === 202) ids.push(answer.body.server.id);
      disk.fill();
    }
    assert.ok(ids.length > 0);
    disk.free();
    await until("they are built", 30, async () => {
      const servers = await list("/compute/v2.1/servers/detail");
      return ids.every((id) => servers.some((one) => one.id === id && one.status === "ACTIVE"));
    });
  });

  test("started on a full disk it says so in plain words; with room it comes up with all it had", async () => {
    const networks = (await list(`${NET}/networks`)).length;
    await daemon.end("SIGKILL");
    disk.fill();
    daemon.start();
    assert.equal(await daemon.ended(), 1);
    assert.match(daemon.output.join(""), /^tenrec: no space is left for /m);
    assert.doesNotMatch(daemon.output.join(""), /^ +at /m, "there is nothing wrong with the program");
    const rejoin = command("rejoin");
    assert.equal(rejoin.code, 1);
    assert.match(rejoin.said, /^tenrec: the disk of the data directory takes no more .*make room there/m);
    const doctor = command("doctor");
    assert.equal(doctor.code, 1);
    assert.match(doctor.said, /the disk of \S+\/data, \S+\/logs is nearly full: 0\.0 GiB/);
    disk.free();
    daemon.start();
    await daemon.ready();
    assert.equal((await list(`${NET}/networks`)).length, networks);
  });
});
