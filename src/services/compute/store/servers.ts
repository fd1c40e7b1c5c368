import type { Database } from "../../../kernel/db/database.ts";
import { type Condition, condition, type Order, oneOf, type Range, type Stored } from "../../../kernel/db/list.ts";
import { RevisedTable } from "../../../kernel/db/revised.ts";
import type { Columns } from "../../../kernel/db/table.ts";
import { UntilWritten } from "../../../kernel/db/until-written.ts";
import type { Vif } from "../../network/facade.ts";
import type { TaskState, VmState } from "../states.ts";
import { inColumn, isNewestFirst } from "./server-list.ts";
import { type HostUsage, ON_HOST, type OwnerUsage, type PeriodUse, type ProjectUsage, UseStore } from "./use.ts";

/** The flavor as it was when the server was made or resized. */
export interface ServerFlavor {
  id: string;
  name: string;
  ram: number;
  vcpus: number;
  disk: number;
  ephemeral: number;
  swap: number;
  rxtxFactor: number;
  extraSpecs: Record<string, string>;
}

export interface Fault {
  code: number;
  message: string;
  /** Shown to admins, and to users for 500s of a build. */
  details: string;
  createdAt: number;
}

/** A volume of the server, or a local disk that its block device mapping asked for. */
export interface BlockDevice {
  /** The attachment's id: what 2.89 shows as bdm_uuid. */
  id: string;
  source: "image" | "volume" | "snapshot" | "blank";
  destination: "local" | "volume";
  bootIndex: number | null;
  /** null until the volume exists. */
  volumeId: string | null;
  sourceId: string | null;
  sizeGb: number | null;
  device: string | null;
  bus: string | null;
  deviceType: string | null;
  guestFormat: string | null;
  deleteOnTermination: boolean;
  tag: string | null;
  volumeType: string | null;
  attachmentId: string | null;
  /** The guest has been asked to let go of it, perhaps in vain. */
  leaving?: boolean;
}

export interface Nic {
  portId: string;
  networkId: string;
  tag: string | null;
  /** Made by us, so deleted with the server; a user's own port is only released. */
  ours: boolean;
  /** The guest has been asked to let go of it, perhaps in vain. */
  leaving?: boolean;
}

export interface Server {
  readonly number: number;
  readonly id: string;
  /** Grows with every write: the key of caches. */
  readonly revision: number;
  readonly projectId: string;
  readonly userId: string;
  readonly name: string;
  readonly description: string | null;
  readonly hostname: string;
  readonly vmState: VmState;
  readonly taskState: TaskState;
  readonly powerState: number;
  readonly progress: number;
  readonly lockedBy: "owner" | "admin" | null;
  readonly lockedReason: string | null;
  /** "" for one that boots from a volume. */
  readonly imageId: string;
  readonly imageProperties: Readonly<Record<string, string>>;
  readonly flavor: ServerFlavor;
  readonly oldFlavor: ServerFlavor | null;
  /** vm_state to go back to (resize, rescue). */
  readonly oldState: VmState | null;
  readonly keyName: string | null;
  readonly keyPair: { type: string; publicKey: string } | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly tags: readonly string[];
  readonly availabilityZone: string | null;
  readonly requestedZone: string | null;
  readonly host: string | null;
  readonly accessIpV4: string | null;
  readonly accessIpV6: string | null;
  /** "True" or "". */
  readonly configDrive: string;
  /** base64, as it was given. */
  readonly userData: string | null;
  /** What the guest posted as its encrypted password. */
  readonly passwordData: string;
  readonly reservationId: string;
  readonly launchIndex: number;
  readonly diskConfig: "AUTO" | "MANUAL";
  readonly trustedCertificates: readonly string[] | null;
  readonly hints: Readonly<Record<string, unknown>>;
  readonly groupId: string | null;
  readonly rootDeviceName: string | null;
  readonly blockDevices: readonly BlockDevice[];
  readonly nics: readonly Nic[];
  /** Nova's "instance info cache": what the network service said of the NICs when they last changed. */
  readonly vifs: readonly Vif[];
  readonly shelvedImageId: string | null;
  readonly rescueImageId: string | null;
  readonly fault: Fault | null;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly launchedAt: number | null;
  readonly terminatedAt: number | null;
  readonly deletedAt: number | null;
}

export type NewServer = Omit<Server, "number" | "revision">;
export type ServerChanges = Partial<Omit<Server, "number" | "revision" | "id" | "createdAt">>;

/** As it is kept: what its NICs can be found by besides. */
interface ServerRow extends Omit<Server, "number"> {
  readonly addresses: string;
}

