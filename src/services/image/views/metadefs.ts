import { isoSeconds } from "../../../kernel/time/clock.ts";
import type {
  AssociationRow,
  NamespaceRow,
  ObjectRow,
  PropertyType,
  ResourceTypeRow,
  TagRow,
} from "../store/metadefs.ts";

const NAMESPACES = "/v2/metadefs/namespaces";

/** What is null is left out. */
const said = (values: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null && value !== undefined));

const times = ({ created_at, updated_at }: { created_at: number; updated_at: number }) => ({
  created_at: isoSeconds(created_at),
  updated_at: isoSeconds(updated_at),
});

export const namespacePath = (namespace: string) => `${NAMESPACES}/${namespace}`;

export const namespaceView = (row: NamespaceRow): Record<string, unknown> =>
  said({
    namespace: row.namespace,
    display_name: row.display_name,
    description: row.description,
    visibility: row.visibility,
    protected: row.protected,
    owner: row.owner,
    ...times(row),
    self: namespacePath(row.namespace),
    schema: "/v2/schemas/metadefs/namespace",
  });

export const associationView = ({ name, prefix, properties_target, ...row }: AssociationRow) =>
  said({ name, prefix, properties_target, ...times(row) });

export const resourceTypeView = ({ name, created_at }: ResourceTypeRow) => ({
  name,
  created_at: isoSeconds(created_at),
});

export const objectView = ({ namespace }: NamespaceRow, row: ObjectRow): Record<string, unknown> =>
  said({
    name: row.name,
    required: row.required,
    description: row.description,
    properties: row.properties,
    ...times(row),
    self: `${namespacePath(namespace)}/objects/${row.name}`,
    schema: "/v2/schemas/metadefs/object",
  });

export const tagView = ({ name, ...row }: TagRow) => ({ name, ...times(row) });

/** What a namespace holds, as it is shown with it; what it has none of is left out. */
export interface Held {
  associations: readonly AssociationRow[];
  objects: readonly ObjectRow[];
  properties: Readonly<Record<string, PropertyType>>;
  tags: readonly { name: string }[];
}

/**
 * A namespace with all that it holds. `resourceType`: as things of that kind name it, where the association says what names begin with
 * (glance/api/v2/metadef_namespaces.py `_prefix_property_name`).
 */
export function wholeNamespaceView(
  row: NamespaceRow,
  held: Held,
  resourceType: string | null,
): Record<string, unknown> {
  const prefix = held.associations.find(({ name }) => name === resourceType)?.prefix ?? "";
  const prefixed = <Value>(values: Readonly<Record<string, Value>>): Record<string, Value> =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]));
  const objects = held.objects.map((object) =>
    objectView(row, {
      ...object,
      properties: prefixed(object.properties),
      required: object.required.map((name) => `${prefix}${name}`),
    }),
  );
  const filled = {
    resource_type_associations: held.associations.map(associationView),
    objects,
    properties: prefixed(held.properties),
    tags: held.tags.map(({ name }) => ({ name })),
  };
  return {
    ...namespaceView(row),
    ...Object.fromEntries(Object.entries(filled).filter(([, value]) => Object.keys(value).length > 0)),
  };
}
