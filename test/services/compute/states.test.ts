import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import { blockStorage } from "../../../src/services/block-storage/index.ts";
import { type ComputeLab, computeLab, INTERNAL } from "./support.ts";

const STATES = [
  "building",
  "active",
  "paused",
  "suspended",
  "stopped",
  "rescued",
  "resized",
  "soft-delete",
  "error",
  "shelved",
  "shelved_offloaded",
];

interface Row {
  method?: string;
  /** Below /servers/ID; "action" when absent. */
  path?: string;
  body?: unknown;
  /** nova's name of it in a 409. */
  verb: string;
  /** In which states it may be done. */
  from: readonly string[];
  /** A lock does not keep it from being done. */
  freely?: true;
  admin?: true;
  version?: string;
  /** May be done while something else is. */
  whileBusy?: true;
}

const action = (name: string, value: unknown, verb: string, from: readonly string[], more: Partial<Row> = {}): Row => ({
  body: { [name]: value },
  verb,
  from,
  ...more,
});
const ON = ["active", "paused", "stopped"];
const ALL_ON = [...ON, "suspended"];
const ATTACHABLE = [...ON, "resized", "soft-delete", "shelved", "shelved_offloaded"];
const ID = "3d98574a-ff77-4d30-94c8-7c3e10b77e9f";

/** check_instance_lock and check_instance_state of nova 26.2's nova/compute/api.py, and server_tags.py beside it. */
const ROWS: readonly Row[] = [
  action("os-start", null, "start", ["stopped"]),
  action("os-stop", null, "stop", ["active", "error"]),
  action("reboot", { type: "SOFT" }, "reboot", ["active"]),
  action("reboot", { type: "HARD" }, "reboot", [...ALL_ON, "error"]),
  action("pause", null, "pause", ["active"]),
  action("unpause", null, "unpause", ["paused"]),
  action("suspend", null, "suspend", ["active"]),
  action("resume", null, "resume", ["suspended"]),
  action("rescue", null, "rescue", ["active", "stopped", "error"]),
  action("unrescue", null, "unrescue", ["rescued"]),
  // None of what they name is there: lock and state come first.
  action("rebuild", { imageRef: ID }, "rebuild", ["active", "stopped", "error"]),
  action("resize", { flavorRef: "nothing" }, "resize", ["active", "stopped"]),
  action("confirmResize", null, "confirmResize", ["resized"]),
  action("revertResize", null, "revertResize", ["resized"]),
  action("createImage", { name: "i" }, "createImage", ALL_ON, { freely: true }),
  action("createBackup", { name: "i", backup_type: "daily", rotation: 1 }, "createBackup", ALL_ON, { freely: true }),
  action("shelve", null, "shelve", ALL_ON),
  action("shelveOffload", null, "shelveOffload", ["shelved"], { admin: true }),
  action("unshelve", null, "unshelve", ["shelved", "shelved_offloaded"]),
  action("changePassword", { adminPass: "x" }, "changePassword", ["active"]),
  action("trigger_crash_dump", null, "trigger_crash_dump", ["active", "paused", "rescued", "resized", "error"], {
    version: "2.17",
  }),
  action("restore", null, "restore", ["soft-delete"]),
  action("migrate", null, "migrate", ["active", "stopped"], { admin: true }),
  action("os-migrateLive", { host: null, block_migration: "auto" }, "os-migrateLive", ["active", "paused"], {
    admin: true,
    version: "2.30",
  }),
  action("evacuate", {}, "evacuate", ["active", "stopped", "error"], { admin: true, freely: true, version: "2.68" }),
  { path: "os-interface", body: { interfaceAttachment: { port_id: ID } }, verb: "attach_interface", from: ON },
  { method: "DELETE", path: `os-interface/${ID}`, verb: "detach_interface", from: ON },
  {
    path: "os-volume_attachments",
    body: { volumeAttachment: { volumeId: "VOLUME" } },
    verb: "attach_volume",
    from: ATTACHABLE,
    version: "2.20",
  },
  {
    path: "os-volume_attachments",
    body: { volumeAttachment: { volumeId: "VOLUME" } },
    verb: "attach_volume",
    from: ATTACHABLE.filter((state) => !state.startsWith("shelved")),
  },
  {
    method: "PUT",
    path: "os-volume_attachments/VOLUME",
    body: { volumeAttachment: { volumeId: "VOLUME" } },
    verb: "swap_volume",
    from: ["active", "paused", "resized"],
    admin: true,
  },
  { path: "metadata", body: { metadata: { k: "v" } }, verb: "update metadata", from: ALL_ON, whileBusy: true },
  { method: "DELETE", path: "metadata/there", verb: "delete metadata", from: ALL_ON, whileBusy: true },
  ...[
    { method: "PUT", path: "tags", body: { tags: ["a"] }, verb: "update tags" },
    { method: "PUT", path: "tags/a", verb: "update tag" },
    { method: "DELETE", path: "tags/never", verb: "delete tag" },
    { method: "DELETE", path: "tags", verb: "delete tags" },
  ].map((row) => ({ ...row, from: ALL_ON, freely: true, whileBusy: true, version: "2.26" }) as const),
];

