import { badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import type { Core } from "../manager/core.ts";

/** The instance usage audit log: nova keeps one only with its periodic audit on, which here it never is. */
export function auditRoutes(core: Core): AnyRoute[] {
  const text = (time: number) => new Date(time).toISOString().slice(0, 19).replace("T", " ");
  const log = (at: number) => {
    const date = new Date(at);
    const end = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
    const begin = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - 1, 1);
    const host = core.hosts.hypervisor()?.hostname ?? "";
    return {
      period_beginning: text(begin),
      period_ending: text(end),
      num_hosts: 1,
      num_hosts_done: 0,
      num_hosts_running: 0,
      num_hosts_not_run: 1,
      hosts_not_run: [host],
      total_instances: 0,
      total_errors: 0,
      overall_status: "0 of 1 hosts done. 0 errors.",
      log: {},
    };
  };
  return [
    route({
      name: "instance-usage-audit-log:list",
      method: "GET",
      path: "/os-instance_usage_audit_log",
      policy: "os_compute_api:os-instance-usage-audit-log:list",
      success: 200,
      handler: () => ({ body: { instance_usage_audit_logs: log(core.kernel.clock.now()) } }),
    }),
    route({
      name: "instance-usage-audit-log:show",
      method: "GET",
      path: "/os-instance_usage_audit_log/:before",
      policy: "os_compute_api:os-instance-usage-audit-log:show",
      success: 200,
      handler(request) {
        const before = request.param("before");
        const time = Date.parse(`${before.replace(" ", "T")}Z`);
        if (Number.isNaN(time)) throw badRequest(`Invalid timestamp for date ${before}`);
        return { body: { instance_usage_audit_log: log(time) } };
      },
    }),
  ];
}
