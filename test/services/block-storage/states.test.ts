import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { internalContext } from "../../../src/kernel/auth/context.ts";
import { VOLUME_STATUSES, type VolumeStatus } from "../../../src/services/block-storage/states.ts";
import type { Answer } from "../../support/cloud.ts";
import { type Storage, storage } from "./support.ts";

const IMAGE = "11111111-1111-4111-8111-111111111111";
const SERVER = "5e5e5e5e-0000-4000-8000-000000000001";
const admin = "admin:alpha";

let s: Storage;
before(async () => {
  s = await storage();
  s.images.add({ id: IMAGE });
  await s.request("POST", "/types", { token: admin, body: { volume_type: { name: "other" } } });
  const quota_set = { volumes: -1, gigabytes: -1, snapshots: -1 };
  await s.request("PUT", "/os-quota-sets/alpha", { token: admin, body: { quota_set } });
});
after(() => s.close());

/** A volume, in use by a server or by nobody, in whatever status; nothing of its history is left. */
async function volumeIn(status: VolumeStatus): Promise<string> {
  const { id } = await s.volume({ metadata: { k: "v" } });
  if (status === "in-use") {
    const context = internalContext("req-test", "alpha");
    const attachment = s.facade.reserve(context, id, SERVER);
    await s.facade.connect(context, attachment.id, { hostName: "box", device: "/dev/vdb" });
    s.facade.complete(context, attachment.id);
  }
  s.t.cloud.kernel.db
    .prepare("UPDATE block_storage_volumes SET status = ?, image_metadata = ? WHERE id = ?")
    .run(status, JSON.stringify({ k: "v" }), id);
  return id;
}

type Try = (id: string) => Promise<Answer>;
const act =
  (name: string, value: unknown, version = "3.70", token?: string): Try =>
  (id) =>
    s.action(id, { [name]: value }, { version, ...(token === undefined ? {} : { token }) });
const but = (...refused: VolumeStatus[]) => VOLUME_STATUSES.filter((status) => !refused.includes(status));

/** Which statuses each verb takes, from cinder/volume/api.py of Zed; all others are refused and change nothing. */
const VERBS: [verb: string, allowed: readonly VolumeStatus[], run: Try][] = [
  ["os-extend 3.41", ["available"], act("os-extend", { new_size: 2 }, "3.41")],
  ["os-extend 3.42", ["available", "in-use"], act("os-extend", { new_size: 2 }, "3.42")],
  ["os-retype", ["available", "in-use"], act("os-retype", { new_type: "other" })],
  ["os-reserve", ["available"], act("os-reserve", {})],
  ["os-unreserve", VOLUME_STATUSES, act("os-unreserve", {})],
  ["os-begin_detaching", ["in-use"], act("os-begin_detaching", {})],
  ["os-roll_detaching", VOLUME_STATUSES, act("os-roll_detaching", {})],
  ["os-update_readonly_flag", ["available"], act("os-update_readonly_flag", { readonly: true })],
  ["os-set_bootable", but("maintenance"), act("os-set_bootable", { bootable: true })],
  ["os-volume_upload_image", ["available"], act("os-volume_upload_image", { image_name: "x" })],
  [
    "os-volume_upload_image by force",
    ["available", "in-use"],
    act("os-volume_upload_image", { image_name: "x", force: true }),
  ],
  ["os-reimage", ["available", "error"], act("os-reimage", { image_id: IMAGE })],
  [
    "os-reimage of reserved ones",
    ["available", "error", "reserved"],
    act("os-reimage", { image_id: IMAGE, reimage_reserved: true }),
  ],
  ["os-initialize_connection", but("maintenance"), act("os-initialize_connection", { connector: { host: "box" } })],
  ["os-force_delete", but("in-use"), act("os-force_delete", {}, "3.70", admin)],
  ["update", but("maintenance"), (id) => s.request("PUT", `/volumes/${id}`, { body: { volume: { name: "n" } } })],
  [
    "set metadata",
    but("maintenance", "uploading"),
    (id) => s.request("POST", `/volumes/${id}/metadata`, { body: { metadata: { a: "b" } } }),
  ],
  ["set image metadata", but("maintenance", "uploading"), act("os-set_image_metadata", { metadata: { k: "v" } })],
  ["unset image metadata", but("maintenance", "uploading"), act("os-unset_image_metadata", { key: "k" })],
  ["delete metadata", but("maintenance", "uploading"), (id) => s.request("DELETE", `/volumes/${id}/metadata/k`)],
  [
    "delete",
    ["available", "error", "error_restoring", "error_extending", "error_managing"],
    (id) => s.request("DELETE", `/volumes/${id}`),
  ],
  [
    "snapshot 3.65",
    ["available"],
    (id) => s.request("POST", "/snapshots", { version: "3.65", body: { snapshot: { volume_id: id } } }),
  ],
  [
    "snapshot by force",
    ["available", "in-use"],
    (id) => s.request("POST", "/snapshots", { version: "3.65", body: { snapshot: { volume_id: id, force: true } } }),
  ],
  [
    "snapshot 3.66",
    ["available", "in-use"],
    (id) => s.request("POST", "/snapshots", { version: "3.66", body: { snapshot: { volume_id: id } } }),
  ],
  ["clone", ["available", "in-use"], (id) => s.request("POST", "/volumes", { body: { volume: { source_volid: id } } })],
  [
    "attachment",
    ["available", "downloading"],
    (id) => s.request("POST", "/attachments", { version: "3.70", body: { attachment: { volume_uuid: id } } }),
  ],
];

