import type { CatalogEntry } from "../facade.ts";
import type { IdentityStore } from "../store/store.ts";
import { endpointsOfProject } from "./endpoint-filters.ts";

interface Templates {
  generation: number;
  entries: readonly CatalogEntry[];
  /** Ids of the endpoints that projects are narrowed to. */
  narrowed: ReadonlyMap<string, ReadonlySet<string>>;
  /** "project user" → what was seen last: a token is looked at again and again. */
  seen: Map<string, readonly CatalogEntry[]>;
}

const MOST_SEEN = 256;

/** Builds catalogs from the enabled services and endpoints; remembered until one of them changes. */
export class Catalog {
  readonly #store: IdentityStore;
  #templates: Templates | null = null;

  constructor(store: IdentityStore) {
    this.#store = store;
  }

  /**
   * The catalog as a project (and user) see it. An endpoint whose URL needs a project is left out of a view without
   * one, as keystone does.
   */
  forProject(projectId: string | null, userId: string | null = null): readonly CatalogEntry[] {
    const templates = this.#current();
    const { seen } = templates;
    const key = `${projectId} ${userId}`;
    let view = seen.get(key);
    if (view === undefined) {
      const values: Record<string, string | null> = { project_id: projectId, tenant_id: projectId, user_id: userId };
      view = entriesOf(templates, projectId).map((entry) => ({
        ...entry,
        endpoints: entry.endpoints.flatMap((endpoint) => {
          const url = substitute(endpoint.url, values);
          return url === null ? [] : [{ ...endpoint, url }];
        }),
      }));
      if (seen.size >= MOST_SEEN) seen.clear();
      seen.set(key, view);
    }
    return view;
  }

  #current(): Templates {
    const generation = this.#store.catalogGeneration;
    if (this.#templates?.generation === generation) return this.#templates;
    const endpoints = this.#store.endpoints.list({ enabled: 1 });
    const entries = this.#store.services.list({ enabled: 1 }).map((service) => ({
      endpoints: endpoints
        .filter(({ service_id }) => service_id === service.id)
        .map(({ id, interface: kind, region_id, url }) => ({
          id,
          interface: kind,
          region_id,
          url,
          region: region_id,
        })),
      id: service.id,
      type: service.type,
      name: service.name ?? "",
    }));
    const narrowed = new Map<string, ReadonlySet<string>>();
    for (const projectId of this.#store.endpointFilters.projects()) {
      const ids = endpointsOfProject(this.#store, projectId).map(({ id }) => id);
      if (ids.length > 0) narrowed.set(projectId, new Set(ids));
    }
    this.#templates = { generation, entries, narrowed, seen: new Map() };
    return this.#templates;
  }
}

/** A project that is associated with endpoints sees those, and services that have any. */
function entriesOf({ entries, narrowed }: Templates, projectId: string | null): readonly CatalogEntry[] {
  const ids = narrowed.get(projectId ?? "");
  if (ids === undefined) return entries;
  return entries.flatMap((entry) => {
    const endpoints = entry.endpoints.filter(({ id }) => ids.has(id));
    return endpoints.length === 0 ? [] : [{ ...entry, endpoints }];
  });
}

/** Fills "$(project_id)s" and "%(project_id)s"; null when a value is missing or unknown. */
function substitute(url: string, values: Readonly<Record<string, string | null>>): string | null {
  if (!url.includes("(")) return url;
  let complete = true;
  const filled = url.replace(/[$%]\((\w+)\)s/g, (_match, name: string) => {
    const value = values[name];
    if (value == null) complete = false;
    return value ?? "";
  });
  return complete ? filled : null;
}
