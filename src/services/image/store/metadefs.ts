import type { Database } from "../../../kernel/db/database.ts";
import { type Condition, condition } from "../../../kernel/db/list.ts";
import { Table } from "../../../kernel/db/table.ts";

/** A vocabulary: what may be said of images, flavors, volumes and other things, and where. Names are found in any case. */
export interface NamespaceRow {
  id: string;
  namespace: string;
  display_name: string | null;
  description: string | null;
  visibility: "public" | "private";
  protected: boolean;
  /** A project's id. */
  owner: string | null;
  created_at: number;
  updated_at: number;
}

export const NAMESPACE_SORT_KEYS = [
  "namespace",
  "display_name",
  "description",
  "visibility",
  "protected",
  "owner",
  "created_at",
  "updated_at",
  "id",
] as const satisfies readonly (keyof NamespaceRow)[];

/** What every part of a namespace has. */
export interface PartRow {
  id: string;
  namespace_id: string;
  name: string;
  created_at: number;
  updated_at: number;
}

/** The type of one value, as JSON Schema says it: `{ type, title, enum, … }`. */
export type PropertyType = Readonly<Record<string, unknown>>;

export interface PropertyRow extends PartRow {
  schema: PropertyType;
}

/** Properties that belong together. */
export interface ObjectRow extends PartRow {
  description: string | null;
  required: string[];
  properties: Record<string, PropertyType>;
}

export type TagRow = PartRow;

/** That a namespace is about a kind of thing ("OS::Nova::Flavor"), and what its properties' names begin with there ("hw:"). */
export interface AssociationRow extends PartRow {
  prefix: string | null;
  properties_target: string | null;
}

export interface ResourceTypeRow {
  id: string;
  name: string;
  created_at: number;
}

const PART = {
  id: "text",
  namespace_id: "text",
  name: "caseless",
  created_at: "integer",
  updated_at: "integer",
} as const;

/** All the SQL about metadata definitions. */
export class MetadefStore {
  readonly namespaces: Table<NamespaceRow>;
  readonly resourceTypes: Table<ResourceTypeRow>;
  readonly associations: Table<AssociationRow>;
  readonly objects: Table<ObjectRow>;
  readonly properties: Table<PropertyRow>;
  readonly tags: Table<TagRow>;

  constructor(db: Database) {
    this.namespaces = new Table<NamespaceRow>(db, "metadef_namespaces", {
      id: "text",
      namespace: "caseless",
      display_name: "text",
      description: "text",
      visibility: "text",
      protected: "boolean",
      owner: "text",
      created_at: "integer",
      updated_at: "integer",
    });
    this.resourceTypes = new Table<ResourceTypeRow>(db, "metadef_resource_types", {
      id: "text",
      name: "caseless",
      created_at: "integer",
    });
    this.associations = new Table<AssociationRow>(db, "metadef_associations", {
      ...PART,
      prefix: "text",
      properties_target: "text",
    });
    this.objects = new Table<ObjectRow>(db, "metadef_objects", {
      ...PART,
      description: "text",
      required: "json",
      properties: "json",
    });
    this.properties = new Table<PropertyRow>(db, "metadef_properties", { ...PART, schema: "json" });
    this.tags = new Table<TagRow>(db, "metadef_tags", PART);
  }

  isEmpty(): boolean {
    return this.namespaces.countOf({}) === 0 && this.resourceTypes.countOf({}) === 0;
  }
}

/** Namespaces that are about one of these kinds of things. */
export const isAboutOneOf = (resourceTypes: readonly string[]): Condition =>
  condition(
    "id IN (SELECT namespace_id FROM metadef_associations WHERE name IN (SELECT value COLLATE NOCASE FROM json_each(?)))",
    JSON.stringify(resourceTypes),
  );

export const isOf = (owner: string): Condition => condition("owner = ?", owner);
export const hasVisibility = (visibility: string): Condition => condition("visibility = ?", visibility);
export const isPartOf = (namespaceId: string): Condition => condition("namespace_id = ?", namespaceId);