let t: ComputeLab;
let id: string;
let volume: string;
before(async () => {
  t = await computeLab({ services: [blockStorage({ driver: () => new FakeVolumeDriver(), hostname: "box" })] });
  id = await t.boot({ metadata: { there: "yes" } });
  const made = await t.request("POST", "/volume/v3/volumes", { token: "member:alpha", body: { volume: { size: 1 } } });
  volume = made.body.volume.id;
  await t.idle();
});
after(() => t.close());

const put = (columns: { vm_state?: string; task_state?: string | null; locked_by?: string | null }) => {
  for (const [name, value] of Object.entries(columns)) {
    t.cloud.kernel.db
      .prepare(`UPDATE compute_servers SET ${name} = ?, revision = revision + 1 WHERE id = ?`)
      .run(value, id);
  }
};
const ask = async ({ method = "POST", path = "action", body, version, admin }: Row) => {
  const target = path === "" ? "" : `/${path.replace("VOLUME", volume)}`;
  const answer = await t.api(method, `/servers/${id}${target}`, {
    ...(body === undefined ? {} : { body: JSON.parse(JSON.stringify(body).replace("VOLUME", volume)) }),
    ...(version === undefined ? {} : { version }),
    ...(admin === true ? { token: "admin:alpha" } : {}),
  });
  return `${answer.status} ${answer.body?.conflictingRequest?.message ?? ""}`;
};

test("each action is refused in each state that nova refuses it in, before its parameters are looked at", async () => {
  for (const row of ROWS) {
    for (const state of STATES) {
      put({ vm_state: state, task_state: "something" });
      const [attribute, value] = row.from.includes(state) ? ["task_state", "something"] : ["vm_state", state];
      if (attribute === "task_state" && row.whileBusy) continue;
      const expected = `409 Cannot '${row.verb}' instance ${id} while it is in ${attribute} ${value}`;
      assert.equal(await ask(row), expected, JSON.stringify({ row, state }));
    }
  }
});

test("a lock keeps from change and deletion, not from making an image, and not the administrator", async () => {
  put({ vm_state: "building", task_state: null, locked_by: "owner" });
  const rows: Row[] = [
    ...ROWS,
    action("forceDelete", null, "forceDelete", []),
    action("addFixedIp", { networkId: ID }, "", []),
    action("removeFixedIp", { address: "10.0.0.2" }, "", []),
    { method: "DELETE", path: "", verb: "delete", from: [] },
  ];
  for (const row of rows) {
    const answer = await ask(row);
    if (row.freely || row.admin) assert.match(answer, /while it is in vm_state building$/, JSON.stringify(row));
    else assert.equal(answer, `409 Instance ${id} is locked`, JSON.stringify(row));
  }
});

test("an image is made of a locked server; one that never ran cannot be started", async () => {
  put({ vm_state: "active", task_state: null, locked_by: "owner" });
  assert.equal(await ask(action("createImage", { name: "snap" }, "", [])), "202 ");
  await t.idle();
  assert.equal(t.images.list(INTERNAL).find(({ name }) => name === "snap")?.status, "active");
  put({ locked_by: null, vm_state: "stopped" });
  t.cloud.kernel.db.prepare("UPDATE compute_servers SET launched_at = NULL, revision = revision + 1").run();
  assert.equal(await ask(action("os-start", null, "", [])), `409 Instance ${id} is in an invalid state for 'start'`);
});
