import type { Database } from "../../../kernel/db/database.ts";

export interface HostUsage {
  servers: number;
  /** Of them, those with a task under way. */
  busy: number;
  vcpus: number;
  memoryMb: number;
  diskGb: number;
}

export interface ProjectUsage {
  instances: number;
  cores: number;
  ram: number;
}

/** What servers of one owner take of the host. */
export type OwnerUsage = Omit<HostUsage, "busy">;

/** What the servers of a project used in a period, in hours of one server, one MB, one VCPU, one GB. */
export interface PeriodUse {
  projectId: string;
  hours: number;
  memoryMbHours: number;
  vcpuHours: number;
  localGbHours: number;
}

const DAY_MS = 86_400_000;
const NONE: ProjectUsage = { instances: 0, cores: 0, ram: 0 };

/** Takes room on the host. */
export const ON_HOST = "host IS NOT NULL AND vm_state <> 'shelved_offloaded'";

/** Sums over servers, which triggers keep (migration 0005): they cost the same whatever there is. */
export class UseStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  /** What one project's servers use, for its quotas. Shelved and offloaded ones count; soft-deleted ones do not. */
  ofProject(projectId: string): ProjectUsage {
    return (
      this.#db
        .prepare<[string], ProjectUsage>("SELECT instances, cores, ram FROM compute_project_use WHERE project_id = ?")
        .get(projectId) ?? NONE
    );
  }

  /** The same of one user's in a project: summed up, as few users have limits of their own. */
  ofUser(projectId: string, userId: string): ProjectUsage {
    return this.#db
      .prepare<[string, string], ProjectUsage>(
        `SELECT count(*) AS instances, ifnull(sum(vcpus), 0) AS cores, ifnull(sum(memory_mb), 0) AS ram FROM compute_servers
         WHERE project_id = ? AND user_id = ? AND deleted_at IS NULL AND vm_state NOT IN ('soft-delete', 'deleted')`,
      )
      .get(projectId, userId) as ProjectUsage;
  }

  /** What the servers of a project, or of a user in it, take of the host. */
  ofOwner(projectId: string, userId: string | null): OwnerUsage {
    return this.#db
      .prepare<[string, string | null, string | null], OwnerUsage>(
        `SELECT ifnull(sum(servers), 0) AS servers, ifnull(sum(vcpus), 0) AS vcpus, ifnull(sum(memory_mb), 0) AS memoryMb,
           ifnull(sum(disk_gb), 0) AS diskGb
         FROM compute_owner_use WHERE project_id = ? AND (? IS NULL OR user_id = ?)`,
      )
      .get(projectId, userId, userId) as OwnerUsage;
  }

  /** Of each project whose servers were there between two moments, in the order of their ids. */
  ofPeriod(start: number, end: number): PeriodUse[] {
    return this.#isWithinDay(start, end) ? this.#summedUp(start, end) : this.#ofDays(start, end);
  }

  /** Whether something began or ended after one of the moments and in the same day: what is kept by days does not tell those apart. */
  #isWithinDay(start: number, end: number): boolean {
    return (
      this.#db
        .prepare(
          `SELECT 1 FROM compute_period_use
           WHERE (day * ${DAY_MS} <= @end AND last_at > @end) OR (day * ${DAY_MS} <= @start AND last_at > @start)
             OR (day * ${DAY_MS} < @start AND last_at = @start AND ended > 0) LIMIT 1`,
        )
        .get({ start, end }) !== undefined
    );
  }

  /** What was used up to the end without what was used up to the start (migration 0008). */
  #ofDays(start: number, end: number): PeriodUse[] {
    const upTo = (moment: string, name: string) =>
      `((${moment} - day * ${DAY_MS}) * 1.0 * ${name} - ${name}_later) / 3600000`;
    const used = (name: string) =>
      `max(0, total(iif(last_at <= @end, ${upTo("@end", name)}, 0)) - total(iif(last_at <= @start, ${upTo("@start", name)}, 0)))`;
    return this.#db
      .prepare<[{ start: number; end: number }], PeriodUse>(
        `SELECT project_id AS projectId, ${used("servers")} AS hours, ${used("memory_mb")} AS memoryMbHours,
           ${used("vcpus")} AS vcpuHours, ${used("local_gb")} AS localGbHours
         FROM compute_period_use GROUP BY project_id
         HAVING sum(iif(last_at <= @end, begun, 0)) > sum(iif(last_at < @start, ended, 0)) ORDER BY project_id`,
      )
      .all({ start, end });
  }

  #summedUp(start: number, end: number): PeriodUse[] {
    return this.#db
      .prepare<[{ start: number; end: number }], PeriodUse>(
        `SELECT project_id AS projectId, sum(hours) AS hours, sum(hours * memory_mb) AS memoryMbHours,
           sum(hours * vcpus) AS vcpuHours, sum(hours * local_gb) AS localGbHours
         FROM (SELECT project_id, memory_mb, vcpus, local_gb,
             max(0, min(ifnull(terminated_at, @end), @end) - max(launched_at, @start)) / 3600000.0 AS hours
           FROM compute_servers INDEXED BY compute_servers_period
           WHERE launched_at <= @end AND (terminated_at IS NULL OR terminated_at >= @start))
         GROUP BY project_id ORDER BY project_id`,
      )
      .all({ start, end });
  }

  /** What the servers on the host take, `except` one of them. */
  ofHost(except: string | null): HostUsage {
    return this.#db
      .prepare<[string | null], HostUsage>(
        `SELECT use.servers - count(one.id) AS servers, use.busy - count(one.task_state) AS busy,
           use.vcpus - ifnull(sum(one.vcpus), 0) AS vcpus, use.memory_mb - ifnull(sum(one.memory_mb), 0) AS memoryMb,
           use.disk_gb - ifnull(sum(one.disk_gb), 0) AS diskGb
         FROM compute_host_use AS use LEFT JOIN compute_servers AS one ON one.id = ? AND one.deleted_at IS NULL AND ${ON_HOST.replaceAll(/\b(host|vm_state)\b/g, "one.$1")}`,
      )
      .get(except) as HostUsage;
  }
}
