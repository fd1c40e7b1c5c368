import type { Database } from "../db/database.ts";
import type { Migration } from "../db/migrations.ts";

/** One thing that is limited per project. */
export interface QuotaResource {
  name: string;
  /** -1: unlimited. */
  defaultLimit: number;
  /** How much of it a project uses now, counted from the tables themselves. Absent: only checked per request (nova's metadata_items). */
  count?(projectId: string): number;
  /** What one user of the project has of it. Absent: the limits of single users do not count. */
  countOf?(projectId: string, userId: string): number;
}

export interface QuotaExceeded {
  resource: string;
  limit: number;
  used: number;
  requested: number;
}

export const quotaMigrations: Migration[] = [
  {
    id: "kernel/0004-quota",
    up: `CREATE TABLE quota_limits (
      service TEXT NOT NULL, scope TEXT NOT NULL, resource TEXT NOT NULL, hard_limit INTEGER NOT NULL,
      PRIMARY KEY (service, scope, resource)) STRICT, WITHOUT ROWID;`,
  },
];

/** The scope of nova's and cinder's quota class "default": new defaults for every project without a limit of its own. */
export const DEFAULT_CLASS = "class:default";

/** The scope of one user's limits in a project (nova): what is not limited there is as the project has it. */
const userScope = (projectId: string, userId: string): string => `${usersScope(projectId)}${userId}`;
const usersScope = (projectId: string): string => `user:${projectId}:`;

/**
 * Quotas of one service. There are no reservations: `check` counts inside the transaction that then inserts, and
 * transactions do not interleave in one process, so two racing creates cannot both take the last unit.
 */
export class Quotas {
  readonly #db: Database;
  readonly #service: string;
  readonly #resources: ReadonlyMap<string, QuotaResource>;

  constructor(db: Database, service: string, resources: readonly QuotaResource[]) {
    this.#db = db;
    this.#service = service;
    this.#resources = new Map(resources.map((resource) => [resource.name, resource]));
  }

  get resources(): QuotaResource[] {
    return [...this.#resources.values()];
  }

  has(resource: string): boolean {
    return this.#resources.has(resource);
  }

  /** `userId`: for this user of the project. */
  limit(scope: string, resource: string, userId: string | null = null): number {
    const own = userId === null ? undefined : this.#stored(userScope(scope, userId), resource);
    return own ?? this.#stored(scope, resource) ?? this.default(resource);
  }

  default(resource: string): number {
    return this.#stored(DEFAULT_CLASS, resource) ?? this.#resource(resource).defaultLimit;
  }

  used(projectId: string, resource: string, userId: string | null = null): number {
    const { count, countOf } = this.#resource(resource);
    return (userId === null ? count?.(projectId) : countOf?.(projectId, userId)) ?? 0;
  }

  /** Each resource's limit, in their order. */
  limits(scope: string, userId: string | null = null): Record<string, number> {
    const own = userId === null ? {} : this.#storedOf(userScope(scope, userId));
    const stored = { ...this.#storedOf(DEFAULT_CLASS), ...this.#storedOf(scope), ...own };
    return this.#each((name) => stored[name] ?? this.#resource(name).defaultLimit);
  }

  defaults(): Record<string, number> {
    return this.limits(DEFAULT_CLASS);
  }

  usage(projectId: string, userId: string | null = null): Record<string, { limit: number; used: number }> {
    const limits = this.limits(projectId, userId);
    return this.#each((name) => ({ limit: limits[name] ?? -1, used: this.used(projectId, name, userId) }));
  }

  /** What a project's users were given of a resource altogether, `except` one of them. */
  givenToUsers(projectId: string, resource: string, except: string | null = null): number {
    const scope = usersScope(projectId);
    return this.#db
      .prepare<[string, string, number, string, string | null], number>(
        `SELECT ifnull(sum(hard_limit), 0) FROM quota_limits
         WHERE service = ? AND resource = ? AND substr(scope, 1, ?) = ? AND scope IS NOT ?`,
      )
      .pluck()
      .get(
        this.#service,
        resource,
        scope.length,
        scope,
        except === null ? null : userScope(projectId, except),
      ) as number;
  }

  set(scope: string, resource: string, limit: number): void {
    this.#resource(resource);
    this.#db
      .prepare("INSERT OR REPLACE INTO quota_limits (service, scope, resource, hard_limit) VALUES (?, ?, ?, ?)")
      .run(this.#service, scope, resource, limit);
  }

  /** All or none. */
  setAll(scope: string, limits: Readonly<Record<string, number>>, userId: string | null = null): void {
    const own = userId === null ? scope : userScope(scope, userId);
    this.#db.transaction(() => {
      for (const [resource, limit] of Object.entries(limits)) this.set(own, resource, limit);
    });
  }

  /** What is limited has another name now: limits follow it, in every scope. */
  rename(from: string, to: string): void {
    if (from === to) return;
    this.#db
      .prepare("UPDATE OR REPLACE quota_limits SET resource = ? WHERE service = ? AND resource = ?")
      .run(to, this.#service, from);
  }

  /** Back to the defaults, with what its users were given; or one user back to the project's. */
  reset(scope: string, userId: string | null = null): void {
    const own = userId === null ? scope : userScope(scope, userId);
    const users = userId === null ? usersScope(scope) : own;
    this.#db
      .prepare("DELETE FROM quota_limits WHERE service = ? AND (scope = ? OR substr(scope, 1, ?) = ?)")
      .run(this.#service, own, users.length, users);
  }

  /**
   * What would go over its limit, in the order given; empty when all fits. Call it in the transaction that inserts. With `userId` also what
   * goes over that user's own limits.
   */
  check(projectId: string, wanted: Readonly<Record<string, number>>, userId: string | null = null): QuotaExceeded[] {
    const exceeded: QuotaExceeded[] = [];
    const own = userId === null ? {} : this.#storedOf(userScope(projectId, userId));
    for (const [resource, requested] of Object.entries(wanted)) {
      if (requested <= 0) continue;
      const over = (limit: number, used: () => number): QuotaExceeded | null =>
        limit < 0 || used() + requested <= limit ? null : { resource, limit, used: used(), requested };
      const found =
        over(this.limit(projectId, resource), () => this.used(projectId, resource)) ??
        over(own[resource] ?? -1, () => this.used(projectId, resource, userId));
      if (found !== null) exceeded.push(found);
    }
    return exceeded;
  }

  #each<T>(value: (name: string) => T): Record<string, T> {
    return Object.fromEntries([...this.#resources.keys()].map((name) => [name, value(name)]));
  }

  #storedOf(scope: string): Record<string, number> {
    const sql = "SELECT resource, hard_limit FROM quota_limits WHERE service = ? AND scope = ?";
    const rows = this.#db.prepare<[string, string], [string, number]>(sql).raw().all(this.#service, scope);
    return Object.fromEntries(rows as [string, number][]);
  }

  #stored(scope: string, resource: string): number | undefined {
    return this.#db
      .prepare<[string, string, string], number>(
        "SELECT hard_limit FROM quota_limits WHERE service = ? AND scope = ? AND resource = ?",
      )
      .pluck()
      .get(this.#service, scope, resource) as number | undefined;
  }

  #resource(name: string): QuotaResource {
    const found = this.#resources.get(name);
    if (found === undefined) throw new Error(`${this.#service} has no quota "${name}"`);
    return found;
  }
}
