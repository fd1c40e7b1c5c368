import type { Database } from "../../../kernel/db/database.ts";
import {
  type Condition,
  condition,
  type Order,
  oneOf,
  placeSql,
  type Range,
  rangeSql,
  type Stored,
  wholeSql,
} from "../../../kernel/db/list.ts";
import type { Vif } from "../../network/facade.ts";
import type { TaskState, VmState } from "../states.ts";
import { type Column, columnsOf, decode, encode } from "./columns.ts";
import { isNewestFirst } from "./server-list.ts";
import { UntilWritten } from "./until-written.ts";
import { type HostUsage, ON_HOST, type ProjectUsage, UseStore } from "./use.ts";

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

const COLUMNS: Readonly<Record<keyof NewServer, Column>> = columnsOf<keyof NewServer>(
  [
    "id",
    "projectId",
    "userId",
    "name",
    "description",
    "hostname",
    "vmState",
    "taskState",
    "powerState",
    "progress",
    "lockedBy",
    "lockedReason",
    "imageId",
    "keyName",
    "availabilityZone",
    "requestedZone",
    "host",
    "accessIpV4",
    "accessIpV6",
    "configDrive",
    "userData",
    "passwordData",
    "reservationId",
    "launchIndex",
    "diskConfig",
    "groupId",
    "rootDeviceName",
    "shelvedImageId",
    "rescueImageId",
    "oldState",
    "createdAt",
    "updatedAt",
    "launchedAt",
    "terminatedAt",
    "deletedAt",
  ],
  [
    "imageProperties",
    "flavor",
    "oldFlavor",
    "keyPair",
    "metadata",
    "tags",
    "trustedCertificates",
    "hints",
    "blockDevices",
    "nics",
    "vifs",
    "fault",
  ],
);

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
}

/** What the servers on the host take of it. */
const CACHED = 20_000;

/** All the SQL about servers. Rows come back as parsed objects that are shared between callers: never change one. */
export class ServerStore {
  readonly #db: Database;
  readonly #use: UseStore;
  readonly #cache = new Map<string, Server>();

  readonly #cached: number;
  readonly #pages: UntilWritten<readonly Server[]>;

  /** `cached`: how many parsed rows are kept. */
  constructor(db: Database, cached = CACHED) {
    this.#db = db;
    this.#cached = cached;
    this.#use = new UseStore(db);
    this.#pages = new UntilWritten(db);
  }

  insert(server: NewServer): Server {
    this.#pages.forget();
    const names = [...Object.values(COLUMNS).map(({ name }) => name), "addresses"];
    this.#db
      .prepare(
        `INSERT INTO compute_servers (revision, ${names.join(", ")}) VALUES (1, ${names.map((name) => `@${name}`).join(", ")})`,
      )
      .run({ ...encode(COLUMNS, server), addresses: addressesOf(server.vifs) });
    return this.#require(server.id);
  }

  /** Any server, deleted ones too. */
  get(id: string): Server | undefined {
    const revision = this.#db
      .prepare<[string], number>("SELECT revision FROM compute_servers WHERE id = ?")
      .pluck()
      .get(id) as number | undefined;
    if (revision === undefined) return undefined;
    const cached = this.#cache.get(id);
    if (cached?.revision === revision) return cached;
    const row = this.#db
      .prepare<[string], Record<string, unknown>>("SELECT * FROM compute_servers WHERE id = ?")
      .get(id);
    return row === undefined ? undefined : this.#remember(row);
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
  liveIds(): string[] {
    return this.#db
      .prepare<[], string>("SELECT id FROM compute_servers WHERE deleted_at IS NULL ORDER BY created_at, number")
      .pluck()
      .all();
  }

  /** In the order of creation, oldest first: two queries at most, one when all are cached. */
  list(selection: ServerSelection): Server[] {
    const { sql, params } = wholeSql(KEYS, { conditions: conditionsOf(selection) }, OLDEST_FIRST);
    return this.#load(
      this.#db
        .prepare<unknown[], [string, number]>(sql)
        .raw()
        .all(...params) as [string, number][],
    );
  }

