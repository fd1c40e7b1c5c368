import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { createApps } from "../src/app.ts";
import { Database } from "../src/kernel/db/database.ts";
import { type Cloud, createCloud } from "../src/kernel/kernel.ts";
import { Logger } from "../src/kernel/log/logger.ts";
import { createServices, leftOut } from "../src/services.ts";
import { passwordLogin } from "./support/identity.ts";
import type { Json } from "./support/json.ts";
import { testSettings } from "./support/settings.ts";

interface Running {
  cloud: Cloud;
  api(method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }>;
  /** `atOnce`: whatever is under way is left to the next. */
  close(atOnce?: "at once"): Promise<void>;
}

/** A cloud over what an earlier one left in `directory`, as `stack` makes it of a local.conf with these names of services. */
async function cloudWith(directory: string, off: string): Promise<Running> {
  const settings = testSettings({}, { DATA_DIR: directory, ENABLED_SERVICES: off === "" ? ALL : `${ALL},${off}` });
  const db = new Database({ path: join(directory, "tenrec.db") });
  const sink = () => {};
  const services = await createServices({ settings, log: new Logger("test", { sink }), ready: null });
  const cloud = createCloud({ settings, db, services, leftOut: leftOut(settings), sink });
  await cloud.start();
  await cloud.seed();
  const { all } = createApps(cloud);
  const send = (method: string, path: string, body: unknown, token: string) =>
    all.request(path, {
      method,
      headers: {
        "x-auth-token": token,
        "content-type": body instanceof Uint8Array ? "application/octet-stream" : "application/json",
        ...(path.startsWith("/compute") ? COMPUTE : {}),
      },
      ...(body === undefined ? {} : { body: body instanceof Uint8Array ? body : JSON.stringify(body) }),
    });
  const login = await send("POST", "/identity/v3/auth/tokens", passwordLogin("admin", "admin"), "");
  const token = login.headers.get("x-subject-token") ?? "";
  return {
    cloud,
    async api(method, path, body) {
      const answer = await send(method, path, body, token);
      const text = await answer.text();
      return { status: answer.status, body: text.startsWith("{") ? JSON.parse(text) : text };
    },
    async close(atOnce) {
      if (atOnce === undefined) await cloud.kernel.operations.idle();
      await cloud.stop();
      db.close();
    },
  };
}

const ALL = "key,nova,glance,cinder,neutron,placement";
const COMPUTE = { "openstack-api-version": "compute 2.60" };

