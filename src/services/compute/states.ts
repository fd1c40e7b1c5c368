import type { RequestContext } from "../../kernel/auth/context.ts";
import { conflict } from "../../kernel/errors.ts";
import { lockedError, wrongState } from "./errors.ts";
import type { Server } from "./store/servers.ts";

/** What the guest is, as nova stores it. */
export type VmState =
  | "building"
  | "active"
  | "paused"
  | "suspended"
  | "stopped"
  | "rescued"
  | "resized"
  | "soft-delete"
  | "deleted"
  | "error"
  | "shelved"
  | "shelved_offloaded";

/** What is being done to it, as nova stores it; null: nothing. */
export type TaskState = Task | null;

type Task =
  // It is made.
  | "scheduling"
  | "networking"
  | "block_device_mapping"
  | "spawning"
  // Its guest is switched.
  | "powering-on"
  | "powering-off"
  | "rebooting"
  | "reboot_pending"
  | "reboot_started"
  | "rebooting_hard"
  | "reboot_pending_hard"
  | "reboot_started_hard"
  | "pausing"
  | "unpausing"
  | "suspending"
  | "resuming"
  | "rescuing"
  | "unrescuing"
  | "updating_password"
  // It becomes another one.
  | "rebuilding"
  | "rebuild_block_device_mapping"
  | "rebuild_spawning"
  | "resize_prep"
  | "resize_migrating"
  | "resize_migrated"
  | "resize_finish"
  | "resize_reverting"
  | "migrating"
  // It is copied, or put away.
  | "image_snapshot_pending"
  | "image_backup"
  | "shelving"
  | "shelving_image_uploading"
  | "shelving_offloading"
  | "unshelving"
  // It goes.
  | "soft-deleting"
  | "restoring"
  | "deleting";

type Statuses = Readonly<Partial<Record<Task | "default", string>>>;

/** libvirt's and nova's numbers. */
export const POWER = { nostate: 0, running: 1, paused: 3, shutdown: 4, crashed: 6, suspended: 7 } as const;

const RESIZING: Statuses = {
  resize_prep: "RESIZE",
  resize_migrating: "RESIZE",
  resize_migrated: "RESIZE",
  resize_finish: "RESIZE",
};
const REBUILDING: Statuses = {
  rebuilding: "REBUILD",
  rebuild_block_device_mapping: "REBUILD",
  rebuild_spawning: "REBUILD",
};

/** vm_state × task_state → the status clients see; "default" for every other task. */
const STATUS: Readonly<Record<VmState, Statuses>> = {
  active: {
    default: "ACTIVE",
    rebooting: "REBOOT",
    reboot_pending: "REBOOT",
    reboot_started: "REBOOT",
    rebooting_hard: "HARD_REBOOT",
    reboot_pending_hard: "HARD_REBOOT",
    reboot_started_hard: "HARD_REBOOT",
    updating_password: "PASSWORD",
    migrating: "MIGRATING",
    ...REBUILDING,
    ...RESIZING,
  },
  building: { default: "BUILD" },
  stopped: { default: "SHUTOFF", ...REBUILDING, ...RESIZING },
  resized: { default: "VERIFY_RESIZE", resize_reverting: "REVERT_RESIZE" },
  paused: { default: "PAUSED", migrating: "MIGRATING" },
  suspended: { default: "SUSPENDED" },
  rescued: { default: "RESCUE" },
  error: { default: "ERROR", ...REBUILDING, migrating: "ERROR" },
  deleted: { default: "DELETED" },
  "soft-delete": { default: "SOFT_DELETED" },
  shelved: { default: "SHELVED" },
  shelved_offloaded: { default: "SHELVED_OFFLOADED" },
};

export function statusOf(server: Pick<Server, "vmState" | "taskState">): string {
  const byTask = STATUS[server.vmState];
  return byTask[server.taskState ?? "default"] ?? byTask.default ?? "UNKNOWN";
}

/** Status → the (vm_state, task_states) pairs a filter on it means; null for an unknown status. */
export function statesOfStatus(status: string): { vmState: VmState; matches(task: TaskState): boolean }[] | null {
  const wanted = status.toUpperCase();
  const found: { vmState: VmState; matches(task: TaskState): boolean }[] = [];
  for (const vmState of Object.keys(STATUS) as VmState[]) {
    if (Object.values(STATUS[vmState]).includes(wanted)) {
      found.push({ vmState, matches: (taskState) => statusOf({ vmState, taskState }) === wanted });
    }
  }
  return found.length === 0 ? null : found;
}

export interface Transition {
  /** Name in the 409: "Cannot 'pause' instance …". */
  verb: string;
  /** Name in the list of instance actions. */
  action: string;
  /** Allowed vm_states; null: any. */
  from: readonly VmState[] | null;
  /** Allowed task_states; null: any. */
  tasks: readonly TaskState[] | null;
  /** The task_state while it goes on. */
  task: TaskState;
  /** A server that never got to a host cannot do it. */
  mustHaveLaunched: boolean;
  /** A lock is against change and deletion; what leaves the server as it is may go on. */
  heedsLock: boolean;
}

