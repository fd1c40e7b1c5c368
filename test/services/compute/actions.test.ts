import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type ComputeLab, computeLab, INTERNAL } from "./support.ts";

let t: ComputeLab;
before(async () => {
  t = await computeLab();
});
after(() => t.close());

const act = (id: string, name: string, value: unknown = null, more: { token?: string; version?: string } = {}) =>
  t.api("POST", `/servers/${id}/action`, { body: { [name]: value }, ...more });
const show = async (id: string, version?: string) =>
  (await t.api("GET", `/servers/${id}`, version === undefined ? {} : { version })).body.server;

test("resize waits to be confirmed; revert brings the old flavor back", async () => {
  const id = await t.boot();
  assert.equal((await act(id, "resize", { flavorRef: "84" })).status, 202);
  await t.idle();
  assert.equal((await show(id)).status, "VERIFY_RESIZE");
  assert.equal((await show(id)).flavor.id, "84");
  assert.equal((await act(id, "revertResize")).status, 202);
  await t.idle();
  assert.equal((await show(id)).status, "ACTIVE");
  assert.equal((await show(id)).flavor.id, "42");
  await act(id, "resize", { flavorRef: "84" });
  await t.idle();
  assert.equal((await act(id, "confirmResize")).status, 204);
  await t.idle();
  assert.equal((await show(id)).status, "ACTIVE");
  assert.equal((await show(id)).flavor.id, "84");
  const same = await act(id, "resize", { flavorRef: "84" });
  assert.equal(same.body.badRequest.message, "When resizing, instances must change flavor!");
});

test("rebuild with another image, and its answer by version", async () => {
  const id = await t.boot();
  const other = await t.addImage({ name: "other" });
  const answer = await act(id, "rebuild", { imageRef: other.id, name: "anew", metadata: { a: "b" } });
  assert.equal(answer.status, 202);
  assert.equal(answer.body.server.status, "REBUILD");
  assert.equal(answer.body.server["OS-EXT-STS:vm_state"], undefined);
  assert.ok(answer.body.server.adminPass);
  await t.idle();
  const server = await show(id);
  assert.deepEqual([server.status, server.image.id, server.name], ["ACTIVE", other.id, "anew"]);
  assert.equal(t.driver.guests.get(id)?.power, "running");
});

test("the network is told of another guest where another disk boots, and only there", async (context) => {
  const { mock } = context.mock.method(t.network, "anotherGuest");
  const id = await t.boot();
  const told = async (name: string, value: unknown = null) => {
    mock.resetCalls();
    await act(id, name, value);
    await t.idle();
    const newGuests = mock.calls.flatMap(({ arguments: [ports] }) => ports);
    return [(await show(id)).status, ...newGuests];
  };
  const ports = t.driver.guests.get(id)?.spec.nics.map(({ portId }) => portId) ?? [];
  assert.equal(ports.length, 1);
  assert.deepEqual(await told("reboot", { type: "HARD" }), ["ACTIVE"]);
  assert.deepEqual(await told("rebuild", { imageRef: (await t.addImage({ name: "other" })).id }), ["ACTIVE", ...ports]);
  assert.deepEqual(await told("rescue"), ["RESCUE", ...ports]);
  assert.deepEqual(await told("unrescue"), ["ACTIVE", ...ports]);
  assert.deepEqual(await told("os-stop"), ["SHUTOFF"]);
  assert.deepEqual(await told("os-start"), ["ACTIVE"]);
});

test("actions on a server that is not there", async () => {
  const id = "3d98574a-ff77-4d30-94c8-7c3e10b77e9f";
  for (const [name, words] of [
    ["os-stop", `Instance ${id} has no mapping to a cell.`],
    ["os-start", `Instance ${id} has no mapping to a cell.`],
    ["pause", `Instance ${id} could not be found.`],
  ] as const) {
    const answer = await act(id, name);
    assert.equal(answer.status, 404);
    assert.equal(answer.body.itemNotFound.message, words);
  }
});

