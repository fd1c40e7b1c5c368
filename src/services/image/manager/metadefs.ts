import type { RequestContext } from "../../../kernel/auth/context.ts";
import { inTurns, type Order } from "../../../kernel/db/list.ts";
import { type Page, pageOf, type Wanted } from "../../../kernel/db/paging.ts";
import type { Table } from "../../../kernel/db/table.ts";
import { badRequest, conflict, forbidden, notFound } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { Kernel } from "../../../kernel/module.ts";
import type { Pause } from "../../../kernel/turns/slices.ts";
import {
  type AssociationRow,
  hasVisibility,
  isAboutOneOf,
  isOf,
  type MetadefStore,
  NAMESPACE_SORT_KEYS,
  type NamespaceRow,
  type ObjectRow,
  type PropertyType,
  type ResourceTypeRow,
} from "../store/metadefs.ts";
import type { Core } from "./core.ts";
import { type NewPart, Parts } from "./metadef-parts.ts";

export type NewAssociation = NewPart<AssociationRow>;
export type NewObject = NewPart<ObjectRow>;

/** What a namespace is made of, or becomes. */
export interface NewNamespace {
  namespace: string;
  display_name: string | null;
  description: string | null;
  visibility: "public" | "private";
  protected: boolean;
  owner: string | null;
}

/** What a namespace holds. */
export interface Contents {
  associations: readonly NewAssociation[];
  objects: readonly NewObject[];
  properties: Readonly<Record<string, PropertyType>>;
  tags: readonly string[];
}

/** Which namespaces a list is to have. */
export interface NamespaceFilter {
  visibility: string | null;
  resourceTypes: readonly string[] | null;
}

const missing = (namespace: string) => notFound(`Metadata definition namespace=${namespace} was not found.`);

/** Metadata definitions (glance's "metadefs"): vocabularies for what is said of images, flavors, volumes and other things. */
export class MetadefManager {
  readonly #kernel: Kernel;
  readonly #store: MetadefStore;
  readonly objects;
  readonly properties;
  readonly tags;
  readonly associations;

  constructor({ kernel, metadefs }: Core) {
    this.#kernel = kernel;
    this.#store = metadefs;
    const parts = <Row extends AssociationRow | ObjectRow>(table: Table<Row>) => table;
    this.objects = new Parts(kernel, parts(metadefs.objects), {
      shown: "object",
      missing: (name) => `Could not find metadata object ${name}`,
      taken: (name, namespace) =>
        `A metadata definition object with name=${name} already exists in namespace=${namespace}.`,
    });
    this.properties = new Parts(kernel, metadefs.properties, {
      shown: "property",
      missing: (name) => `Could not find property ${name}`,
      taken: (name, namespace) =>
        `A metadata definition property with name=${name} already exists in namespace=${namespace}.`,
    });
    this.tags = new Parts(kernel, metadefs.tags, {
      shown: "tag",
      missing: (name) => `Could not find metadata tag ${name}`,
      taken: (name, namespace) =>
        `A metadata tag with name=${name} already exists in namespace=${namespace}. (Please note that metadata tag names are case insensitive).`,
    });
    this.associations = new Parts(kernel, parts(metadefs.associations), {
      shown: "resource-type-association",
      missing: (name) => `Failed to find resource type ${name} to delete`,
      taken: (name, namespace) =>
        `The metadata definition resource-type association of resource-type=${name} to namespace=${namespace} already exists.`,
    });
  }

  find(namespace: string): NamespaceRow | undefined {
    return this.#store.namespaces.find({ namespace });
  }

  sees({ isAdmin, projectId }: RequestContext, { visibility, owner }: NamespaceRow): boolean {
    return isAdmin || visibility === "public" || owner === null || owner === projectId;
  }

