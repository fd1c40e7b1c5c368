import { badRequest } from "../../../kernel/errors.ts";
import { pythonRepr } from "../../../kernel/http/validation.ts";
import { invalidEnum, overLimit, schemaMismatch } from "../errors.ts";
import { CONTAINER_FORMATS, DISK_FORMATS } from "../states.ts";
import type { ImageRow } from "../store/images.ts";

/** Glance's defaults: [DEFAULT] image_property_quota, image_tag_quota, image_member_quota. */
export const PROPERTY_QUOTA = 128;
export const TAG_QUOTA = 128;
export const MEMBER_QUOTA = 128;
const MAX_TEXT = 255;
const MAX_INTEGER = 2_147_483_647;

/** Attributes a client may never write, and names nobody may use (glance/api/v2/images.py). */
const READ_ONLY: ReadonlySet<string> = new Set([
  "created_at",
  "updated_at",
  "status",
  "checksum",
  "os_hash_algo",
  "os_hash_value",
  "size",
  "virtual_size",
  "direct_url",
  "self",
  "file",
  "schema",
  "stores",
]);
const RESERVED: ReadonlySet<string> = new Set(["locations", "deleted", "deleted_at", "is_public"]);

export const isReadOnly = (name: string): boolean => READ_ONLY.has(name);
export const isReserved = (name: string): boolean => RESERVED.has(name) || name.startsWith("os_glance_");

/** What a client may set, by its name in the API, as a check that gives the value for the row. */
type Check = (value: unknown) => Partial<ImageRow>;

const nullableText =
  (name: "name" | "owner"): Check =>
  (value) => {
    if (value !== null && typeof value !== "string") {
      throw schemaMismatch("image", `${pythonRepr(value)} is not of type 'null', 'string'`);
    }
    if (value !== null && value.length > MAX_TEXT) throw schemaMismatch("image", `${pythonRepr(value)} is too long`);
    return { [name]: value };
  };

const oneOf =
  (name: "disk_format" | "container_format", allowed: readonly string[]): Check =>
  (value) => {
    if (value !== null && !allowed.includes(value as string)) {
      throw schemaMismatch("image", invalidEnum(value, [null, ...allowed]));
    }
    return { [name]: value };
  };

const natural =
  (name: "min_disk" | "min_ram"): Check =>
  (value) => {
    if (typeof value !== "bigint" && !Number.isInteger(value)) {
      throw schemaMismatch("image", `${pythonRepr(value)} is not of type 'integer'`);
    }
    const number = value as number | bigint;
    if (number < 0) throw badRequest("Cannot be a negative value.");
    if (number > MAX_INTEGER) {
      throw badRequest(`Invalid value '${number}' for parameter '${name}': value must be at most ${MAX_INTEGER}.`);
    }
    return { [name]: Number(number) };
  };

const flag =
  (name: "protected" | "os_hidden"): Check =>
  (value) => {
    if (typeof value !== "boolean") throw schemaMismatch("image", `${pythonRepr(value)} is not of type 'boolean'`);
    return { [name]: value ? 1 : 0 };
  };

const VISIBILITIES = ["community", "public", "private", "shared"];

/** The attributes with meanings of their own; every other name is a custom property. */
export const CHECKS: Readonly<Record<string, Check>> = {
  name: nullableText("name"),
  owner: nullableText("owner"),
  disk_format: oneOf("disk_format", DISK_FORMATS),
  container_format: oneOf("container_format", CONTAINER_FORMATS),
  min_disk: natural("min_disk"),
  min_ram: natural("min_ram"),
  protected: flag("protected"),
  os_hidden: flag("os_hidden"),
  visibility: (value) => {
    if (typeof value !== "string" || !VISIBILITIES.includes(value)) {
      throw schemaMismatch("image", invalidEnum(value, VISIBILITIES));
    }
    return { visibility: value as ImageRow["visibility"] };
  },
  tags: (value) => ({ tags: JSON.stringify(checkTags(value)) }),
};

export const isAttribute = (name: string): boolean => Object.hasOwn(CHECKS, name) || name === "id";

/** Sorted and without doubles. Errors: 400; 413 for too many. */
export function checkTags(value: unknown): string[] {
  if (!Array.isArray(value)) throw schemaMismatch("image", `${pythonRepr(value)} is not of type 'array'`);
  for (const tag of value as unknown[]) {
    if (typeof tag !== "string") throw schemaMismatch("image", `${pythonRepr(tag)} is not of type 'string'`);
    if (tag.length > MAX_TEXT) throw schemaMismatch("image", `${pythonRepr(tag)} is too long`);
  }
  const tags = [...new Set(value as string[])].sort();
  if (tags.length > TAG_QUOTA) throw overLimit("tags", tags.length, TAG_QUOTA);
  return tags;
}

/** Errors: 400 when it is no text or the name is too long. */
export function checkProperty(name: string, value: unknown): string {
  if (name === "" || name.length > MAX_TEXT) throw badRequest(`Invalid property name: '${name.slice(0, 300)}'`);
  if (typeof value !== "string") throw schemaMismatch("image", `${pythonRepr(value)} is not of type 'string'`);
  if (Buffer.byteLength(value) > 65_535) throw schemaMismatch("image", `the value of ${name} is too long`);
  return value;
}

/** Errors: 413. */
export function checkPropertyCount(properties: Readonly<Record<string, string>>): void {
  const count = Object.keys(properties).length;
  if (count > PROPERTY_QUOTA) throw overLimit("properties", count, PROPERTY_QUOTA);
}
