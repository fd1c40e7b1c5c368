import type { RequestContext } from "../../../kernel/auth/context.ts";
import { badRequest } from "../../../kernel/errors.ts";
import { exactly } from "../../../kernel/http/exact-json.ts";
import { disallowed } from "../errors.ts";
import { Invalid } from "./converters.ts";

/**
 * Neutron describes resources by attribute tables (neutron_lib.api.definitions) instead of schemas: what may be sent, what
 * it defaults to, who sees it. This is that idea; unknown attributes are refused, as there.
 */
export interface Attribute {
  /** May be sent in POST; true when absent. */
  post?: boolean;
  /** May be sent in PUT. */
  put?: boolean;
  required?: boolean;
  /** Value when POST leaves it out. Absent: stays undefined. */
  default?: unknown;
  /** What the managers call it; its own name when absent. */
  as?: string;
  /** Checks and normalises; throws Invalid(reason) or an ApiError. */
  convert?: (value: unknown) => unknown;
  /** Only these may send it (with another value than the default); "owner" means the owner of the resource's network. */
  setBy?: "admin";
  /** Only these see it. */
  seenBy?: "admin";
  /** Not shown at all: `use_default_subnetpool`, `prefixlen`. */
  hidden?: boolean;
  /** Lists cannot be filtered by it (no is_filter in neutron's table); true when absent. */
  filter?: boolean;
  /** Lists cannot be sorted by it (no is_sort_key); true when absent. */
  sort?: boolean;
  /** What a filter's text becomes before it is compared (convert_to). */
  filterAs?: (text: string) => unknown;
}

export type Attributes = Readonly<Record<string, Attribute>>;
export type Body = Record<string, unknown>;

/** Name and tenant of most resources. */
export const identityAttributes: Attributes = {
  id: { post: false },
  project_id: {},
  tenant_id: {},
};
export const trackedAttributes: Attributes = {
  created_at: { post: false, filter: false, sort: false },
  updated_at: { post: false, filter: false, sort: false },
  revision_number: { post: false, sort: false },
};

/** What an API resource is called, for messages and policies. */
export interface Names {
  /** "security_group" */
  singular: string;
  /** "security_groups" */
  plural: string;
}