  /** A page of those that the context sees. Errors: 400, 404 for a marker that is none. */
  page(
    context: RequestContext,
    { visibility, resourceTypes }: NamespaceFilter,
    order: readonly Order[],
    page: Wanted,
    pause: Pause,
  ): Promise<Page<NamespaceRow>> {
    const { namespaces } = this.#store;
    const { isAdmin, projectId } = context;
    const mine = projectId === null ? [] : [isOf(projectId)];
    const selection = {
      ways: isAdmin ? [] : [hasVisibility("public"), ...mine],
      conditions: [
        ...(visibility === null ? [] : [hasVisibility(visibility)]),
        ...(resourceTypes === null ? [] : [isAboutOneOf(resourceTypes)]),
      ],
    };
    return pageOf(page, {
      place: (marker) => {
        const row = this.find(marker);
        return row === undefined || !this.sees(context, row) ? undefined : namespaces.place(row.id, order);
      },
      lost: missing,
      read: (after, wanted) =>
        inTurns({
          wanted,
          after,
          read: (from, limit) => namespaces.selected(selection, { order, after: from, limit }),
          place: ({ id }) => namespaces.place(id, order) ?? [],
          pause,
        }),
    });
  }

  /** What each of these is about, by the namespace's id. */
  associationsOf(namespaces: readonly NamespaceRow[]): ReadonlyMap<string, AssociationRow[]> {
    const rows = this.#store.associations.among(
      "namespace_id",
      namespaces.map(({ id }) => id),
    );
    return Map.groupBy(rows, ({ namespace_id }) => namespace_id);
  }

  /** All or nothing. Errors: 409 for a name that is taken, of the namespace or within it. */
  create(wanted: NewNamespace, { associations, objects, properties, tags }: Contents): NamespaceRow {
    return this.#kernel.db.transaction(() => {
      if (this.find(wanted.namespace) !== undefined) {
        throw conflict(`The metadata definition namespace=${wanted.namespace} already exists.`);
      }
      const now = this.#kernel.clock.now();
      const row = this.#store.namespaces.insert({ id: uuid(), ...wanted, created_at: now, updated_at: now });
      for (const association of associations) this.associate(row, association);
      for (const object of objects) this.objects.add(row, object);
      for (const name of tags) this.tags.add(row, { name });
      for (const [name, schema] of Object.entries(properties)) this.properties.add(row, { name, schema });
      return row;
    });
  }

  /** All of it is said anew. Errors: 409 for another's name. */
  update({ id, namespace }: NamespaceRow, wanted: NewNamespace): NamespaceRow {
    return this.#kernel.db.transaction(() => {
      const other = this.find(wanted.namespace);
      if (other !== undefined && other.id !== id) {
        throw conflict(
          `Invalid update. It would result in a duplicate metadata definition namespace with the same name of ${wanted.namespace}`,
        );
      }
      this.#store.namespaces.update(id, { ...wanted, updated_at: this.#kernel.clock.now() });
      const row = this.#store.namespaces.get(id);
      if (row === undefined) throw missing(namespace);
      return row;
    });
  }

  /** With all that it holds. Errors: 403 for a protected one. */
  delete(namespace: NamespaceRow): void {
    this.requireUnprotected(namespace);
    this.#store.namespaces.delete(namespace.id);
  }

  /** Errors: 403. Taking all objects, tags or properties of a namespace away counts as deleting it. */
  requireUnprotected(namespace: NamespaceRow): void {
    if (!namespace.protected) return;
    throw forbidden(`Metadata definition namespace ${namespace.namespace} is protected and cannot be deleted.`);
  }

  /** A kind of thing that nobody has named yet becomes one of those there are. Errors: 409. */
  associate(namespace: NamespaceRow, wanted: NewAssociation): AssociationRow {
    return this.#kernel.db.transaction(() => {
      if (this.#store.resourceTypes.find({ name: wanted.name }) === undefined) {
        this.#store.resourceTypes.insert({ id: uuid(), name: wanted.name, created_at: this.#kernel.clock.now() });
      }
      return this.associations.add(namespace, wanted);
    });
  }

  resourceTypes(): ResourceTypeRow[] {
    return this.#store.resourceTypes.list();
  }
}

/** Errors: 400. */
export function namespaceOrder(key: string, direction: string): Order[] {
  if (direction !== "asc" && direction !== "desc") throw badRequest(`Invalid sort direction: ${direction}`);
  const known = NAMESPACE_SORT_KEYS.find((name) => name === key);
  if (known === undefined) throw badRequest("Sort key supplied was not valid.");
  const keys = [...new Set([known, "created_at", "id"] as const)];
  return keys.map((expression) => ({ expression, descending: direction === "desc", nullable: true }));
}