test("rescue and unrescue", async () => {
  const id = await t.boot();
  const answer = await act(id, "rescue", { adminPass: "secret" });
  assert.deepEqual([answer.status, answer.body], [200, { adminPass: "secret" }]);
  await t.idle();
  assert.equal((await show(id)).status, "RESCUE");
  const reboot = await act(id, "reboot", { type: "HARD" });
  assert.equal(
    reboot.body.conflictingRequest.message,
    `Cannot 'reboot' instance ${id} while it is in vm_state rescued`,
  );
  assert.equal((await act(id, "unrescue")).status, 202);
  await t.idle();
  assert.equal((await show(id)).status, "ACTIVE");
});

test("an image is made of a server; shelving makes one and unshelving forgets it", async () => {
  const id = await t.boot();
  const answer = await act(id, "createImage", { name: "snap", metadata: { k: "v" } });
  assert.equal(answer.status, 202);
  assert.match(answer.headers.get("location") ?? "", /\/images\/[0-9a-f-]{36}$/);
  const busy = await act(id, "createImage", { name: "second" });
  assert.match(busy.body.conflictingRequest.message, /while it is in task_state image_snapshot_pending$/);
  await t.idle();
  const image = t.images.list(INTERNAL).find(({ name }) => name === "snap");
  assert.equal(image?.status, "active");
  assert.equal(image?.properties.instance_uuid, id);
  assert.equal(image?.properties.k, "v");

  assert.equal((await act(id, "shelve")).status, 202);
  await t.idle();
  assert.equal((await show(id)).status, "SHELVED_OFFLOADED");
  assert.equal(t.driver.guests.has(id), false);
  assert.ok(t.images.list(INTERNAL).some(({ name }) => name === "guest-shelved"));
  assert.equal((await act(id, "unshelve")).status, 202);
  await t.idle();
  const server = await show(id);
  assert.equal(server.status, "ACTIVE");
  assert.equal(server.addresses.private.length, 1);
  assert.ok(!t.images.list(INTERNAL).some(({ name }) => name === "guest-shelved"));
});

test("console output, console URLs with a token that resolves, password", async () => {
  const id = await t.boot();
  const output = await act(id, "os-getConsoleOutput", { length: 1 });
  assert.deepEqual(output.body, { output: "LAST LINE" });
  const { body } = await act(id, "os-getVNCConsole", { type: "novnc" });
  const token = /token(?:=|%3D)([0-9a-f-]{36})/.exec(body.console.url)?.[1] ?? "";
  const target = await t.cloud.kernel.facade("compute").resolveConsoleToken(token);
  assert.equal(target?.serverId, id);
  assert.equal(await t.cloud.kernel.facade("compute").resolveConsoleToken("nonsense"), null);
  const modern = await t.api("POST", `/servers/${id}/remote-consoles`, {
    version: "2.6",
    body: { remote_console: { protocol: "vnc", type: "novnc" } },
  });
  assert.equal(modern.body.remote_console.protocol, "vnc");
  assert.equal((await act(id, "changePassword", { adminPass: "x" })).status, 202);
});

test("metadata, tags and addresses of a server", async () => {
  const id = await t.boot({ metadata: { key1: "value1" } });
  const path = `/servers/${id}/metadata`;
  assert.deepEqual((await t.api("POST", path, { body: { metadata: { key2: "value2" } } })).body, {
    metadata: { key1: "value1", key2: "value2" },
  });
  assert.deepEqual((await t.api("PUT", path, { body: { metadata: { only: "one" } } })).body, {
    metadata: { only: "one" },
  });
  assert.equal((await t.api("PUT", `${path}/only`, { body: { meta: { other: "x" } } })).status, 400);
  assert.equal((await t.api("DELETE", `${path}/only`)).status, 204);
  assert.equal((await t.api("GET", `${path}/only`)).status, 404);
  const version = "2.26";
  assert.equal((await t.api("PUT", `/servers/${id}/tags/one`, { version })).status, 201);
  assert.deepEqual((await t.api("GET", `/servers/${id}/tags`, { version })).body, { tags: ["one"] });
  assert.equal((await t.api("GET", `/servers/${id}/tags`)).status, 404);
  const ips = await t.api("GET", `/servers/${id}/ips`);
  assert.deepEqual(Object.keys(ips.body.addresses.private[0]), ["version", "addr"]);
  assert.equal((await t.api("GET", `/servers/${id}/ips/nowhere`)).status, 404);
});

