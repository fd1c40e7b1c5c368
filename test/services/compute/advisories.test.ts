import assert from "node:assert/strict";
import { connect, createServer, type Socket } from "node:net";
import { after, before, test } from "node:test";
import { DriverError } from "../../../src/services/compute/driver/driver.ts";
import { metadataFiles } from "../../../src/services/compute/metadata/files.ts";
import type { GuestMetadata } from "../../../src/services/compute/metadata/guest.ts";
import { MetadataServer } from "../../../src/services/compute/metadata/server.ts";
import { testCloud } from "../../support/cloud.ts";
import { type ComputeLab, computeLab, INTERNAL } from "./support.ts";

/** What OpenStack's advisories tell of nova, tried through the API: docs/security.md names these tests. */

let t: ComputeLab;
let fail: ((verb: string) => void) | null = null;
before(async () => {
  t = await computeLab({ before: (verb) => fail?.(verb) });
  const body = { quota_set: { instances: 100, cores: 100 } };
  await t.api("PUT", "/os-quota-sets/alpha", { token: "admin:ops", body });
});
after(() => t.close());

const server = (more: Record<string, unknown> = {}) => ({
  body: { server: { name: "guest", imageRef: t.image.id, flavorRef: "42", ...more } },
});

test("the token says whose servers are seen: a URL that names another project is malformed", async () => {
  const [alpha, beta] = ["a".repeat(32), "b".repeat(32)];
  await t.addNetwork(alpha);
  const id = await t.boot({}, `member:${alpha}`);
  for (const version of ["v2", "v2.1"]) {
    const ask = (project: string, path: string, token: string) =>
      t.request("GET", `/compute/${version}/${project}${path}`, { token });
    assert.equal((await ask(alpha, `/servers/${id}`, `member:${alpha}`)).status, 200);
    for (const path of ["/servers", "/servers/detail", `/servers/${id}`, "/flavors"]) {
      const answer = await ask(alpha, path, `member:${beta}`);
      assert.equal(answer.status, 400, path);
      assert.match(answer.body.badRequest.message, /^Malformed request URL/);
    }
    assert.equal((await ask(beta, `/servers/${id}`, `member:${beta}`)).status, 404);
  }
});

test("names, user data, files and hints are limited in size", async () => {
  const long = async (more: Record<string, unknown>, version = "2.1") =>
    (await t.api("POST", "/servers", { ...server(more), version })).status;
  assert.equal(await long({ name: "n".repeat(256) }), 400);
  assert.equal(await long({ name: "n".repeat(2_000_000) }), 413);
  assert.equal(await long({ user_data: Buffer.alloc(70_000).toString("base64") }), 400);
  assert.equal(await long({ user_data: "not base64!" }), 400);
  const file = (path: string, size: number) => ({ path, contents: Buffer.alloc(size).toString("base64") });
  assert.equal(await long({ personality: [file("/a", 10 * 1024 + 1)] }), 403);
  assert.equal(await long({ personality: [file("/".repeat(256), 1)] }), 403);
  assert.equal(await long({ personality: Array.from({ length: 6 }, () => file("/a", 1)) }), 403);
  const metadata = Object.fromEntries(Array.from({ length: 129 }, (_, index) => [`k${index}`, "v"]));
  assert.equal(await long({ metadata }), 403);
});

test("many hints cost no more than they weigh", async () => {
  const other = await t.boot();
  const ids = Array.from({ length: 13_000 }, () => other);
  const start = performance.now();
  const { status, body } = await t.api("POST", "/servers", {
    body: { ...server().body, "os:scheduler_hints": { different_host: ids, same_host: ids } },
  });
  assert.equal(status, 202);
  await t.idle();
  assert.ok(performance.now() - start < 3_000);
  const found = await t.api("GET", `/servers/${body.server.id}`);
  assert.equal(found.body.server.fault.message, "No valid host was found. There are not enough hosts available.");
});

