import { badRequest } from "../../../kernel/errors.ts";
import { hexId } from "../../../kernel/ids/ids.ts";
import { missing } from "../errors.ts";
import type { EndpointRow } from "../store/rows.ts";
import type { Core } from "./core.ts";

export type NewEndpoint = Omit<EndpointRow, "id" | "region_id">;

/** Where an endpoint is: `id` must name a region, `name` (the old attribute `region`) makes one that is missing. */
export interface Place {
  id: string | null;
  name: string | null;
}

/** What an endpoint's URL may leave to the one who reads it (keystone/common/utils.py `check_endpoint_url`). */
const URL_KEYS: ReadonlySet<string> = new Set([
  "project_id",
  "tenant_id",
  "user_id",
  "public_bind_host",
  "admin_bind_host",
  "compute_host",
  "admin_port",
  "public_port",
]);

/** Where the services are reached. */
export class EndpointManager {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Errors: 404. */
  get(id: string): EndpointRow {
    const row = this.#core.store.endpoints.get(id);
    if (row === undefined) throw missing("endpoint", id);
    return row;
  }

  /** Errors: 400 for its URL, service or region. */
  create(endpoint: NewEndpoint, place: Place): EndpointRow {
    const { store, kernel } = this.#core;
    requireGoodUrl(endpoint.url);
    this.#requireService(endpoint.service_id);
    return kernel.db.transaction(() =>
      store.endpoints.insert({ id: hexId(), ...endpoint, region_id: this.#regionOf(place) }),
    );
  }

  /** `place` null: it stays where it is. Errors: 400 for its URL, service or region. */
  update({ id }: EndpointRow, changes: Partial<NewEndpoint>, place: Place | null): EndpointRow {
    const { store, kernel } = this.#core;
    if (changes.url !== undefined) requireGoodUrl(changes.url);
    if (changes.service_id !== undefined) this.#requireService(changes.service_id);
    return kernel.db.transaction(() => {
      const moved = place === null ? {} : { region_id: this.#regionOf(place) };
      store.endpoints.update(id, { ...changes, ...moved });
      return this.get(id);
    });
  }

  delete({ id }: EndpointRow): void {
    this.#core.store.endpoints.delete(id);
  }

  #regionOf({ id, name }: Place): string | null {
    const { regions } = this.#core.store;
    if (id !== null) {
      if (regions.get(id) === undefined) throw badRequest(invalidInput(`Could not find region: ${id}.`));
      return id;
    }
    if (name !== null && regions.get(name) === undefined) {
      regions.insert({ id: name, description: "", parent_region_id: null, extra: "{}" });
    }
    return name;
  }

  #requireService(id: string): void {
    if (this.#core.store.services.get(id) !== undefined) return;
    throw badRequest(invalidInput(`Could not find service: ${id}.`));
  }
}

function requireGoodUrl(url: string): void {
  const keys = [...url.matchAll(/[$%]\(([^)]*)\)s/g)].map((match) => match[1] ?? "");
  if (keys.every((key) => URL_KEYS.has(key)) && !/[$%]\([^)]*\)(?!s)/.test(url)) return;
  throw badRequest(`The endpoint URL is invalid: ${url}.`);
}

const invalidInput = (detail: string) =>
  `${detail} The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.`;