  /** A part of a list: it costs what is in it, whatever there is besides. */
  page(selection: ServerSelection, range: Range): readonly Server[] {
    // sqlite would rather find all that are not deleted, and sort them.
    const isIndexed = selection.deleted === "no" && selection.ids === undefined && isNewestFirst(range.order);
    const index = `compute_servers_${selection.projectId === null ? "live" : "project"}`;
    const source = isIndexed ? { ...KEYS, select: `${KEYS.select} INDEXED BY ${index}` } : KEYS;
    // The start said as a place makes sqlite enter the index there as everywhere else.
    const after = range.after ?? (isIndexed ? range.order.map(() => Number.MAX_SAFE_INTEGER) : null);
    const { sql, params } = rangeSql(source, { conditions: conditionsOf(selection) }, { ...range, after });
    return this.#pages.get(`${sql} ${JSON.stringify(params)}`, () =>
      this.#load(
        this.#db
          .prepare<unknown[], [string, number]>(sql)
          .raw()
          .all(...params) as [string, number][],
      ),
    );
  }

  /** Where a server, be it deleted, stands in an order. */
  place(id: string, order: readonly Order[]): Stored[] | null {
    const { sql, params } = placeSql(KEYS, order, id);
    return (
      (this.#db
        .prepare<unknown[], Stored[]>(sql)
        .raw()
        .get(...params) as Stored[] | undefined) ?? null
    );
  }

  many(ids: readonly string[]): Server[] {
    const keys = this.#db
      .prepare<[string], [string, number]>(
        "SELECT id, revision FROM compute_servers WHERE id IN (SELECT value FROM json_each(?)) ORDER BY created_at, number",
      )
      .raw()
      .all(JSON.stringify(ids)) as [string, number][];
    return this.#load(keys);
  }

  /** Answers the new state. `updatedAt` moves unless only caches (vifs) change. */
  update(id: string, changes: ServerChanges, now: number | null): Server {
    const all: ServerChanges = now === null ? changes : { updatedAt: now, ...changes };
    const values = encode(COLUMNS, all);
    if (changes.vifs !== undefined) values.addresses = addressesOf(changes.vifs);
    this.#pages.forget();
    this.#db
      .prepare(
        `UPDATE compute_servers SET revision = revision + 1, ${Object.keys(values)
          .map((name) => `${name} = @${name}`)
          .join(", ")} WHERE id = @id`,
      )
      .run({ ...values, id });
    return this.#require(id);
  }

  usage(projectId: string): ProjectUsage {
    return this.#use.ofProject(projectId);
  }

  hostUsage(except: string | null = null): HostUsage {
    return this.#use.ofHost(except);
  }

  /** Servers that take room on the host. */
  onHost(): Server[] {
    return this.list({ projectId: null, deleted: "no", onHost: true });
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

  #load(keys: readonly [string, number][]): Server[] {
    const found = new Map<string, Server>();
    const missing: string[] = [];
    for (const [id, revision] of keys) {
      const cached = this.#cache.get(id);
      if (cached?.revision === revision) found.set(id, cached);
      else missing.push(id);
    }
    if (missing.length > 0) {
      const rows = this.#db
        .prepare<[string], Record<string, unknown>>(
          "SELECT * FROM compute_servers WHERE id IN (SELECT value FROM json_each(?))",
        )
        .all(JSON.stringify(missing));
      for (const row of rows) {
        const server = this.#remember(row);
        found.set(server.id, server);
      }
    }
    return keys.flatMap(([id]) => found.get(id) ?? []);
  }

  #remember(row: Record<string, unknown>): Server {
    const server = decode(COLUMNS, row) as unknown as Server;
    // Inside a transaction the row may yet be rolled back, and its revision be given to another content.
    if (!this.#db.inTransaction) {
      if (this.#cache.size >= this.#cached) this.#cache.delete(this.#cache.keys().next().value ?? "");
      this.#cache.set(server.id, server);
    }
    return server;
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

const KEYS = { select: "SELECT id, revision FROM compute_servers", from: "compute_servers", id: "id" };

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
