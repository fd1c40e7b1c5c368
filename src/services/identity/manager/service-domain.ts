import type { Core } from "./core.ts";
import { DEFAULT_DOMAIN } from "./projects.ts";

/**
 * Where the project and the users of the services are: SERVICE_DOMAIN_NAME, by DevStack's habit the default domain. Undefined
 * until the seed has made a domain of another name.
 */
export function serviceDomain({ store, kernel }: Core): string | undefined {
  const { serviceDomainName: name } = kernel.settings.identity;
  if (name === "Default") return DEFAULT_DOMAIN;
  return store.projects.list({ name, is_domain: 1 })[0]?.id;
}