export function isObject(value: unknown): value is Body {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The one or many bodies of a POST. Items of many may be wrapped like a single one, `{"ports": [{"port": {…}}]}` (neutron/api/v2/base.py
 * prepare_request_body). Errors: 400.
 */
export function postBodies(names: Names, body: unknown): { bodies: Body[]; bulk: boolean } {
  if (!isObject(body) || Object.keys(body).length === 0) throw badRequest("Resource body required");
  if (!Object.hasOwn(body, names.plural)) return { bodies: [singleBody(names, body)], bulk: false };
  const items = body[names.plural];
  if (!Array.isArray(items)) throw badRequest("Body contains invalid data");
  if (items.length === 0) throw badRequest("Resources required");
  const bodies = items.map((item) => {
    if (!isObject(item)) throw badRequest("Body contains invalid data");
    return Object.hasOwn(item, names.singular) ? singleBody(names, item) : item;
  });
  return { bodies, bulk: true };
}

export function singleBody(names: Names, body: unknown): Body {
  const item = isObject(body) ? (body[names.singular] ?? null) : null;
  if (item === null) throw badRequest(`Unable to find '${names.singular}' in request body`);
  if (!isObject(item)) throw badRequest(`Object '${names.singular}' contains invalid data`);
  return item;
}

/** A POST's body with defaults, converted. Errors: 400 as neutron words it, 403 for attributes that are not the caller's to set. */
export function parseCreate(names: Names, attributes: Attributes, body: Body, context: RequestContext): Body {
  const project = projectOf(body, context);
  refuseUnknown(attributes, body);
  const parsed: Body = {};
  for (const [name, attribute] of Object.entries(attributes)) {
    if (name === "tenant_id" || name === "project_id") continue;
    const sent = Object.hasOwn(body, name) ? body[name] : undefined;
    if (attribute.post === false) {
      if (sent !== undefined) throw badRequest(`Attribute '${name}' not allowed in POST`);
      continue;
    }
    if (sent === undefined) {
      if (attribute.required === true)
        throw badRequest(`Failed to parse request. Required attribute '${name}' not specified`);
      const { default: usual } = attribute;
      // Most are no objects, and a copy costs more than all the rest.
      if (usual !== undefined) parsed[name] = typeof usual === "object" ? structuredClone(usual) : usual;
      continue;
    }
    parsed[name] = convert(name, attribute, exactly(body, name));
    if (attribute.setBy === "admin" && !context.isAdmin && !same(parsed[name], attribute.default)) {
      throw disallowed(`(rule:create_${names.singular} and rule:create_${names.singular}:${name})`);
    }
  }
  parsed.project_id = project;
  return parsed;
}

/** A PUT's body, converted; whether the caller may set it is asked when the thing is known. Errors: 400. */
export function parseUpdate(attributes: Attributes, body: Body): Body {
  refuseUnknown(attributes, body);
  const parsed: Body = {};
  for (const name of Object.keys(body)) {
    const attribute = attributes[name];
    if (attribute === undefined) continue;
    if (attribute.put !== true) throw badRequest(`Cannot update read-only attribute ${name}`);
    parsed[name] = convert(name, attribute, exactly(body, name));
  }
  return parsed;
}

/** Values by the names that the managers have for them. */
export function namedForManagers(attributes: Attributes, parsed: Body): Body {
  for (const [name, as] of renamed(attributes)) {
    if (!Object.hasOwn(parsed, name)) continue;
    parsed[as] = parsed[name];
    delete parsed[name];
  }
  return parsed;
}

/** Found once for each table. */
const renamings = new WeakMap<Attributes, [string, string][]>();

function renamed(attributes: Attributes): [string, string][] {
  let found = renamings.get(attributes);
  if (found === undefined) {
    found = Object.entries(attributes).flatMap(([name, { as }]) => (as === undefined ? [] : [[name, as]]));
    renamings.set(attributes, found);
  }
  return found;
}

/** Errors: 403 for attributes that are not the caller's to change. */
export function requireSettable(names: Names, attributes: Attributes, changes: Body, context: RequestContext): void {
  const name = Object.keys(changes).find((one) => attributes[one]?.setBy === "admin");
  if (name === undefined || context.isAdmin) return;
  throw disallowed(`(rule:update_${names.singular} and rule:update_${names.singular}:${name})`);
}

function projectOf(body: Body, context: RequestContext): string {
  const { project_id: project, tenant_id: tenant } = body;
  if (project !== undefined && tenant !== undefined && project !== tenant) {
    throw badRequest("'project_id' and 'tenant_id' do not match");
  }
  const sent = project ?? tenant;
  if (sent === undefined || sent === null) {
    // A domain's or nobody's token: what it made would belong to the cloud itself.
    if (context.projectId === null && !context.isAdmin)
      throw badRequest("Running without keystone AuthN requires that tenant_id is specified");
    return context.projectId ?? "";
  }
  if (typeof sent !== "string") throw badRequest("Invalid input for project_id. Reason: it is not a valid string.");
  if (sent.length > 255)
    throw badRequest(`Invalid input for project_id. Reason: '${sent}' exceeds maximum length of 255.`);
  if (sent !== context.projectId && !context.isAdmin) {
    throw badRequest(
      "Specifying 'project_id' other than the authenticated project in request is not allowed for the current user.",
    );
  }
  return sent;
}

function refuseUnknown(attributes: Attributes, body: Body): void {
  const unknown = Object.keys(body).filter((name) => !Object.hasOwn(attributes, name));
  if (unknown.length > 0) throw badRequest(`Unrecognized attribute(s) '${unknown.join(", ")}'`);
}

function convert(name: string, attribute: Attribute, value: unknown): unknown {
  if (attribute.convert === undefined) return typeof value === "bigint" ? Number(value) : value;
  try {
    return attribute.convert(value);
  } catch (error) {
    if (!(error instanceof Invalid)) throw error;
    throw badRequest(`Invalid input for ${name}. Reason: ${error.message}.`);
  }
}

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
