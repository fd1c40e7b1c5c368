import { conflict, notFound } from "../../../kernel/errors.ts";
import { hexId } from "../../../kernel/ids/ids.ts";
import { expecting, missing } from "../errors.ts";
import type { EndpointGroupRow } from "../store/rows.ts";
import type { Core } from "./core.ts";

export interface EndpointGroupChanges {
  name?: string;
  description?: string | null;
  /** What the endpoints of the group have in common. */
  filters?: Readonly<Record<string, unknown>>;
}

const FILTERS = ["service_id", "region_id", "interface"];

/** Groups of endpoints, and the endpoints and groups that projects are associated with (OS-EP-FILTER). */
export class EndpointGroups {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Errors: 404. */
  get(id: string): EndpointGroupRow {
    const row = this.#core.store.endpointGroups.get(id);
    if (row === undefined) throw notFound(`Could not find Endpoint Group: ${id}.`);
    return row;
  }

  /** Errors: 400 for a filter that endpoints have not, 409 for the name. */
  create({ name, description = null, filters = {} }: EndpointGroupChanges & { name: string }): EndpointGroupRow {
    const { store, kernel } = this.#core;
    requireFilters(filters);
    return kernel.db.transaction(() => {
      this.#requireFreeName(name, null);
      return store.endpointGroups.insert({ id: hexId(), name, description, filters: JSON.stringify(filters) });
    });
  }

  /** Errors: 400 for a filter that endpoints have not, 409 for the name. */
  update({ id }: EndpointGroupRow, changes: EndpointGroupChanges): EndpointGroupRow {
    const { store, kernel } = this.#core;
    const { filters, ...rest } = changes;
    requireFilters(filters ?? {});
    return kernel.db.transaction(() => {
      if (changes.name !== undefined) this.#requireFreeName(changes.name, id);
      store.endpointGroups.update(id, {
        ...rest,
        ...(filters === undefined ? {} : { filters: JSON.stringify(filters) }),
      });
      return this.get(id);
    });
  }

  delete({ id }: EndpointGroupRow): void {
    this.#core.store.endpointGroups.delete(id);
  }

  /** Errors: 404 for either, 409 when they are associated already. */
  addEndpoint(endpointId: string, projectId: string): void {
    this.requireEndpoint(endpointId);
    this.requireProject(projectId);
    if (!this.#filters.add("endpoint", endpointId, projectId)) throw duplicate("project_endpoint");
  }

  /** Errors: 404 for either, and when they are not associated. */
  checkEndpoint(endpointId: string, projectId: string): void {
    this.requireEndpoint(endpointId);
    this.requireProject(projectId);
    if (!this.#filters.has("endpoint", endpointId, projectId)) throw notInProject(endpointId, projectId);
  }

  /** Errors: 404 when they are not associated. */
  removeEndpoint(endpointId: string, projectId: string): void {
    if (!this.#filters.remove("endpoint", endpointId, projectId)) throw notInProject(endpointId, projectId);
  }

  /** Errors: 404 for the project, 409 when they are associated already. */
  addGroup({ id }: EndpointGroupRow, projectId: string): void {
    this.requireProject(projectId);
    if (!this.#filters.add("endpoint_group", id, projectId)) throw duplicate("project_endpoint_group");
  }

  /** Errors: 404 for the project, and when they are not associated. */
  checkGroup({ id }: EndpointGroupRow, projectId: string): void {
    this.requireProject(projectId);
    if (!this.#filters.has("endpoint_group", id, projectId)) throw notAssociated();
  }

  /** Errors: 404 for the project, and when they are not associated. */
  removeGroup({ id }: EndpointGroupRow, projectId: string): void {
    this.requireProject(projectId);
    if (!this.#filters.remove("endpoint_group", id, projectId)) throw notAssociated();
  }

  /** Errors: 404. */
  requireEndpoint(id: string): void {
    if (this.#core.store.endpoints.get(id) === undefined) throw missing("endpoint", id);
  }

  /** Errors: 404. */
  requireProject(id: string): void {
    if (this.#core.store.projects.get(id) === undefined) throw missing("project", id);
  }

  get #filters() {
    return this.#core.store.endpointFilters;
  }

  #requireFreeName(name: string, exceptId: string | null): void {
    const taken = this.#core.store.endpointGroups.find({ name });
    if (taken === undefined || taken.id === exceptId) return;
    throw conflict(`Conflict occurred attempting to store endpoint_group - Duplicate entry found with name ${name}.`);
  }
}

function requireFilters(filters: Readonly<Record<string, unknown>>): void {
  if (Object.keys(filters).some((name) => !FILTERS.includes(name)))
    throw expecting(FILTERS.join(" or "), "endpoint_group");
}

const duplicate = (what: string) => conflict(`Conflict occurred attempting to store ${what} - Duplicate entry.`);
const notInProject = (endpointId: string, projectId: string) =>
  notFound(`Endpoint ${endpointId} not found in project ${projectId}`);
const notAssociated = () => notFound("Endpoint Group Project Association not found");
