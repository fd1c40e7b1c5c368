import type { JsonSchema } from "../../../kernel/http/route.ts";

const name = { type: "string", maxLength: 80 };
const readOnlyText = { readOnly: true, type: "string" };
const strings = { $ref: "#/definitions/stringArray" };
const count = { $ref: "#/definitions/positiveInteger" };
const countOr0 = { $ref: "#/definitions/positiveIntegerDefault0" };
const described = { $ref: "#/definitions/property" };
const TYPES = ["array", "boolean", "integer", "number", "object", "string", null];

const times = (what: string) => ({
  created_at: { type: "string", readOnly: true, description: `When the ${what} was made`, format: "date-time" },
  updated_at: { type: "string", readOnly: true, description: `When the ${what} was changed last`, format: "date-time" },
});

/** What may be said of a property. */
const propertyAttributes = {
  name,
  title: { type: "string" },
  description: { type: "string" },
  operators: { type: "array", items: { type: "string" } },
  type: { type: "string", enum: TYPES },
  required: strings,
  minimum: { type: "number" },
  maximum: { type: "number" },
  maxLength: count,
  minLength: countOr0,
  pattern: { type: "string", format: "regex" },
  enum: { type: "array" },
  readonly: { type: "boolean" },
  default: {},
  items: { type: "object", properties: { type: { type: "string", enum: TYPES }, enum: { type: "array" } } },
  maxItems: count,
  minItems: countOr0,
  uniqueItems: { type: "boolean", default: false },
  additionalItems: { type: "boolean" },
};

const definitions = {
  positiveInteger: { type: "integer", minimum: 0 },
  positiveIntegerDefault0: { allOf: [{ $ref: "#/definitions/positiveInteger" }, { default: 0 }] },
  stringArray: { type: "array", items: { type: "string" }, uniqueItems: true },
  property: {
    type: "object",
    additionalProperties: { type: "object", required: ["title", "type"], properties: propertyAttributes },
  },
};

const objectProperties = { name, description: { type: "string" }, required: strings, properties: described };

interface Item {
  readonly name: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly additionalProperties: false;
  readonly required: readonly string[];
}

const item = (itemName: string, properties: Item["properties"], required: readonly string[]): Item => ({
  name: itemName,
  properties,
  additionalProperties: false,
  required,
});

const namespace = item(
  "namespace",
  {
    namespace: { ...name, description: "What tools know the namespace by" },
    display_name: { ...name, description: "What people know the namespace by" },
    description: { type: "string", description: "What the namespace is about, for people", maxLength: 500 },
    visibility: { type: "string", description: "Who sees the namespace", enum: ["public", "private"] },
    protected: { type: "boolean", description: "Whether a delete is refused" },
    owner: { type: "string", description: "Project that owns the namespace", maxLength: 255 },
    ...times("namespace"),
    schema: readOnlyText,
    self: readOnlyText,
    resource_type_associations: {
      type: "array",
      items: {
        type: "object",
        properties: { name: { type: "string" }, prefix: { type: "string" }, properties_target: { type: "string" } },
      },
    },
    properties: described,
    objects: { type: "array", items: { type: "object", properties: objectProperties } },
    tags: { type: "array", items: { type: "object", properties: { name: { type: "string" } } } },
  },
  ["namespace"],
);

const metadefObject = item(
  "object",
  { ...objectProperties, schema: readOnlyText, self: readOnlyText, ...times("object") },
  ["name"],
);

const property = item("property", propertyAttributes, ["type", "title", "name"]);
/** Among others its name is the key. */
const namedProperty = item("property", propertyAttributes, ["type", "title"]);
const tag = item("tag", { name, ...times("tag") }, ["name"]);

const association = item(
  "resource_type_association",
  {
    name: { ...name, description: "Kind of thing, named as orchestration names it: OS::Nova::Flavor" },
    prefix: {
      ...name,
      description: "What names of properties begin with when they are said of such a thing, separator included",
    },
    properties_target: { ...name, description: "Which of several sets of metadata of such a thing is meant" },
    ...times("association"),
  },
  ["name"],
);

const collection = (collectionName: string, items: Item, holds: "array" | "object" = "array") => ({
  name: collectionName,
  properties: {
    [collectionName]: holds === "array" ? { type: holds, items } : { type: holds, additionalProperties: items },
    first: { type: "string" },
    next: { type: "string" },
    schema: { type: "string" },
  },
  links: [
    { rel: "first", href: "{first}" },
    { rel: "next", href: "{next}" },
    { rel: "describedby", href: "{schema}" },
  ],
});

/** What `GET /v2/schemas/metadefs/…` answers, by the last part of the path (glance/api/v2/schemas.py). */
export const METADEF_SCHEMAS: Readonly<Record<string, unknown>> = {
  namespace: { ...namespace, definitions },
  namespaces: { ...collection("namespaces", namespace), definitions },
  object: { ...metadefObject, definitions },
  objects: { ...collection("objects", metadefObject), definitions },
  property: { ...property, definitions },
  properties: { ...collection("properties", namedProperty, "object"), definitions },
  resource_type: association,
  resource_types: collection("resource_type_associations", association),
  tag,
  tags: collection("tags", tag),
};

const list = (items: unknown) => ({ type: "array", items });
const named = (properties: Record<string, unknown>) => ({
  type: "object",
  properties,
  required: ["name"],
  additionalProperties: false,
});

/** The parts of a new namespace, which glance holds to less in what it publishes than in what it takes. */
const parts = {
  resource_type_associations: list(named({ name, prefix: name, properties_target: name })),
  objects: list(named(objectProperties)),
  tags: list(named({ name })),
};

/** What a body is held to, by what errors call it. What nobody knows of a property is refused as well. */
export const BODIES = {
  namespace: body({ ...namespace, properties: { ...namespace.properties, ...parts } }),
  object: body(metadefObject),
  property: body(property),
  resource_type_association: body(association),
  tag: body(tag),
  tags: body(item("tags", { tags: parts.tags }, [])),
} as const;

function body(schema: Item): JsonSchema {
  const known = { ...definitions.property.additionalProperties, additionalProperties: false };
  const strict = { ...definitions, property: { ...definitions.property, additionalProperties: known } };
  return { type: "object", ...schema, definitions: strict };
}
