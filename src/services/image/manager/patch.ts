import { ApiError, badRequest, forbidden } from "../../../kernel/errors.ts";
import { pythonRepr } from "../../../kernel/http/validation.ts";
import { conflicting, denied, readOnly, reserved, schemaMismatch } from "../errors.ts";
import type { ImageRow } from "../store/images.ts";
import { CHECKS, checkProperty, checkPropertyCount, isAttribute, isReadOnly, isReserved } from "./attributes.ts";

export interface PatchChange {
  op: "add" | "replace" | "remove";
  /** The attribute or property. */
  name: string;
  value: unknown;
}

const OPERATIONS = ["add", "replace", "remove"] as const;

/**
 * Reads the operations of a PATCH body. Version 2.1 writes `{"op": "add", "path": "/x", "value": …}`, the older 2.0
 * `{"add": "/x", "value": …}`. Errors: 400 in glance's words; 403 for attributes that cannot be written.
 */
export function parsePatch(body: unknown, legacy: boolean): PatchChange[] {
  if (!Array.isArray(body)) throw badRequest("Request body must be a JSON array of operation objects.");
  return body.map((raw: unknown) => {
    if (typeof raw !== "object" || raw === null || Array.isArray(raw)) {
      throw badRequest("Operations must be JSON objects.");
    }
    const entry = raw as Record<string, unknown>;
    const { op, path } = legacy ? legacyOperation(entry) : operation(entry);
    const name = attributeName(path, op);
    if (name === LOCATIONS) {
      if (op !== "remove") checkLocations(op === "replace" ? entry.value : [entry.value]);
      return { op, name, value: entry.value };
    }
    if (isReadOnly(name) || name === "id") throw readOnly(name);
    if (isReserved(name)) throw reserved(name);
    if (op !== "remove" && !Object.hasOwn(entry, "value")) {
      throw badRequest(`Operation "${op}" requires a member named "value".`);
    }
    return { op, name, value: entry.value };
  });
}

const shown = (value: unknown): string => (typeof value === "string" ? value : pythonRepr(value));

function operation(entry: Record<string, unknown>): { op: PatchChange["op"]; path: unknown } {
  const { op, path } = entry;
  if (op === undefined) throw badRequest("Unable to find 'op' in JSON Schema change");
  const known = OPERATIONS.find((name) => name === op);
  if (known === undefined) {
    throw badRequest(`Operation "${shown(op)}" is not supported: it must be one of add, remove, replace.`);
  }
  if (path === undefined) throw badRequest("Unable to find 'path' in JSON Schema change");
  return { op: known, path };
}

function legacyOperation(entry: Record<string, unknown>): { op: PatchChange["op"]; path: unknown } {
  const [op, more] = OPERATIONS.filter((name) => Object.hasOwn(entry, name));
  if (op === undefined || more !== undefined) {
    throw badRequest('Operation objects must contain exactly one member named "add", "remove", or "replace".');
  }
  return { op, path: entry[op] };
}

/**
 * Where the data lies: its list is replaced whole, and its items are added and removed one by one (images.py
 * `_path_depth_limits`).
 */
const LOCATIONS = "locations";
const VERBS = { add: "add", replace: "update", remove: "remove" } as const;

/** Errors: 400 for what are no locations. */
function checkLocations(value: unknown): void {
  if (!Array.isArray(value)) throw schemaMismatch("image", `${pythonRepr(value)} is not of type 'array'`);
  for (const item of value as unknown[]) {
    if (typeof item !== "object" || item === null) {
      throw schemaMismatch("image", `${pythonRepr(item)} is not of type 'object'`);
    }
    for (const name of ["url", "metadata"]) {
      if (!(name in item)) throw schemaMismatch("image", `'${name}' is a required property`);
    }
  }
}

/** Nobody sees where the data lies (show_multiple_locations is off, as by default), so nobody says it either. */
function refuseLocations({ op, value }: PatchChange): never {
  if (op === "replace" && (value as unknown[]).length === 0) throw denied("Cannot set locations to empty list.");
  throw forbidden(`It's not allowed to ${VERBS[op]} locations if locations are invisible.`);
}

/** A JSON pointer of one part, or two into the list of locations. */
function attributeName(path: unknown, op: PatchChange["op"]): string {
  if (typeof path !== "string" || !path.startsWith("/")) {
    throw badRequest(`Pointer \`${shown(path)}\` does not start with "/".`);
  }
  const text = path.slice(1);
  if (/\s/.test(path.trim()) || path.trim() !== path) {
    // Blanks are part of a property's name in glance's database, but its pointers refuse them at both ends.
    if (path.trim() !== path) throw badRequest(`Pointer \`${path}\` contains adjacent blanks.`);
  }
  if (text.includes("//") || text.endsWith("/")) throw badRequest(`Pointer \`${path}\` contains adjacent "/".`);
  if (/~(?![01])/.test(text)) {
    throw badRequest(`Pointer \`${path}\` contains "~" not part of a recognized escape sequence.`);
  }
  const parts = text.split("/").map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const [name, ...rest] = parts;
  if (name === undefined || name === "" || rest.length !== (name === LOCATIONS && op !== "replace" ? 1 : 0)) {
    throw badRequest(`Invalid JSON pointer for this resource: '${path}'`);
  }
  return name;
}

/** The row with the changes applied, in their order. Errors: 400, 403, 409, 413. */
export function applyPatch(image: ImageRow, changes: readonly PatchChange[]): ImageRow {
  let row = { ...image };
  const properties: Record<string, string> = JSON.parse(image.properties);
  for (const change of changes) {
    const { op, name, value } = change;
    if (name === LOCATIONS) refuseLocations(change);
    const check = Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined;
    if (op === "remove") {
      if (isAttribute(name)) throw denied(`Property ${name} may not be removed.`);
      if (!Object.hasOwn(properties, name)) throw conflicting(`Property ${name} does not exist.`);
      delete properties[name];
    } else if (check !== undefined) {
      if ((name === "disk_format" || name === "container_format") && !["queued", "importing"].includes(image.status)) {
        throw forbidden(`Attribute ${name} can be only replaced for a queued image.`);
      }
      row = { ...row, ...check(value) };
    } else {
      if (op === "replace" && !Object.hasOwn(properties, name)) throw conflicting(`Property ${name} does not exist.`);
      setOwn(properties, name, checkProperty(name, value));
    }
  }
  if (Object.keys(properties).length > Object.keys(JSON.parse(image.properties) as object).length) {
    checkPropertyCount(properties);
  }
  return { ...row, properties: JSON.stringify(properties) };
}

/** Also for "__proto__", which is a name like any other to a client. */
export function setOwn(target: Record<string, string>, name: string, value: string): void {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
}

export const PATCH_TYPES = {
  "application/openstack-images-v2.1-json-patch": { legacy: false },
  "application/openstack-images-v2.0-json-patch": { legacy: true },
} as const;

/** Whether a content type is the legacy patch. Errors: 415 with Accept-Patch for anything else. */
export function patchDialect(contentType: string | null): { legacy: boolean } {
  const type = (contentType ?? "").split(";")[0]?.trim() ?? "";
  const found = Object.entries(PATCH_TYPES).find(([name]) => name === type)?.[1];
  if (found === undefined) {
    throw new ApiError(415, `The request media type ${type} is not supported by this server.`, {
      headers: { "accept-patch": Object.keys(PATCH_TYPES).join(", ") },
    });
  }
  return found;
}