const COLUMNS: Columns<ServerRow> = {
  revision: "revision",
  id: "text",
  projectId: "text",
  userId: "text",
  name: "text",
  description: "text",
  hostname: "text",
  vmState: "text",
  taskState: "text",
  powerState: "integer",
  progress: "integer",
  lockedBy: "text",
  lockedReason: "text",
  imageId: "text",
  keyName: "text",
  availabilityZone: "text",
  requestedZone: "text",
  host: "text",
  accessIpV4: "text",
  accessIpV6: "text",
  configDrive: "text",
  userData: "text",
  passwordData: "text",
  reservationId: "text",
  launchIndex: "integer",
  diskConfig: "text",
  groupId: "text",
  rootDeviceName: "text",
  shelvedImageId: "text",
  rescueImageId: "text",
  oldState: "text",
  createdAt: "integer",
  updatedAt: "integer",
  launchedAt: "integer",
  terminatedAt: "integer",
  deletedAt: "integer",
  imageProperties: "json",
  flavor: "json",
  oldFlavor: "json",
  keyPair: "json",
  metadata: "json",
  tags: "json",
  trustedCertificates: "json",
  hints: "json",
  blockDevices: "json",
  nics: "json",
  vifs: "json",
  fault: "json",
  addresses: "text",
};

export interface ServerSelection {
  /** null: every project's. */
  projectId: string | null;
  deleted: "no" | "only" | "also";
  /** Only those changed at or after. */
  changedSince?: number;
  changedBefore?: number;
  /** Only those in one of these states. */
  vmStates?: readonly VmState[];
  /** Only those that take room on the host. */
  onHost?: true;
  ids?: readonly string[];
  /** What else is asked of them. */
  conditions?: readonly Condition[];
  /** Those leave few. */
  isFew?: boolean;
}

/** As many servers are sorted rather than looked for along a list. */
const FEW = 200;

/** All the SQL about servers. Rows come back as parsed objects that are shared between callers: never change one. */
export class ServerStore {
  readonly #db: Database;
  readonly #rows: RevisedTable<ServerRow, ServerRow & Server>;
  readonly #use: UseStore;
  readonly #pages: UntilWritten<readonly Server[]>;