test("private flavors are for those who were given them, in every way to name one", async () => {
  const admin = { token: "admin:ops" };
  const flavor = { id: "hidden", name: "hidden", ram: 1, vcpus: 1, disk: 1, "os-flavor-access:is_public": false };
  assert.equal((await t.api("POST", "/flavors", { ...admin, body: { flavor } })).status, 200);
  assert.equal((await t.api("GET", "/flavors/hidden")).status, 404);
  assert.equal((await t.api("GET", "/flavors/hidden/os-extra_specs")).status, 404);
  assert.equal((await t.api("GET", "/flavors/hidden/os-flavor-access")).status, 403);
  for (const query of ["", "?is_public=False", "?is_public=None"]) {
    const { body } = await t.api("GET", `/flavors/detail${query}`);
    assert.ok(!body.flavors.some(({ id }: { id: string }) => id === "hidden"), query);
  }
  assert.equal((await t.api("POST", "/servers", server({ flavorRef: "hidden" }))).status, 400);
  const url = "http://cloud/compute/v2.1/flavors/hidden";
  assert.equal((await t.api("POST", "/servers", server({ flavorRef: url }))).status, 400);
  const id = await t.boot();
  const resize = { body: { resize: { flavorRef: "hidden" } } };
  assert.equal((await t.api("POST", `/servers/${id}/action`, resize)).status, 400);
  const grant = { ...admin, body: { addTenantAccess: { tenant: "alpha" } } };
  assert.equal((await t.api("POST", "/flavors/hidden/action", { body: grant.body })).status, 403);
  assert.equal((await t.api("POST", "/flavors/hidden/action", grant)).status, 200);
  assert.equal((await t.api("GET", "/flavors/hidden")).status, 200);
});

test("a fault tells users what kind it was, and nothing of the host", async () => {
  const cases: [Error, RegExp][] = [
    [new DriverError("no-space", "The compute host has no disk space left."), /aborted: The compute host has no disk/],
    [Object.assign(new Error("connect mysql://nova:secret@db"), { name: "OperationalError" }), /^OperationalError$/],
    [Object.assign(new Error("ENOENT: open '/opt/secret'"), { syscall: "open", code: "ENOENT" }), /^ENOENT$/],
    [new Error("no room in /opt/stack/secret here"), /^no room in … here$/],
  ];
  for (const [error, told] of cases) {
    fail = (verb) => {
      if (verb === "spawn") throw error;
    };
    const id = await t.boot();
    fail = null;
    const { body } = await t.api("GET", `/servers/${id}`);
    assert.match(body.server.fault.message, told);
    assert.deepEqual(Object.keys(body.server.fault).sort(), ["code", "created", "message"]);
    const actions = (await t.api("GET", `/servers/${id}/os-instance-actions`)).body.instanceActions;
    const path = `/servers/${id}/os-instance-actions/${actions[0].request_id}`;
    for (const version of ["2.1", "2.51", "2.84", "2.96"]) {
      const text = JSON.stringify((await t.api("GET", path, { version })).body);
      assert.doesNotMatch(text, /secret|\/opt/, version);
    }
    const seen = await t.api("GET", `/servers/${id}`, { token: "admin:ops" });
    assert.match(seen.body.server.fault.details, /Error/);
  }
});

test("files for a guest have no say in where anything is written", () => {
  const texts = { imageId: "", kernelId: "", ramdiskId: "" };
  const guest = { ...texts, keys: [], meta: {}, vifs: [], devices: [], securityGroups: [], blockDevices: {} };
  const files = ["../../../etc/passwd", "/root/.ssh/authorized_keys", "a\0b", "disk", "../disk.config", "."].map(
    (path) => ({ path, contents: "eA==" }),
  );
  const made = metadataFiles({ ...guest, userData: null, adminPassword: null } as unknown as GuestMetadata, files);
  const names = Object.keys(made).filter((name) => name.startsWith("openstack/content"));
  assert.deepEqual(
    names,
    files.map((_, index) => `openstack/content/000${index}`),
  );
  for (const name of Object.keys(made)) assert.match(name, /^(openstack|ec2)(\/[a-z0-9_.-]+)+$/);
});

test("rebuild asks again whether the image fits, and changes nothing of what is used", async () => {
  const id = await t.boot();
  const used = () => t.cloud.kernel.facade("compute").listAllocations();
  const before = used();
  const rebuild = (image: string) => t.api("POST", `/servers/${id}/action`, { body: { rebuild: { imageRef: image } } });
  const large = await t.addImage({ virtualSize: 500 * 1024 ** 3 });
  const memory = await t.addImage({ minRam: 100_000 });
  const disk = await t.addImage({ minDisk: 1000 });
  for (const image of [large, memory, disk]) assert.equal((await rebuild(image.id)).status, 400);
  const foreign = await t.addImage({ properties: { hw_architecture: "aarch64" } });
  assert.equal((await rebuild(foreign.id)).status, 202);
  await t.idle();
  const kept = (await t.api("GET", `/servers/${id}`)).body.server;
  assert.deepEqual([kept.status, kept.image.id], ["ACTIVE", t.image.id]);
  const [action] = (await t.api("GET", `/servers/${id}/os-instance-actions`)).body.instanceActions;
  assert.deepEqual([action.action, action.message], ["rebuild", "Error"]);
  assert.equal((await rebuild((await t.addImage()).id)).status, 202);
  await t.idle();
  assert.deepEqual(used(), before);
});

