import { send } from "./call.ts";
import type { ProjectUsage, ServerUsage } from "./used.ts";

interface TenantUsage {
  readonly tenant_id: string;
  readonly server_usages?: readonly ServerUsage[];
}

interface Page {
  readonly tenant_usages: readonly TenantUsage[];
  readonly tenant_usages_links?: readonly { readonly rel: string }[];
}

/** What all projects used from `start` to `end` (ISO 8601 without a zone), page by page. Errors: ApiProblem. */
export async function fetchUsage(
  period: { readonly start: string; readonly end: string },
  signal?: AbortSignal,
): Promise<ProjectUsage[]> {
  const found = new Map<string, ServerUsage[]>();
  let marker: string | undefined;
  for (;;) {
    const page = await send<Page>(
      {
        service: "compute",
        path: "/v2.1/os-simple-tenant-usage",
        query: { ...period, detailed: "1", limit: 1000, marker },
      },
      signal,
    );
    let last: string | undefined;
    for (const { tenant_id, server_usages = [] } of page.tenant_usages) {
      const servers = found.get(tenant_id) ?? [];
      servers.push(...server_usages);
      found.set(tenant_id, servers);
      last = server_usages.at(-1)?.instance_id ?? last;
    }
    const goesOn = page.tenant_usages_links?.some(({ rel }) => rel === "next") === true;
    if (!goesOn || last === undefined || last === marker)
      return [...found].map(([project, servers]) => ({ project, servers }));
    marker = last;
  }
}
