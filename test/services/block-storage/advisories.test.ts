import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FakeExec } from "../../../src/host/fake/exec.ts";
import { HostLedger, openLedgerDatabase } from "../../../src/host/ledger.ts";
import { Loops } from "../../../src/host/loop.ts";
import { Lvm } from "../../../src/host/lvm.ts";
import { internalContext } from "../../../src/kernel/auth/context.ts";
import { systemClock } from "../../../src/kernel/time/clock.ts";
import type { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import { LvmVolumeDriver } from "../../../src/services/block-storage/driver/lvm.ts";
import { type Storage, storage } from "./support.ts";

// What went wrong in cinder once, tried here (docs/security.md).

let s: Storage;
before(async () => {
  s = await storage({ settings: { blockStorage: { multiattach: true } } });
});
after(() => s.close());

const SERVER = "5e5e5e5e-0000-4000-8000-000000000001";
const context = () => internalContext("req-test", "alpha");

test("no way of detaching takes a volume from a guest without compute's own token", async () => {
  const { id } = await s.volume({ volume_type: "multiattach" });
  const held = s.facade.reserve(context(), id, SERVER);
  await s.facade.connect(context(), held.id, { hostName: "box", device: "/dev/vdb" });
  s.facade.complete(context(), held.id);
  // A second attachment of the user's own, so that "the only one" is none of the ways in.
  const version = "3.54";
  const own = await s.request("POST", "/attachments", { version, body: { attachment: { volume_uuid: id } } });
  assert.equal(own.status, 200);
  const ways: [string, string, unknown?][] = [
    ["DELETE", `/attachments/${held.id}`],
    ["POST", `/volumes/${id}/action`, { "os-detach": {} }],
    ["POST", `/volumes/${id}/action`, { "os-detach": null }],
    ["POST", `/volumes/${id}/action`, { "os-detach": { attachment_id: held.id } }],
    ["POST", `/volumes/${id}/action`, { "os-terminate_connection": { connector: { host: "box" } } }],
    ["POST", `/volumes/${id}/action`, { "os-terminate_connection": { connector: null } }],
    ["POST", `/volumes/${id}/action`, { "os-force_detach": { attachment_id: held.id, connector: {} } }],
    ["POST", `/volumes/${id}/action`, { "os-force_delete": {} }],
    ["DELETE", `/volumes/${id}?force=true`],
    ["DELETE", `/volumes/${id}?cascade=true`],
    ["POST", `/volumes/${id}/action`, { "os-reset_status": { status: "available", attach_status: "detached" } }],
    ["POST", "/volume-transfers", { transfer: { volume_id: id } }],
  ];
  // The role is not enough for a user; it must be a service's token beside a user's.
  const callers = [
    ...["", "member:alpha", "service"].map((token) => ({ headers: { "x-service-token": token } })),
    { token: "service:alpha" },
  ];
  for (const caller of callers) {
    for (const [method, path, body] of ways) {
      const { status } = await s.request(method, path, { version, ...caller, ...(body === undefined ? {} : { body }) });
      const call = `${JSON.stringify(caller)} ${method} ${path} ${JSON.stringify(body)}`;
      assert.ok([400, 401, 403, 404, 409].includes(status), `${call} → ${status}`);
    }
  }
  assert.deepEqual(
    s.facade.listAttachments(SERVER).map(({ id: one, status }) => [one, status]),
    [[held.id, "attached"]],
  );
  assert.ok((s.driver as FakeVolumeDriver).connected.has(id));
  const byService = { version, headers: { "x-service-token": "service:alpha" } };
  assert.equal((await s.request("DELETE", `/attachments/${held.id}`, byService)).status, 200);
  assert.deepEqual(s.facade.listAttachments(SERVER), []);
});

test("where a volume lies on the host is shown to no user, and what a connector says is text", async () => {
  const { id } = await s.volume();
  const version = "3.54";
  const attachment = { volume_uuid: id, instance_uuid: SERVER, connector: { host: "box" } };
  const created = await s.request("POST", "/attachments", { version, body: { attachment } });
  assert.equal(created.status, 200);
  const path = `/attachments/${created.body.attachment.id}`;
  const seen = [
    created,
    await s.request("GET", path, { version }),
    await s.request("GET", "/attachments/detail", { version }),
    await s.request("GET", `/volumes/${id}`),
    await s.action(id, { "os-initialize_connection": { connector: { host: "box" } } }),
  ];
  for (const { body } of seen) assert.doesNotMatch(JSON.stringify(body), /\/fake\/|device_path/);
  for (const wrong of [{ host: {} }, { mountpoint: ["/dev/vdb"] }, { mode: 1 }, { host: "x".repeat(256) }]) {
    const update = await s.request("PUT", path, { version, body: { attachment: { connector: wrong } } });
    const older = await s.action(id, { "os-initialize_connection": { connector: wrong } });
    assert.deepEqual([update.status, older.status], [400, 400], JSON.stringify(wrong));
  }
});

test("a user does not call a snapshot finished, deleted or broken at will", async () => {
  const { id } = await s.volume();
  const body = { snapshot: { volume_id: id } };
  const { snapshot } = (await s.request("POST", "/snapshots", { body })).body;
  const report = async (status: string) => {
    const told = { "os-update_snapshot_status": { status, progress: "50%" } };
    return (await s.request("POST", `/snapshots/${snapshot.id}/action`, { body: told })).status;
  };
  await s.idle();
  for (const status of ["creating", "available", "deleting", "error", "error_deleting"]) {
    assert.equal(await report(status), 400, status);
  }
  const shown = await s.request("GET", `/snapshots/${snapshot.id}`);
  assert.equal(shown.body.snapshot.status, "available");
  const reset = { "os-reset_status": { status: "creating" } };
  await s.request("POST", `/snapshots/${snapshot.id}/action`, { token: "admin:alpha", body: reset });
  assert.equal(await report("deleting"), 400);
  assert.equal(await report("available"), 202);
});

test("thick volumes and what their snapshots kept are overwritten before others get the blocks", async () => {
  const removed: string[] = [];
  const volumes = [
    { lv_name: "volume-a-1", lv_size: "1073741824", pool_lv: "", origin: "" },
    { lv_name: "_snapshot-s-1", lv_size: "1073741824", pool_lv: "", origin: "volume-a-1" },
  ];
  const exec = new FakeExec((command, args) => {
    if (command === "lvs") return { stdout: JSON.stringify({ report: [{ lv: volumes }] }) };
    removed.push([command, ...args].join(" "));
    return undefined;
  });
  const ledger = new HostLedger(openLedgerDatabase(":memory:", systemClock), systemClock);
  ledger.registerUndo("logical-volume", async ({ name }) => {
    await exec.run("lvremove", [name]);
  });
  const lvm = new Lvm(exec, ledger, new Loops(exec, ledger));
  for (const name of ["volume-a-1", "_snapshot-s-1"]) {
    const details = { volumeGroup: "stack-vols", volume: name };
    await ledger.create(
      { kind: "logical-volume", name: `stack-vols/${name}`, details, owner: "test" },
      () => undefined,
    );
  }
  const thick = new LvmVolumeDriver({ exec, lvm, group: "stack-vols", prefix: "volume-", thin: false, clear: "zero" });
  await thick.deleteSnapshot({ id: "s-1", volumeId: "a-1" });
  await thick.delete({ id: "a-1" });
  assert.deepEqual(
    removed.filter((line) => /^(blkdiscard|lvremove)/.test(line)),
    [
      "blkdiscard --force --zeroout /dev/mapper/stack--vols-_snapshot--s--1-cow",
      "lvremove stack-vols/_snapshot-s-1",
      "blkdiscard --zeroout /dev/stack-vols/volume-a-1",
      "lvremove stack-vols/volume-a-1",
    ],
  );
});