test("XML is not read: bodies of it are no bodies", async () => {
  const bomb = `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><server name="&a;"/>`;
  for (const type of ["application/xml", "text/xml", "application/json"]) {
    const answer = await t.api("POST", "/servers", { body: bomb, headers: { "content-type": type } });
    assert.equal(answer.status, 400, type);
    assert.doesNotMatch(JSON.stringify(answer.body), /root:/);
  }
  const asked = await t.api("GET", "/servers", { headers: { accept: "application/xml" } });
  assert.match(asked.headers.get("content-type") ?? "", /json/);
});

test("no server gets a NIC on the public network, or on somebody's port, by a detour", async () => {
  const publicNet = await t.addNetwork("ops", "public", { "router:external": true });
  const foreign = t.network.createPort(INTERNAL, { networkId: publicNet, projectId: "beta" });
  const id = await t.boot();
  const attach = (interfaceAttachment: unknown) =>
    t.api("POST", `/servers/${id}/os-interface`, { body: { interfaceAttachment } });
  assert.equal((await t.api("POST", "/servers", server({ networks: [{ uuid: publicNet }] }))).status, 403);
  assert.equal((await attach({ net_id: publicNet })).status, 403);
  assert.equal((await t.api("POST", "/servers", server({ networks: [{ port: foreign.id }] }))).status, 400);
  assert.equal((await attach({ port_id: foreign.id })).status, 404);
  const lent = await t.addNetwork("beta", "lent", { shared: true });
  const chosen = { uuid: lent, fixed_ip: "10.0.0.99" };
  assert.equal((await t.api("POST", "/servers", server({ networks: [chosen] }))).status, 403);
  const address = { net_id: lent, fixed_ips: [{ ip_address: "10.0.0.99" }] };
  assert.equal((await attach(address)).status, 403);
  assert.equal((await attach({ net_id: lent })).status, 200);
});

test("a port that only says it is a server's changes nothing of that server", async () => {
  const id = await t.boot();
  const before = (await t.api("GET", `/servers/${id}`)).body.server;
  t.network.createPort(INTERNAL, {
    networkId: t.networkId,
    projectId: "beta",
    deviceId: id,
    deviceOwner: "compute:nova",
  });
  t.cloud.kernel.db.transaction(() => t.cloud.kernel.events.publish("network.devices.changed", { deviceIds: [id] }));
  await t.idle();
  const after = (await t.api("GET", `/servers/${id}`)).body.server;
  assert.deepEqual(after.addresses, before.addresses);
});

test("a project's manager sees the migrations of the project alone, without the host", async () => {
  const id = await t.boot();
  await t.api("POST", `/servers/${id}/action`, { body: { resize: { flavorRef: "84" } } });
  await t.idle();
  const list = (token: string, query: string) => t.api("GET", `/os-migrations${query}`, { token, version: "2.80" });
  assert.equal((await list("manager:alpha", "")).status, 403);
  assert.equal((await list("manager:beta", "?project_id=alpha")).status, 403);
  assert.deepEqual((await list("manager:beta", "?project_id=beta")).body.migrations, []);
  const [own] = (await list("manager:alpha", "?project_id=alpha")).body.migrations;
  assert.deepEqual([own.instance_uuid, own.source_compute, own.dest_host], [id, null, null]);
  assert.equal((await list("admin:ops", "")).body.migrations[0].source_compute, "node1");
});

test("an image's own block devices are checked as a request's are", async () => {
  const image = (mapping: unknown) =>
    t.addImage({ properties: { bdm_v2: "True", block_device_mapping: JSON.stringify(mapping) } });
  const root = { source_type: "snapshot", destination_type: "volume", boot_index: 0, snapshot_id: "x" };
  const strange = [
    [{ ...root, device_name: 7.5 }, { device_name: {} }],
    [{ ...root, snapshot_id: ["x"] }],
    [{ ...root, source_type: "../../etc" }],
    [{ ...root, boot_index: "0; drop" }],
    [{ ...root, volume_size: -1 }],
    [null, 1, "x", root],
  ];
  for (const mapping of strange) {
    const answer = await t.api("POST", "/servers", server({ imageRef: (await image(mapping)).id }));
    assert.equal(answer.status, 400, JSON.stringify(mapping));
  }
  const blank = { source_type: "blank", destination_type: "local", boot_index: -1, volume_size: 0 };
  const many = server({ block_device_mapping_v2: Array.from({ length: 4 }, () => blank) });
  assert.equal((await t.api("POST", "/servers", many)).status, 400);
});