describe("a service that is disabled", () => {
  let directory: string;
  let running: Running;
  const volumes: string[] = [];
  const servers: string[] = [];
  let image = "";
  let catalogId = "";
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "tenrec-left-out-"));
    running = await cloudWith(directory, "");
  });
  after(async () => {
    await running.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const again = async (off: string, atOnce?: "at once") => {
    await running.close(atOnce);
    running = await cloudWith(directory, off);
  };
  const must = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const answer = await running.api(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path} → ${answer.status} ${JSON.stringify(answer.body)}`);
    await running.cloud.kernel.operations.idle();
    return answer.body;
  };
  const types = async (): Promise<string[]> =>
    (await must("GET", "/identity/v3/auth/catalog")).catalog.map(({ type }: { type: string }) => type).sort();
  const cinder = async () => (await must("GET", "/identity/v3/services?name=cinderv3")).services[0];
  const statusOf = async (id: string) => (await must("GET", `/compute/v2.1/servers/${id}`)).server.status;

  test("is part of the cloud before: servers have volumes", async () => {
    const made = { name: "i", disk_format: "raw", container_format: "bare" };
    image = (await must("POST", "/image/v2/images", made)).id;
    await must("PUT", `/image/v2/images/${image}/file`, new Uint8Array(512));
    for (const name of ["one", "two"]) {
      volumes.push((await must("POST", "/volume/v3/volumes", { volume: { size: 1, name } })).volume.id);
      const { server } = await must("POST", "/compute/v2.1/servers", {
        server: { name, imageRef: image, flavorRef: "42", networks: "none" },
      });
      servers.push(server.id);
      const attachment = { volumeAttachment: { volumeId: volumes.at(-1) } };
      await must("POST", `/compute/v2.1/servers/${server.id}/os-volume_attachments`, attachment);
      assert.equal(await statusOf(server.id), "ACTIVE");
    }
    catalogId = (await cinder()).id;
    assert.ok((await types()).includes("volumev3"));
  });

  test("has no endpoint, no API and no code then, and the others go on", async () => {
    await again("-c-api,-c-vol,-c-sch");
    assert.deepEqual(await types(), ["compute", "compute_legacy", "identity", "image", "network", "placement"]);
    assert.deepEqual([(await cinder()).id, (await cinder()).enabled], [catalogId, false]);
    assert.equal((await running.api("GET", "/volume/v3/volumes")).status, 404);
    assert.equal(running.cloud.kernel.has("block-storage"), false);
    const [one = "", two = ""] = servers;
    const { server } = await must("GET", `/compute/v2.1/servers/${one}`);
    assert.deepEqual(server["os-extended-volumes:volumes_attached"][0].id, volumes[0]);
    const attachment = { volumeAttachment: { volumeId: volumes[1] } };
    const refused = await running.api("POST", `/compute/v2.1/servers/${one}/os-volume_attachments`, attachment);
    assert.equal(refused.status, 400);
    assert.match(refused.body.badRequest.message, /block storage service, which is not enabled/);
    // As in nova, where the catalog has no cinder.
    await must("DELETE", `/compute/v2.1/servers/${two}`);
    assert.equal((await running.api("GET", `/compute/v2.1/servers/${two}`)).status, 404);
    // Its guest ended with the first cloud, and cannot be started without its volume.
    assert.equal(await statusOf(one), "SHUTOFF");
    const { server: bare } = await must("POST", "/compute/v2.1/servers", {
      server: { name: "bare", imageRef: server.image.id, flavorRef: "42", networks: "none" },
    });
    assert.equal(await statusOf(bare.id), "ACTIVE");
  });

  test("returns with what it had", async () => {
    await again("");
    assert.ok((await types()).includes("volumev3"));
    assert.deepEqual([(await cinder()).id, (await cinder()).enabled], [catalogId, true]);
    const { volume } = await must("GET", `/volume/v3/volumes/${volumes[0]}`);
    assert.deepEqual([volume.status, volume.attachments[0].server_id], ["in-use", servers[0]]);
    await must("POST", `/compute/v2.1/servers/${servers[0]}/action`, { "os-start": null });
    assert.equal(await statusOf(servers[0] ?? ""), "ACTIVE");
    await must("DELETE", `/compute/v2.1/servers/${servers[0]}/os-volume_attachments/${volumes[0]}`);
    assert.equal((await must("GET", `/volume/v3/volumes/${volumes[0]}`)).volume.status, "available");
  });

  test("waits for are attachments that were under way; servers that went meanwhile let go of their volumes at its return", async () => {
    const { server: last } = await must("POST", "/compute/v2.1/servers", {
      server: {
        name: "last",
        flavorRef: "42",
        networks: "none",
        block_device_mapping_v2: [
          {
            boot_index: 0,
            uuid: image,
            source_type: "image",
            destination_type: "volume",
            volume_size: 1,
            delete_on_termination: true,
          },
        ],
      },
    });
    const own = (await must("GET", `/compute/v2.1/servers/${last.id}`)).server[
      "os-extended-volumes:volumes_attached"
    ][0].id;
    const volumeOf = async (id = "") => (await must("GET", `/volume/v3/volumes/${id}`)).volume;
    const [one = ""] = servers;
    // What had begun when the daemon was stopped.
    running.cloud.kernel.operations.hold(`server:${one}`);
    const attachment = { volumeAttachment: { volumeId: volumes[0] } };
    const begun = await running.api("POST", `/compute/v2.1/servers/${one}/os-volume_attachments`, attachment);
    assert.equal(begun.status, 200);
    await again("-cinder", "at once");
    const { kernel } = running.cloud;
    assert.ok(kernel.operations.waits("compute.server.attach-volume"));
    assert.equal(
      kernel.operations.list(`server:${one}`).find(({ kind }) => kind.endsWith("attach-volume"))?.state,
      "running",
    );
    await must("DELETE", `/compute/v2.1/servers/${last.id}`);
    await again("");
    await running.cloud.kernel.operations.idle();
    const { status, attachments } = await volumeOf(volumes[0]);
    assert.deepEqual([status, attachments[0].server_id], ["in-use", one]);
    // It was deleted without block storage, as `two` was before.
    assert.equal((await volumeOf(volumes[1])).status, "available");
    assert.equal((await running.api("GET", `/volume/v3/volumes/${own}`)).status, 404);
    await must("DELETE", `/compute/v2.1/servers/${one}/os-volume_attachments/${volumes[0]}`);
    await must("POST", `/compute/v2.1/servers/${one}/action`, { "os-start": null });
  });

  test("whose entry somebody switched off in the catalog stays off when it returns", async () => {
    await must("PATCH", `/identity/v3/services/${catalogId}`, { service: { enabled: false } });
    await again("-cinder");
    await again("");
    assert.equal((await cinder()).enabled, false);
  });

  test("object storage is told of by both its names, and by neither when it is off", async () => {
    const ofStorage = async () => (await types()).filter((type) => type === "object-store" || type === "s3");
    assert.deepEqual(await ofStorage(), []);
    await again("s-proxy,s-object,s-container,s-account");
    assert.deepEqual(await ofStorage(), ["object-store", "s3"]);
    const { catalog } = await must("GET", "/identity/v3/auth/catalog");
    const s3 = catalog.find(({ type }: { type: string }) => type === "s3");
    assert.deepEqual(
      s3.endpoints.map(({ url }: { url: string }) => new URL(url).pathname),
      ["/s3", "/s3", "/s3"],
    );
    await again("");
    assert.deepEqual(await ofStorage(), []);
  });

  test("an operation of it that was under way waits for it", async () => {
    const { kernel } = running.cloud;
    const insert = `INSERT INTO operations (id, sequence, kind, resource, request_id, input, data, state, step, created_at, updated_at)
      VALUES ('o', 1000000, 'block-storage.volume.delete', 'volume:x', 'req-x', '{"volumeId":"x"}', '{}', 'running', 0, 1, 1)`;
    kernel.db.exec(insert);
    await again("-cinder");
    const state = () => running.cloud.kernel.operations.list("volume:x")[0]?.state;
    assert.equal(state(), "running");
    await again("");
    await running.cloud.kernel.operations.idle();
    assert.notEqual(state(), "running");
  });

  test("compute may be left out with its guests' data, and placement, and each returns", async () => {
    await again("-nova,-placement");
    assert.deepEqual(running.cloud.kernel.settings.services, ["identity", "image", "block-storage", "network"]);
    assert.equal((await running.api("GET", "/compute/v2.1/servers")).status, 404);
    assert.equal((await running.api("GET", "/placement/")).status, 404);
    await again("");
    assert.equal(await statusOf(servers[0] ?? ""), "ACTIVE");
    assert.ok((await types()).includes("placement"));
  });
});
