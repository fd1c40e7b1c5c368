import type { Migration } from "../../../kernel/db/migrations.ts";

const DAY_MS = 86_400_000;
const WATCHED = "project_id, flavor, launched_at, terminated_at";
const USED = ["servers", "memory_mb", "vcpus", "local_gb"] as const;
const OF_SERVER = { servers: "1", memory_mb: "#.memory_mb", vcpus: "#.vcpus", local_gb: "#.local_gb" } as const;

/** Adds a server's part to the day in which it began (`sign` 1) or ended (-1); `back`: takes it out again. */
function event(row: string, at: string, sign: 1 | -1, back: boolean): string {
  const factor = back ? -sign : sign;
  const used = USED.map((name) => `${factor} * ${OF_SERVER[name].replace("#", row)}`);
  const one = back ? -1 : 1;
  const counts = [sign === 1 ? one : 0, sign === 1 ? 0 : one];
  const later = used.map((expression) => `${expression} * (${at} % ${DAY_MS})`);
  const columns = ["begun", "ended", ...USED, ...USED.map((name) => `${name}_later`)];
  return `INSERT INTO compute_period_use VALUES (${row}.project_id, ${at} / ${DAY_MS}, ${at}, ${[...counts, ...used, ...later].join(", ")})
    ON CONFLICT (project_id, day) DO UPDATE SET last_at = max(last_at, excluded.last_at),
      ${columns.map((name) => `${name} = ${name} + excluded.${name}`).join(", ")};`;
}

const begin = (row: string, back: boolean): string => event(row, `${row}.launched_at`, 1, back);
const end = (row: string, back: boolean): string =>
  event(row, `max(${row}.launched_at, ${row}.terminated_at)`, -1, back);

const begun = (row: string): string => `${row}.launched_at IS NOT NULL`;
const ended = (row: string): string => `${begun(row)} AND ${row}.terminated_at IS NOT NULL`;

function triggers(name: string, counts: (row: string) => string, event: (row: string, back: boolean) => string) {
  const on = (what: string, row: "OLD" | "NEW") =>
    `${what} ON compute_servers WHEN ${counts(row)} BEGIN ${event(row, row === "OLD")} END;`;
  return `
  CREATE TRIGGER compute_period_${name}_insert ${on("AFTER INSERT", "NEW")}
  CREATE TRIGGER compute_period_${name}_delete ${on("AFTER DELETE", "OLD")}
  CREATE TRIGGER compute_period_${name}_out ${on(`AFTER UPDATE OF ${WATCHED}`, "OLD")}
  CREATE TRIGGER compute_period_${name}_in ${on(`AFTER UPDATE OF ${WATCHED}`, "NEW")}`;
}

/**
 * What servers used up to a moment, by the days in which they began and ended: use grows from the one by what a server has and no longer from
 * the other, so it is a sum over days and not over servers. `…_later`: times how far into its day, in milliseconds. `last_at`: no later
 * beginning or end is in the day.
 */
export const periodUse: Migration = {
  id: "compute/0008-period-use",
  up: `
  CREATE TABLE compute_period_use (project_id TEXT NOT NULL, day INTEGER NOT NULL, last_at INTEGER NOT NULL, begun INTEGER NOT NULL,
    ended INTEGER NOT NULL, ${[...USED, ...USED.map((name) => `${name}_later`)].map((name) => `${name} INTEGER NOT NULL`).join(", ")},
    PRIMARY KEY (project_id, day)) STRICT, WITHOUT ROWID;
  CREATE TEMP TABLE compute_begun AS SELECT project_id, launched_at AS at, 1 AS sign, memory_mb, vcpus, local_gb
    FROM compute_servers WHERE launched_at IS NOT NULL
    UNION ALL SELECT project_id, max(launched_at, terminated_at), -1, memory_mb, vcpus, local_gb
    FROM compute_servers WHERE launched_at IS NOT NULL AND terminated_at IS NOT NULL;
  INSERT INTO compute_period_use SELECT project_id, at / ${DAY_MS}, max(at), sum(sign = 1), sum(sign = -1),
    sum(sign), sum(sign * memory_mb), sum(sign * vcpus), sum(sign * local_gb),
    sum(sign * (at % ${DAY_MS})), sum(sign * memory_mb * (at % ${DAY_MS})), sum(sign * vcpus * (at % ${DAY_MS})),
    sum(sign * local_gb * (at % ${DAY_MS})) FROM compute_begun GROUP BY project_id, at / ${DAY_MS};
  DROP TABLE compute_begun;
  ${triggers("begun", begun, begin)}
  ${triggers("ended", ended, end)}`,
};