test("a console's token opens that console alone, for ten minutes, and not after the server", async () => {
  const [one, two] = [await t.boot(), await t.boot()];
  const resolve = (token: string) => t.cloud.kernel.facade("compute").resolveConsoleToken(token);
  const open = async (id: string, type: string, protocol: string) => {
    const body = { remote_console: { type, protocol } };
    const answer = await t.api("POST", `/servers/${id}/remote-consoles`, { body, version: "2.6" });
    return /token(?:=|%3D)([0-9a-f-]{36})$/.exec(answer.body.remote_console.url)?.[1] ?? "";
  };
  const tokens = [
    await open(one, "novnc", "vnc"),
    await open(two, "novnc", "vnc"),
    await open(one, "serial", "serial"),
  ];
  assert.equal(new Set(tokens).size, 3);
  const targets = await Promise.all(tokens.map(resolve));
  assert.deepEqual(
    targets.map((target) => [target?.serverId, target?.type]),
    [
      [one, "novnc"],
      [two, "novnc"],
      [one, "serial"],
    ],
  );
  const { db } = t.cloud.kernel;
  const [first = "", , third = ""] = tokens;
  db.prepare("UPDATE compute_console_tokens SET expires_at = expires_at - 600000 WHERE type = ?").run("serial");
  assert.equal(await resolve(third), null);
  assert.equal((await t.api("GET", `/os-console-auth-tokens/${first}`)).status, 403);
  await t.api("DELETE", `/servers/${one}`);
  await t.idle();
  assert.equal(await resolve(first), null);
  const other = { body: { remote_console: { type: "novnc", protocol: "vnc" } }, version: "2.6", token: "member:beta" };
  assert.equal((await t.api("POST", `/servers/${two}/remote-consoles`, other)).status, 404);
  const written = JSON.stringify(t.logs);
  for (const token of tokens) assert.ok(!written.includes(token), "no token in a log");
});

test("a list by address or name costs one look at each server, whatever the pattern", async () => {
  for (const query of ["?ip=(.*)*$", "?ip6=.*", "?name=(a%2B)%2B$", `?name=${"a?".repeat(40)}${"a".repeat(40)}`]) {
    const start = performance.now();
    const { status } = await t.api("GET", `/servers/detail${query}`);
    assert.ok(status === 200 || status === 400, query);
    assert.ok(performance.now() - start < 500, query);
  }
});

test("the metadata service believes no header, ends slow clients, and gives each guest few connections", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  const cloud = await testCloud([]);
  const asked: string[] = [];
  const facade = (name: string) => {
    assert.equal(name, "network");
    return {
      findPortBySource: ({ address }: { address: string }) => {
        asked.push(address);
        return address === "10.0.0.5" ? { id: "port", deviceId: "one" } : null;
      },
    };
  };
  const metadata = new MetadataServer({
    kernel: { log: cloud.cloud.kernel.log, facade } as never,
    serverForMetadata: (id, port) => (id === "one" && port === "port" ? ({ vifs: [], keys: [] } as never) : null),
    setGuestPassword: () => false,
  });
  const source = { kind: "network", id: "net", address: "10.0.0.6" } as const;
  const listener = createServer((socket) => metadata.answer(socket, source));
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as { port: number };
  const dial = async (): Promise<{ socket: Socket; ended: Promise<string> }> => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.on("data", (data) => {
      text += String(data);
    });
    const ended = new Promise<string>((resolve) => socket.once("close", () => resolve(text)));
    await new Promise((resolve) => socket.once("connect", resolve));
    return { socket, ended };
  };

  const forged = await dial();
  const headers = ["X-Forwarded-For: 10.0.0.5", "X-Instance-ID: one", "X-Tenant-ID: alpha", "X-Real-IP: 10.0.0.5"];
  forged.socket.write(`GET /latest/meta-data/ HTTP/1.1\r\nHost: 10.0.0.5\r\n${headers.join("\r\n")}\r\n`);
  forged.socket.write("Connection: close\r\n\r\n");
  assert.match(await forged.ended, /^HTTP\/1\.1 404 /);
  assert.deepEqual([...new Set(asked)], ["10.0.0.6"]);

  const slow: Awaited<ReturnType<typeof dial>>[] = [];
  for (let index = 0; index < 16; index += 1) {
    const client = await dial();
    client.socket.write("GET / HTTP/1.1\r\nHost: x\r\n");
    slow.push(client);
  }
  assert.equal(await (await dial()).ended, "", "one too many");
  context.mock.timers.tick(10_001);
  await Promise.all(slow.map(({ ended }) => ended));
  const again = await dial();
  again.socket.write("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  assert.match(await again.ended, /^HTTP\/1\.1 200 /);
  listener.close();
  await cloud.close();
});
