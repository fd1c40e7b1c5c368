import { useMemo } from "react";
import { domains } from "../../api/identity.ts";
import { useList } from "../../api/resource.ts";
import { useSession } from "../../app/session.tsx";
import type { Option } from "../../parts/form.tsx";

/** The name of a domain by its id. Who may not list domains knows those of the session. */
export function useDomainNames(): (id: string) => string {
  const { isAdmin, user, project, domain, domains: own } = useSession();
  const { data } = useList(domains, {}, isAdmin);
  return useMemo(() => {
    const known = [user.domain, ...(project === null ? [] : [project.domain]), ...(domain === null ? [] : [domain])];
    const names = new Map([...known, ...own, ...(data ?? [])].map(({ id, name }) => [id, name]));
    return (id) => names.get(id) ?? id;
  }, [user, project, domain, own, data]);
}

export function useDomainOptions(): { options: readonly Option[]; isPending: boolean } {
  const { data, isPending } = useList(domains);
  return { options: (data ?? []).map(({ id, name }) => ({ id, label: name })), isPending };
}

/** Where what is made belongs, unless somebody says otherwise. */
export function useHomeDomain(): string {
  const { project, domain } = useSession();
  return domain?.id ?? project?.domain.id ?? "default";
}
