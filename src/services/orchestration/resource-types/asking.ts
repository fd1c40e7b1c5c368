import { ApiError } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import type { Made, Run, Wanted } from "./types.ts";

/** How types ask services: by ids or names as users write them, and for what may be gone. */

type Asking = Pick<Wanted, "call">;
type Item = { readonly id: string; readonly name?: string | null };

/** The versions that heat speaks; those of others have one. */
export const NOVA = { microversion: mv("2.79") } as const;

/** Kinds of things that are looked up by id or name. */
const KINDS = {
  network: ["network", "networks:list", "networks", "network"],
  subnet: ["network", "subnets:list", "subnets", "subnet"],
  subnetpool: ["network", "subnetpools:list", "subnetpools", "subnetpool"],
  port: ["network", "ports:list", "ports", "port"],
  router: ["network", "routers:list", "routers", "router"],
  security_group: ["network", "security_groups:list", "security_groups", "security_group"],
  floatingip: ["network", "floatingips:list", "floatingips", "floatingip"],
  address_scope: ["network", "address_scopes:list", "address_scopes", "address_scope"],
  image: ["image", "images:list", "images", "Image"],
  volume: ["block-storage", "volumes:list", "volumes", "Volume"],
  snapshot: ["block-storage", "snapshots:list", "snapshots", "VolumeSnapshot"],
  volume_type: ["block-storage", "types:list", "volume_types", "VolumeType"],
  server: ["compute", "servers:list", "servers", "Server"],
  flavor: ["compute", "flavors:list", "flavors", "Flavor"],
  project: ["identity", "projects:list", "projects", "KeystoneProject"],
  user: ["identity", "users:list", "users", "KeystoneUser"],
  group: ["identity", "groups:list", "groups", "KeystoneGroup"],
  role: ["identity", "roles:list", "roles", "KeystoneRole"],
  domain: ["identity", "domains:list", "domains", "KeystoneDomain"],
  region: ["identity", "regions:list", "regions", "KeystoneRegion"],
  keystone_service: ["identity", "services:list", "services", "KeystoneService"],
} as const satisfies Record<string, readonly [service: string, record: string, key: string, entity: string]>;

export type Lookup = keyof typeof KINDS;

/** The id of what a user names by id or name. Errors: 404, 400 for a name that several have. */
export async function idOf({ call }: Asking, kind: Lookup, wanted: string): Promise<string> {
  const [service, record, key, entity] = KINDS[kind];
  const list = async (query: Record<string, string>): Promise<readonly Item[]> => {
    const body = await call<Record<string, readonly Item[]>>(service, record, { query });
    return body[key] ?? [];
  };
  if (service === "network") {
    const [byId] = await list({ id: wanted });
    if (byId !== undefined) return byId.id;
  }
  if (service === "identity") {
    const known = await shownOf(call, kind, wanted);
    if (known !== null) return known;
  }
  const hasNameFilter = service === "network" || service === "image" || service === "identity";
  const all = await list(hasNameFilter ? { name: wanted } : {});
  const byId = all.find(({ id }) => id === wanted);
  if (byId !== undefined) return byId.id;
  if (kind === "image") {
    const known = await orGone(() => call<Item>("image", "images:show", { params: { image_id: wanted } }));
    if (known !== null) return known.id;
  }
  const named = all.filter(({ name }) => name === wanted);
  const [only] = named;
  if (only === undefined) throw notFoundOf(entity, wanted);
  if (named.length > 1) {
    throw new ApiError(400, `Multiple physical resources were found with name (${wanted}).`, {
      type: "PhysicalResourceNameAmbiguity",
    });
  }
  return only.id;
}

/** By what keystone's own lookup does first: as an id. */
async function shownOf(call: Asking["call"], kind: Lookup, wanted: string): Promise<string | null> {
  const [service, record, key] = KINDS[kind];
  const one = key.slice(0, -1);
  // An id of another form is none, and would be another path.
  if (!/^[\w.-]+$/.test(wanted)) return null;
  const body = await orGone(() =>
    call<Record<string, Item>>(service, record.replace(":list", ":show"), { params: { [`${one}_id`]: wanted } }),
  );
  return body?.[one]?.id ?? null;
}

const notFoundOf = (entity: string, name: string) =>
  new ApiError(404, `The ${entity} (${name}) could not be found.`, { type: "EntityNotFound" });

export const idOrNull = async (
  asking: Asking,
  kind: Lookup,
  wanted: string | null | undefined,
): Promise<string | null> =>
  wanted === null || wanted === undefined || wanted === "" ? null : idOf(asking, kind, wanted);

/** Null for what is not there. */
export async function orGone<T>(ask: () => Promise<T>): Promise<T | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

/** The entries that have a value. */
export const given = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined));

/**
 * What a crash may have left between making it and noting it: one of this name, that no resource has, made since the action began. Names
 * that the engine gives are one of a kind.
 */
export async function lost(
  run: Run,
  find: () => Promise<readonly { readonly id: string; readonly created_at?: string; readonly created?: string }[]>,
): Promise<string | null> {
  // Nothing can be there before the first attempt has begun.
  if (run.data.attempted !== true) {
    run.setData("attempted", true);
    return null;
  }
  const since = run.startedAt - 1000;
  const found = (await find()).find(({ id, created_at, created }) => {
    const moment = created_at ?? created;
    return (
      !run.isHeld(id) && (moment === undefined || Date.parse(moment.endsWith("Z") ? moment : `${moment}Z`) >= since)
    );
  });
  return found?.id ?? null;
}

export const nameOf = (made: Made): string =>
  (made.properties.name as string | null | undefined) || made.physicalName();