  /** `kept`: how many parsed rows. */
  constructor(db: Database, kept?: number) {
    this.#db = db;
    this.#rows = new RevisedTable(db, "compute_servers", COLUMNS, {
      also: "number",
      ...(kept === undefined ? {} : { kept }),
    });
    this.#use = new UseStore(db);
    this.#pages = new UntilWritten(db);
  }

  insert(server: NewServer): Server {
    this.#pages.forget();
    this.#rows.insert({ ...server, revision: 1, addresses: addressesOf(server.vifs) });
    return this.#require(server.id);
  }

  /** Any server, deleted ones too. */
  get(id: string): Server | undefined {
    return this.#rows.get(id);
  }

  /** Those with a device that their guest was asked for in vain. */
  withLeavingDevices(): Server[] {
    return this.many(
      this.#db
        .prepare<[], string>(
          `SELECT id FROM compute_servers WHERE deleted_at IS NULL
           AND (instr(nics, '"leaving":true') > 0 OR instr(block_devices, '"leaving":true') > 0)`,
        )
        .pluck()
        .all(),
    );
  }

  /** Whether it is in these states: said without reading the rest of it. */
  isIn(id: string, vmState: VmState, powerState: number): boolean {
    return (
      this.#db
        .prepare<[string, string, number], unknown>(
          "SELECT 1 FROM compute_servers WHERE id = ? AND deleted_at IS NULL AND vm_state = ? AND power_state = ?",
        )
        .get(id, vmState, powerState) !== undefined
    );
  }

  /** Of all that are not deleted, oldest first. */
  deletedAmong(ids: readonly string[]): string[] {
    const sql =
      "SELECT id FROM compute_servers WHERE deleted_at IS NOT NULL AND id IN (SELECT value FROM json_each(?))";
    return this.#db.prepare<[string], string>(sql).pluck().all(JSON.stringify(ids));
  }

  liveIds(): string[] {
    return this.#db
      .prepare<[], string>("SELECT id FROM compute_servers WHERE deleted_at IS NULL ORDER BY created_at, number")
      .pluck()
      .all();
  }

  /** Whether few names or addresses (`addresses`) of those that are not deleted hold a text of three characters or more. */
  isRare(column: string, text: string): boolean {
    const sql = "SELECT rowid FROM compute_server_texts WHERE compute_server_texts MATCH ? LIMIT ?";
    const found = this.#db
      .prepare<[string, number], number>(`SELECT count(*) FROM (${sql})`)
      .pluck()
      .get(inColumn(column, text), FEW + 1) as number;
    return found <= FEW;
  }

  /** In the order of creation, oldest first: two queries at most, one when all are kept. */
  list(selection: ServerSelection): Server[] {
    return this.#rows.selected({ conditions: conditionsOf(selection) }, { order: OLDEST_FIRST });
  }

  /** A part of a list: it costs what is in it, whatever there is besides. */
  page(selection: ServerSelection, range: Range): readonly Server[] {
    // sqlite would rather find all that are not deleted, and sort them.
    const isIndexed =
      selection.deleted === "no" &&
      selection.ids === undefined &&
      selection.isFew !== true &&
      isNewestFirst(range.order);
    const index = isIndexed ? `compute_servers_${selection.projectId === null ? "live" : "project"}` : undefined;
    // The start said as a place makes sqlite enter the index there as everywhere else.
    const after = range.after ?? (isIndexed ? range.order.map(() => Number.MAX_SAFE_INTEGER) : null);
    const conditions = conditionsOf(selection);
    const asked = { ...range, after };
    return this.#pages.get(JSON.stringify([conditions, asked]), () =>
      this.#rows.selected({ conditions }, asked, index),
    );
  }

  /** Where a server, be it deleted, stands in an order. */
  place(id: string, order: readonly Order[]): Stored[] | null {
    return this.#rows.place(id, order) ?? null;
  }

  /** Oldest first. */
  many(ids: readonly string[]): Server[] {
    return this.#rows.selected({ conditions: [oneOf("id", ids)] }, { order: OLDEST_FIRST });
  }

  /** Answers the new state. `updatedAt` moves unless only caches (vifs) change. */
  update(id: string, changes: ServerChanges, now: number | null): Server {
    this.#pages.forget();
    this.#rows.update(id, {
      ...(now === null ? {} : { updatedAt: now }),
      ...changes,
      ...(changes.vifs === undefined ? {} : { addresses: addressesOf(changes.vifs) }),
    });
    return this.#require(id);
  }

  usage(projectId: string): ProjectUsage {
    return this.#use.ofProject(projectId);
  }

  usageOfUser(projectId: string, userId: string): ProjectUsage {
    return this.#use.ofUser(projectId, userId);
  }

  ownerUsage(projectId: string, userId: string | null): OwnerUsage {
    return this.#use.ofOwner(projectId, userId);
  }

  /** Those that were there between two moments, by project and id; behind one of them, at most `limit`. */
  inPeriod(
    projectId: string | null,
    { start, end }: { start: number; end: number },
    behind: Pick<Server, "projectId" | "id"> | null,
    limit: number,
  ): readonly Server[] {
    const conditions = [
      condition("launched_at <= ?", end),
      condition("terminated_at IS NULL OR terminated_at >= ?", start),
    ];
    const after = behind === null ? null : [behind.projectId, behind.id];
    return this.page({ projectId, deleted: "also", conditions }, { order: BY_PROJECT, after, limit });
  }

  periodUse(start: number, end: number): PeriodUse[] {
    return this.#use.ofPeriod(start, end);
  }

  hostUsage(except: string | null = null): HostUsage {
    return this.#use.ofHost(except);
  }

  /** Servers that take room on the host. */
  onHost(id?: string): Server[] {
    return this.list({ projectId: null, deleted: "no", onHost: true, ...(id === undefined ? {} : { ids: [id] }) });
  }

  isOnHost(id: string): boolean {
    const sql = `SELECT 1 FROM compute_servers WHERE id = ? AND deleted_at IS NULL AND ${ON_HOST}`;
    return this.#db.prepare<[string], unknown>(sql).get(id) !== undefined;
  }

  groupMembers(groupId: string): string[] {
    return this.#db
      .prepare<[string], string>(
        "SELECT id FROM compute_servers WHERE group_id = ? AND deleted_at IS NULL ORDER BY number",
      )
      .pluck()
      .all(groupId) as string[];
  }

  #require(id: string): Server {
    const server = this.get(id);
    if (server === undefined) throw new Error(`server ${id} is gone`);
    return server;
  }
}

/** What its NICs can be found by. */
const addressesOf = (vifs: readonly Vif[]): string =>
  vifs.flatMap(({ fixedIps }) => fixedIps.map(({ address }) => address)).join(" ");

const BY_PROJECT: readonly Order[] = ["project_id", "id"].map((expression) => ({ expression, descending: false }));
const OLDEST_FIRST: readonly Order[] = ["created_at", "number"].map((expression) => ({
  expression,
  descending: false,
}));

function conditionsOf(selection: ServerSelection): Condition[] {
  const { projectId, deleted, changedSince, changedBefore, vmStates, ids, conditions = [] } = selection;
  return [
    ...(deleted === "no" ? [condition("deleted_at IS NULL")] : []),
    // Those that can be restored have been deleted too.
    ...(deleted === "only" ? [condition("deleted_at IS NOT NULL OR vm_state = 'soft-delete'")] : []),
    ...(selection.onHost === true ? [condition(ON_HOST)] : []),
    ...(projectId === null ? [] : [condition("project_id = ?", projectId)]),
    ...(changedSince === undefined ? [] : [condition("updated_at >= ?", changedSince)]),
    ...(changedBefore === undefined ? [] : [condition("updated_at <= ?", changedBefore)]),
    ...(vmStates === undefined ? [] : [oneOf("vm_state", vmStates)]),
    ...(ids === undefined ? [] : [oneOf("id", ids)]),
    ...conditions,
  ];
}