const t = (
  verb: string,
  from: readonly VmState[] | null,
  task: TaskState,
  more: Partial<Pick<Transition, "action" | "tasks" | "mustHaveLaunched" | "heedsLock">> = {},
): Transition => ({
  verb,
  action: verb,
  from,
  tasks: [null],
  task,
  mustHaveLaunched: true,
  heedsLock: true,
  ...more,
});

const HARD_REBOOT_TASKS: readonly TaskState[] = [
  null,
  "reboot_started",
  "reboot_pending",
  "rebooting",
  "rebooting_hard",
  "reboot_pending_hard",
  "reboot_started_hard",
  "resuming",
  "unpausing",
  "pausing",
  "suspending",
];

const ATTACHABLE: readonly VmState[] = [
  "active",
  "paused",
  "stopped",
  "resized",
  "soft-delete",
  "shelved",
  "shelved_offloaded",
];

/** What may be done in which state (check_instance_state and check_instance_lock of nova 26.2's nova/compute/api.py, as a table). */
export const TRANSITIONS = {
  softDelete: t("delete", null, "soft-deleting", { tasks: null, mustHaveLaunched: false }),
  start: t("start", ["stopped"], "powering-on"),
  stop: t("stop", ["active", "error"], "powering-off"),
  rebootSoft: t("reboot", ["active"], "rebooting"),
  rebootHard: t("reboot", ["active", "stopped", "paused", "suspended", "error"], "rebooting_hard", {
    tasks: HARD_REBOOT_TASKS,
  }),
  pause: t("pause", ["active"], "pausing"),
  unpause: t("unpause", ["paused"], "unpausing"),
  suspend: t("suspend", ["active"], "suspending"),
  resume: t("resume", ["suspended"], "resuming"),
  rescue: t("rescue", ["active", "stopped", "error"], "rescuing"),
  unrescue: t("unrescue", ["rescued"], "unrescuing"),
  rebuild: t("rebuild", ["active", "stopped", "error"], "rebuilding"),
  resize: t("resize", ["active", "stopped"], "resize_prep"),
  confirmResize: t("confirmResize", ["resized"], null),
  revertResize: t("revertResize", ["resized"], "resize_reverting"),
  createImage: t("createImage", ["active", "stopped", "paused", "suspended"], "image_snapshot_pending", {
    heedsLock: false,
  }),
  createBackup: t("createBackup", ["active", "stopped", "paused", "suspended"], "image_backup", { heedsLock: false }),
  shelve: t("shelve", ["active", "stopped", "paused", "suspended"], "shelving"),
  shelveOffload: t("shelveOffload", ["shelved"], "shelving_offloading"),
  unshelve: t("unshelve", ["shelved", "shelved_offloaded"], "unshelving"),
  changePassword: t("changePassword", ["active"], "updating_password"),
  attachInterface: t("attach_interface", ["active", "paused", "stopped"], null),
  detachInterface: t("detach_interface", ["active", "paused", "stopped"], null),
  attachVolume: t("attach_volume", ATTACHABLE, null),
  detachVolume: t("detach_volume", ATTACHABLE, null),
  swapVolume: t("swap_volume", ["active", "paused", "resized"], null),
  triggerCrashDump: t("trigger_crash_dump", ["active", "paused", "rescued", "resized", "error"], null),
  restore: t("restore", ["soft-delete"], "restoring"),
  updateMetadata: t("update metadata", ["active", "paused", "suspended", "stopped"], null, { tasks: null }),
  deleteMetadata: t("delete metadata", ["active", "paused", "suspended", "stopped"], null, { tasks: null }),
  updateTags: t("update tags", ["active", "paused", "suspended", "stopped"], null, {
    tasks: null,
    mustHaveLaunched: false,
    heedsLock: false,
  }),
  migrate: t("migrate", ["active", "stopped"], null),
  migrateLive: t("os-migrateLive", ["active", "paused"], null),
  evacuate: t("evacuate", ["active", "stopped", "error"], null, { heedsLock: false }),
} as const satisfies Record<string, Transition>;

/** What every action asks first, before it looks at its own parameters. Errors: 409 for a lock or a state that forbids it. */
export function requireReady(context: RequestContext, server: Server, transition: Transition): void {
  if (transition.heedsLock) requireUnlocked(context, server);
  requireState(server, transition);
}

/** Errors: 409 when the server's state does not allow it, in nova's words. */
export function requireState(server: Server, transition: Transition): void {
  if (transition.from !== null && !transition.from.includes(server.vmState)) {
    throw wrongState(server, transition.verb, "vm_state", server.vmState);
  }
  if (transition.tasks !== null && !transition.tasks.includes(server.taskState)) {
    throw wrongState(server, transition.verb, "task_state", server.taskState);
  }
  if (transition.mustHaveLaunched && server.launchedAt === null) {
    throw conflict(`Instance ${server.id} is in an invalid state for '${transition.verb}'`);
  }
}

/** Errors: 409 for a locked server, unless an admin asks. */
export function requireUnlocked(context: RequestContext, server: Server): void {
  if (server.lockedBy !== null && !context.isAdmin) throw lockedError(server.id);
}
