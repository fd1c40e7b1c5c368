import type { ProjectUsage, ServerUsage } from "../../api/used.ts";

export const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Hours of use: vCPUs, GiB of memory and GiB of disk, each times the hours it was there. */
export interface Sums {
  readonly servers: number;
  readonly vcpu: number;
  readonly memory: number;
  readonly disk: number;
}

export interface Prices {
  readonly vcpu: number;
  readonly memory: number;
  readonly disk: number;
}

export function sumsOf(servers: readonly ServerUsage[]): Sums {
  const sum = (of: (server: ServerUsage) => number) =>
    servers.reduce((total, server) => total + of(server) * server.hours, 0);
  return {
    servers: servers.length,
    vcpu: sum(({ vcpus }) => vcpus),
    memory: sum(({ memory_mb }) => memory_mb / 1024),
    disk: sum(({ local_gb }) => local_gb),
  };
}

export const costOf = (sums: Sums, prices: Prices): number =>
  sums.vcpu * prices.vcpu + sums.memory * prices.memory + sums.disk * prices.disk;

/** Nova's times have no zone and are UTC. */
const at = (time: string): number => Date.parse(`${time.replace(" ", "T").replace(/Z$/, "")}Z`);

/** vCPU hours of each of `days` days, the first of which begins at `start`; nothing after `now` is counted. */
export function vcpuHoursByDay(
  { servers }: ProjectUsage,
  { start, days, now }: { start: number; days: number; now: number },
): number[] {
  return Array.from({ length: days }, (_, day) => {
    const [from, to] = [start + day * DAY_MS, Math.min(start + (day + 1) * DAY_MS, now)];
    return servers.reduce((total, { started_at, ended_at, vcpus }) => {
      const there = Math.min(to, ended_at === null ? now : at(ended_at)) - Math.max(from, at(started_at));
      return total + (Math.max(0, there) / HOUR_MS) * vcpus;
    }, 0);
  });
}

/** As spreadsheets read it: a cell that could be a formula there is text. */
export const csvOf = (rows: readonly (readonly (string | number)[])[]): string =>
  rows
    .map((cells) =>
      cells
        .map((cell) => {
          if (typeof cell === "number") return String(Number(cell.toFixed(4)));
          return `"${(/^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell).replaceAll('"', '""')}"`;
        })
        .join(","),
    )
    .join("\r\n");