test("interfaces come and go", async () => {
  const id = await t.boot();
  const attached = await t.api("POST", `/servers/${id}/os-interface`, {
    body: { interfaceAttachment: { net_id: t.networkId } },
  });
  assert.equal(attached.status, 200);
  const { port_id } = attached.body.interfaceAttachment;
  const list = await t.api("GET", `/servers/${id}/os-interface`);
  assert.equal(list.body.interfaceAttachments.length, 2);
  assert.equal((await show(id)).addresses.private.length, 2);
  assert.equal(t.driver.guests.get(id)?.nics.size, 2);
  assert.equal((await t.api("DELETE", `/servers/${id}/os-interface/${port_id}`)).status, 202);
  await t.idle();
  assert.equal((await show(id)).addresses.private.length, 1);
  assert.throws(() => t.network.getPort(INTERNAL, port_id), { status: 404 });
});

test("actions are remembered with their requests, also of deleted servers", async () => {
  const id = await t.boot();
  const stop = await act(id, "os-stop");
  await t.idle();
  await t.api("DELETE", `/servers/${id}`);
  await t.idle();
  assert.equal((await t.api("GET", `/servers/${id}/os-instance-actions`)).status, 404);
  const { body } = await t.api("GET", `/servers/${id}/os-instance-actions`, { version: "2.21" });
  assert.deepEqual(
    body.instanceActions.map(({ action }: { action: string }) => action),
    ["delete", "stop", "create"],
  );
  const requestId = stop.headers.get("x-openstack-request-id");
  const one = await t.api("GET", `/servers/${id}/os-instance-actions/${requestId}`, { version: "2.51" });
  assert.equal(one.body.instanceAction.events[0].result, "Success");
});

test("what the guest is told, on the config drive too", async () => {
  const made = await t.api("POST", "/os-keypairs", { body: { keypair: { name: "mine" } } });
  assert.match(made.body.keypair.public_key, /^ssh-rsa AAAA\S+ Generated-by-Nova$/);
  assert.match(made.body.keypair.private_key, /^-----BEGIN RSA PRIVATE KEY-----/);
  assert.match(made.body.keypair.fingerprint, /^([0-9a-f]{2}:){15}[0-9a-f]{2}$/);
  const id = await t.boot({
    key_name: "mine",
    config_drive: true,
    user_data: Buffer.from("#!/bin/sh").toString("base64"),
    personality: [{ path: "/etc/motd", contents: Buffer.from("hello").toString("base64") }],
  });
  const drive = t.driver.guests.get(id)?.spec.configDrive;
  assert.ok(drive !== null && drive !== undefined && drive !== "keep");
  const meta = JSON.parse(String(drive["openstack/latest/meta_data.json"]));
  assert.equal(meta.uuid, id);
  assert.equal(meta.public_keys.mine, made.body.keypair.public_key);
  assert.equal(meta.files[0].content_path, "/content/0000");
  assert.equal(String(drive["openstack/latest/user_data"]), "#!/bin/sh");
  assert.equal(String(drive["openstack/content/0000"]), "hello");
  const network = JSON.parse(String(drive["openstack/latest/network_data.json"]));
  assert.equal(network.networks[0].type, "ipv4_dhcp");
});

test("an image is at the image service, a backup under nova's own images", async () => {
  const id = await t.boot();
  const image = await act(id, "createImage", { name: "snap" });
  assert.match(image.headers.get("location") ?? "", /^http:\/\/[^/]+\/image\/images\/[0-9a-f-]{36}$/);
  await t.idle();
  const backup = await act(id, "createBackup", { name: "daily", backup_type: "daily", rotation: 1 });
  assert.match(backup.headers.get("location") ?? "", /^http:\/\/[^/]+\/compute\/v2\.1\/images\/[0-9a-f-]{36}$/);
});