for (const [verb, allowed, run] of VERBS) {
  test(`${verb} takes what cinder takes, and what it refuses stays as it was`, async () => {
    for (const status of VOLUME_STATUSES) {
      const id = await volumeIn(status);
      const before = s.facade.findVolume(id);
      const answer = await run(id);
      const expected = allowed.includes(status);
      const said = `${status}: ${answer.status} ${JSON.stringify(answer.body)}`;
      if (expected) assert.ok(answer.status < 300, said);
      else {
        assert.equal(answer.status, 400, said);
        assert.deepEqual(s.facade.findVolume(id), before, said);
      }
      await s.idle();
    }
  });
}

test("going back to a snapshot: conflicts, and the snapshot is restoring meanwhile", async () => {
  for (const status of VOLUME_STATUSES) {
    const { id } = await s.volume();
    const made = await s.request("POST", "/snapshots", { body: { snapshot: { volume_id: id } } });
    await s.idle();
    const snapshot_id = made.body.snapshot.id;
    s.t.cloud.kernel.db.prepare("UPDATE block_storage_volumes SET status = ? WHERE id = ?").run(status, id);
    const answer = await act("revert", { snapshot_id }, "3.40")(id);
    assert.equal(answer.status, status === "available" ? 202 : 409, status);
    await s.idle();
    const shown = await s.request("GET", `/snapshots/${snapshot_id}`);
    assert.equal(shown.body.snapshot.status, "available");
  }
});

test("an administrator's reset: what it refuses, and that it forgets attachments", async () => {
  const reset = (id: string, value: unknown) => act("os-reset_status", value, "3.70", admin)(id);
  const id = await volumeIn("available");
  const refusals: [value: unknown, message: RegExp][] = [
    [{ status: "deleting" }, /^Cannot reset-state to deleting$/],
    [{ status: "in-use" }, /^Cannot reset-state to in-use because volume does not have any attachments\.$/],
    [{ status: "reverting" }, /reverting/],
    [{ status: "nonsense" }, /nonsense/],
    [{}, /Must specify/],
  ];
  for (const [value, message] of refusals) {
    const answer = await reset(id, value);
    assert.equal(answer.status, 400);
    assert.match(answer.body.badRequest.message, message);
  }
  assert.equal((await s.show(id)).status, "available");
  assert.equal((await reset(id, { status: "Error_Restoring" })).status, 202);
  assert.equal((await s.show(id)).status, "error_restoring");

  const used = await volumeIn("in-use");
  assert.equal((await reset(used, { status: "available", attach_status: "detached" })).status, 202);
  const shown = await s.show(used);
  assert.deepEqual([shown.status, shown.attachments, shown.metadata], ["available", [], { k: "v" }]);
  assert.deepEqual(
    s.facade.listAttachments(SERVER).filter(({ volumeId }) => volumeId === used),
    [],
  );
});

test("os-attach again for the same server is nothing new; for another it is refused", async () => {
  const id = await volumeIn("available");
  const attach = (instance_uuid: string) => act("os-attach", { instance_uuid, mountpoint: "/dev/vdb" })(id);
  assert.equal((await attach(SERVER)).status, 202);
  assert.equal((await attach(SERVER)).status, 202);
  assert.equal((await s.show(id)).attachments.length, 1);
  assert.equal(
    (await attach("5e5e5e5e-0000-4000-8000-000000000002")).body.badRequest.message,
    "Error attaching volume - InvalidVolume: Invalid volume: volume is already attached and multiple attachments are not enabled",
  );
});
