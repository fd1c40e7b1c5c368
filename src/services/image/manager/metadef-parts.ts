import { inTurns, type Order } from "../../../kernel/db/list.ts";
import { type Page, pageOf, type Wanted } from "../../../kernel/db/paging.ts";
import type { Table } from "../../../kernel/db/table.ts";
import { conflict, forbidden, notFound } from "../../../kernel/errors.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import type { Kernel } from "../../../kernel/module.ts";
import type { Pause } from "../../../kernel/turns/slices.ts";
import { isPartOf, type NamespaceRow, type PartRow } from "../store/metadefs.ts";

/** What a part is said to be; the rest is the cloud's to say. */
export type NewPart<Row extends PartRow> = Omit<Row, "id" | "namespace_id" | "created_at" | "updated_at">;

/** glance's words about one kind of part. */
export interface PartWords {
  shown: string;
  missing(name: string): string;
  taken(name: string, namespace: string): string;
}

/** One kind of part of namespaces, each with a name that is its own within the namespace: objects, properties, tags, associations. */
export class Parts<Row extends PartRow> {
  readonly #kernel: Kernel;
  readonly #table: Table<Row>;
  readonly #words: PartWords;

  constructor(kernel: Kernel, table: Table<Row>, words: PartWords) {
    this.#kernel = kernel;
    this.#table = table;
    this.#words = words;
  }

  /** As they were made. */
  list({ id }: NamespaceRow): Row[] {
    return this.#table.list({ namespace_id: id } as Partial<Row>);
  }

  /** Errors: 404 for a marker that is none. */
  page(namespace: NamespaceRow, order: readonly Order[], page: Wanted, pause: Pause): Promise<Page<Row>> {
    const selection = { conditions: [isPartOf(namespace.id)] };
    return pageOf(page, {
      place: (marker) => this.#table.place(this.get(namespace, marker).id, order),
      lost: (marker) => notFound(this.#words.missing(marker)),
      read: (after, wanted) =>
        inTurns({
          wanted,
          after,
          read: (from, limit) => this.#table.selected(selection, { order, after: from, limit }),
          place: ({ id }) => this.#table.place(id, order) ?? [],
          pause,
        }),
    });
  }

  /** Errors: 404. */
  get({ id }: NamespaceRow, name: string): Row {
    const row = this.#find(id, name);
    if (row === undefined) throw notFound(this.#words.missing(name));
    return row;
  }

  /** Errors: 409. */
  add({ id, namespace }: NamespaceRow, wanted: NewPart<Row>): Row {
    return this.#kernel.db.transaction((): PartRow => {
      if (this.#find(id, wanted.name) !== undefined) throw conflict(this.#words.taken(wanted.name, namespace));
      const now = this.#kernel.clock.now();
      const row = { id: uuid(), namespace_id: id, ...wanted, created_at: now, updated_at: now };
      return this.#table.insert(row as unknown as Row);
    }) as Row;
  }

  /** All of it is said anew. Errors: 404; 409 for another's name. */
  update(namespace: NamespaceRow, name: string, wanted: NewPart<Row>): Row {
    return this.#kernel.db.transaction((): PartRow => {
      const { id } = this.get(namespace, name);
      const other = this.#find(namespace.id, wanted.name);
      if (other !== undefined && other.id !== id) throw conflict(this.#words.taken(wanted.name, namespace.namespace));
      this.#table.update(id, { ...wanted, updated_at: this.#kernel.clock.now() } as unknown as Partial<Row>);
      return this.get(namespace, wanted.name);
    }) as Row;
  }

  /** Instead of those there are, or (`append`) beside them; all or none. Errors: 409. */
  addAll(namespace: NamespaceRow, wanted: readonly NewPart<Row>[], append: boolean): void {
    this.#kernel.db.transaction(() => {
      if (!append && wanted.length > 0) this.clear(namespace);
      for (const one of wanted) this.add(namespace, one);
    });
  }

  /** Errors: 404; 403 in a protected namespace. */
  remove(namespace: NamespaceRow, name: string): void {
    const row = this.get(namespace, name);
    if (namespace.protected) {
      throw forbidden(`Metadata definition ${this.#words.shown} ${row.name} is protected and cannot be deleted.`);
    }
    this.#table.delete(row.id);
  }

  clear({ id }: NamespaceRow): void {
    this.#table.deleteWhere({ namespace_id: id } as Partial<Row>);
  }

  #find(namespaceId: string, name: string): Row | undefined {
    return this.#table.find({ namespace_id: namespaceId, name } as Partial<Row>);
  }
}
