import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { internalContext } from "../../../src/kernel/auth/context.ts";
import type { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import { type Storage, storage } from "./support.ts";

let s: Storage;
before(async () => {
  s = await storage({ settings: { blockStorage: { multiattach: true } } });
});
after(() => s.close());

const SERVER = "5e5e5e5e-0000-4000-8000-000000000001";
const OTHER = "5e5e5e5e-0000-4000-8000-000000000002";
const context = () => internalContext("req-test", "alpha");
const driver = () => s.driver as FakeVolumeDriver;

test("the attachments API: reserve, connect, complete, delete", async () => {
  const { id } = await s.volume();
  const version = "3.54";
  assert.equal((await s.request("GET", "/attachments", { version: "3.26" })).status, 404);
  const created = await s.request("POST", "/attachments", {
    version,
    body: { attachment: { volume_uuid: id, instance_uuid: SERVER, mode: "rw" } },
  });
  assert.equal(created.status, 200);
  const { attachment } = created.body;
  assert.deepEqual([attachment.status, attachment.instance, attachment.volume_id], ["reserved", SERVER, id]);
  assert.deepEqual(attachment.connection_info, {});
  assert.equal((await s.show(id)).status, "reserved");
  const taken = await s.request("POST", "/attachments", {
    version,
    body: { attachment: { volume_uuid: id, instance_uuid: OTHER } },
  });
  assert.equal(
    taken.body.badRequest.message,
    `Invalid volume: Volume ${id} status must be available or downloading to reserve, but the current status is reserved.`,
  );
  const connector = { host: "box", mountpoint: "/dev/vdb" };
  const path = `/attachments/${attachment.id}`;
  const updated = await s.request("PUT", path, { version, body: { attachment: { connector } } });
  assert.equal(updated.body.attachment.connection_info.driver_volume_type, "local");
  assert.equal("device_path" in updated.body.attachment.connection_info, false, "users learn no path of the host");
  assert.equal((await s.show(id)).status, "attaching");
  const done = await s.request("POST", `${path}/action`, { version, body: { "os-complete": {} } });
  assert.equal(done.status, 204);
  const shown = await s.show(id);
  assert.equal(shown.status, "in-use");
  assert.equal(shown.attachments[0].server_id, SERVER);
  assert.equal(shown.attachments[0].device, "/dev/vdb");
  assert.equal(shown.attachments[0].host_name, null);
  const listed = await s.request("GET", "/attachments", { version });
  assert.deepEqual(listed.body.attachments, [
    { id: attachment.id, status: "attached", instance: SERVER, volume_id: id },
  ]);
  const deleted = await s.request("DELETE", `/volumes/${id}`);
  assert.match(deleted.body.badRequest.message, /must not be migrating, attached/);
  const detached = await s.request("DELETE", path, { version });
  assert.deepEqual([detached.status, detached.body], [200, { attachments: [] }]);
  assert.equal((await s.show(id)).status, "available");
  assert.equal(driver().connected.has(id), false);
});

test("the older actions: os-attach and os-detach, os-reserve and os-unreserve", async () => {
  const { id } = await s.volume();
  const act = (name: string, value: unknown = {}) => s.action(id, { [name]: value });
  assert.equal((await act("os-attach", { instance_uuid: SERVER, mountpoint: "/dev/vdb" })).status, 202);
  const attached = await s.show(id);
  assert.equal(attached.status, "in-use");
  assert.deepEqual(attached.metadata, { readonly: "False", attached_mode: "rw" });
  assert.equal((await act("os-begin_detaching")).status, 202);
  assert.equal((await s.show(id)).status, "detaching");
  assert.equal((await act("os-roll_detaching")).status, 202);
  assert.equal((await act("os-detach")).status, 202);
  assert.equal((await s.show(id)).status, "available");
  assert.equal((await act("os-reserve")).status, 202);
  const again = await act("os-reserve");
  assert.equal(
    again.body.badRequest.message,
    "Invalid volume: Volume status must be available to reserve, but the status is attaching.",
  );
  assert.equal((await act("os-unreserve")).status, 202);
  assert.equal((await s.show(id)).status, "available");
  const info = await s.action(
    id,
    { "os-initialize_connection": { connector: { host: "box" } } },
    { token: "admin:alpha" },
  );
  assert.equal(info.body.connection_info.data.device_path, `/fake/volume-${id}`);
  assert.equal((await act("os-terminate_connection", { connector: { host: "box" } })).status, 202);
  const unknown = await s.action("xxx", { "os-detach": {} });
  assert.equal(unknown.body.itemNotFound.message, "Volume xxx could not be found.");
});

test("compute's way through the facade; what it attached only it detaches", async () => {
  const { facade } = s;
  const made = facade.createVolume(context(), { sizeGb: 1, name: "boot" });
  assert.equal(made.status, "creating");
  assert.equal((await facade.waitForVolume(made.id)).status, "available");
  const reserved = facade.reserve(context(), made.id, SERVER);
  assert.equal(facade.reserve(context(), made.id, SERVER).id, reserved.id, "a resumed operation gets the same one");
  assert.throws(() => facade.reserve(context(), made.id, OTHER), /to reserve, but the current status is reserved/);
  const connection = await facade.connect(context(), reserved.id, { hostName: "box", device: "/dev/vda" });
  assert.deepEqual(connection.source, { kind: "file", path: `/fake/volume-${made.id}`, format: "raw" });
  assert.equal(connection.readOnly, false);
  facade.complete(context(), reserved.id);
  assert.equal(facade.findVolume(made.id)?.status, "in-use");
  // After a reboot of the host: the way to the data again, and no change of status.
  await facade.connect(context(), reserved.id, { hostName: "box", device: "/dev/vda" });
  assert.equal(facade.findVolume(made.id)?.status, "in-use");
  assert.deepEqual(
    facade.listAttachments(SERVER).map(({ volumeId, device, status }) => [volumeId, device, status]),
    [[made.id, "/dev/vda", "attached"]],
  );
  const byUser = await s.request("DELETE", `/attachments/${reserved.id}`, { version: "3.27" });
  assert.deepEqual(byUser.body, {
    conflictingRequest: { code: 409, message: `Detach volume from instance ${SERVER} using the Compute API` },
  });
  assert.equal((await s.action(made.id, { "os-detach": {} })).status, 409);
  facade.beginDetaching(context(), made.id);
  await facade.detach(context(), reserved.id);
  await facade.detach(context(), reserved.id);
  assert.equal(facade.findVolume(made.id)?.status, "available");
  facade.deleteVolume(context(), made.id);
  await s.idle();
  assert.equal(facade.findVolume(made.id), null);
});

test("waiting ends with the volume's end, with the signal, or in time", async () => {
  const { facade } = s;
  const { id } = await s.volume();
  await s.action(id, { "os-reset_status": { status: "creating" } }, { token: "admin:alpha" });
  const abort = new AbortController();
  const aborted = facade.waitForVolume(id, { signal: abort.signal });
  abort.abort(new Error("never mind"));
  await assert.rejects(aborted, /never mind/);
  await assert.rejects(facade.waitForVolume(id, { timeout: 1 }), { status: 504 });
  const failing = facade.waitForVolume(id);
  await s.action(id, { "os-reset_status": { status: "error" } }, { token: "admin:alpha" });
  await assert.rejects(failing, /its status is error/);
  await assert.rejects(facade.waitForVolume("gone"), { status: 404 });
});

test("a multiattach type's volumes go to several servers; read-only ones are read-only", async () => {
  const { facade } = s;
  const shared = await s.volume({ volume_type: "multiattach" });
  assert.equal(shared.multiattach, true);
  const attach = async (server: string) => {
    const { id } = facade.reserve(context(), shared.id, server);
    await facade.connect(context(), id, { hostName: "box", device: "/dev/vdb" });
    facade.complete(context(), id);
    return id;
  };
  const first = await attach(SERVER);
  const second = await attach(OTHER);
  await facade.detach(context(), first);
  assert.equal(facade.findVolume(shared.id)?.status, "in-use");
  assert.ok(driver().connected.has(shared.id), "the other server still has it");
  await facade.detach(context(), second);
  assert.equal(facade.findVolume(shared.id)?.status, "available");

  const { id } = await s.volume();
  await s.action(id, { "os-update_readonly_flag": { readonly: "true" } });
  const reserved = facade.reserve(context(), id, SERVER);
  const { readOnly } = await facade.connect(context(), reserved.id, { hostName: "box", device: null });
  assert.equal(readOnly, true);
});

test("a volume in use grows since 3.42, and who has it is told", async () => {
  const { facade } = s;
  const heard: unknown[] = [];
  s.t.cloud.kernel.events.on("block-storage.volume.extended", "test", (payload) => {
    heard.push(payload);
  });
  const { id } = await s.volume();
  const attachment = facade.reserve(context(), id, SERVER);
  await facade.connect(context(), attachment.id, { hostName: "box", device: "/dev/vdb" });
  facade.complete(context(), attachment.id);
  const old = await s.action(id, { "os-extend": { new_size: 2 } }, { version: "3.41" });
  assert.match(old.body.badRequest.message, /to extend, currently in-use/);
  assert.equal((await s.action(id, { "os-extend": { new_size: 2 } }, { version: "3.42" })).status, 202);
  await s.idle();
  await s.t.cloud.kernel.events.idle();
  const shown = await s.show(id);
  assert.deepEqual([shown.status, shown.size], ["in-use", 2]);
  const requestId = heard.map((payload) => (payload as { requestId: string }).requestId)[0];
  assert.match(requestId ?? "", /^req-/);
  assert.deepEqual(heard, [{ volumeId: id, instanceIds: [SERVER], requestId }]);
});
