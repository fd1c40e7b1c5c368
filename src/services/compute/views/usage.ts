import { isoMicrosNaive } from "../../../kernel/time/clock.ts";
import type { Server } from "../store/servers.ts";
import type { PeriodUse } from "../store/use.ts";

const HOUR = 3_600_000;

/** What one server used within a period, in hours; null when it was not there. */
export function serverUsage(server: Server, start: number, end: number, now: number) {
  const { launchedAt, terminatedAt, flavor } = server;
  if (launchedAt === null || launchedAt > end || (terminatedAt !== null && terminatedAt < start)) return null;
  const hours = (Math.min(terminatedAt ?? end, end) - Math.max(launchedAt, start)) / HOUR;
  return {
    hours: Math.max(0, hours),
    flavor: flavor.name,
    instance_id: server.id,
    name: server.name,
    tenant_id: server.projectId,
    memory_mb: flavor.ram,
    local_gb: flavor.disk + flavor.ephemeral,
    vcpus: flavor.vcpus,
    started_at: isoMicrosNaive(launchedAt),
    ended_at: terminatedAt === null ? null : isoMicrosNaive(terminatedAt),
    state: terminatedAt === null ? server.vmState : "terminated",
    uptime: Math.floor(((terminatedAt ?? now) - launchedAt) / 1000),
  };
}

/** The sums of one project, where they have been added up already. */
export const projectTotals = (use: PeriodUse, period: { start: number; end: number }) => ({
  total_hours: use.hours,
  total_memory_mb_usage: use.memoryMbHours,
  total_vcpus_usage: use.vcpuHours,
  total_local_gb_usage: use.localGbHours,
  tenant_id: use.projectId,
  start: isoMicrosNaive(period.start),
  stop: isoMicrosNaive(period.end),
});

/** The sums of one project. */
export function projectUsage(
  projectId: string,
  usages: readonly NonNullable<ReturnType<typeof serverUsage>>[],
  period: { start: number; end: number; detailed: boolean },
) {
  const sum = (pick: (usage: NonNullable<ReturnType<typeof serverUsage>>) => number) =>
    usages.reduce((total, usage) => total + pick(usage), 0);
  return {
    total_hours: sum(({ hours }) => hours),
    total_memory_mb_usage: sum(({ hours, memory_mb }) => hours * memory_mb),
    total_vcpus_usage: sum(({ hours, vcpus }) => hours * vcpus),
    total_local_gb_usage: sum(({ hours, local_gb }) => hours * local_gb),
    tenant_id: projectId,
    start: isoMicrosNaive(period.start),
    stop: isoMicrosNaive(period.end),
    ...(period.detailed ? { server_usages: usages } : {}),
  };
}
