import {
  allOf,
  anyOf,
  type Condition,
  condition,
  type Order,
  oneOf,
  type Range,
  type Stored,
} from "../../../kernel/db/list.ts";
import type { Table } from "../../../kernel/db/table.ts";

/** An attribute of the API as sqlite knows it. */
export interface Field {
  /** The column, where it is not called like the attribute. */
  readonly column?: string;
  readonly kind: "text" | "number" | "boolean";
  readonly nullable?: boolean;
  /** The value "null" asks for rows that have none. */
  readonly isAskedAsNull?: boolean;
}

export interface ListRules {
  readonly fields: Readonly<Record<string, Field>>;
  /** Filters that are no comparison of a column; null for values that sqlite cannot tell. */
  readonly special?: Readonly<Record<string, (values: readonly string[]) => Condition | null>>;
}

/** Attribute → accepted values. */
export type Wanted = ReadonlyMap<string, readonly string[]>;

/** A table that the API lists: which of its filters and sort keys sqlite sees to. The others are the caller's. */
export class Listed<Row extends { id: string }> {
  readonly #table: Table<Row>;
  readonly #rules: ListRules;
  readonly #hidden: () => Condition[];

  /** `hidden`: conditions of what may be seen at all. */
  constructor(table: Table<Row>, rules: ListRules, hidden: () => Condition[]) {
    this.#hidden = hidden;
    this.#table = table;
    this.#rules = rules;
  }

  /** Rows that may fit: what sqlite cannot tell is not looked at. Ordered by id, or a range in its order. */
  rows(filters: Wanted, ways: readonly Condition[], range?: Range): Row[] {
    const { fields, special = {} } = this.#rules;
    const rest = new Map<string, readonly string[]>();
    const conditions: Condition[] = this.#hidden();
    for (const [name, values] of filters) {
      const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
      const made = Object.hasOwn(special, name) ? special[name]?.(values) : undefined;
      if (made != null) conditions.push(made);
      else if (field !== undefined) conditions.push(isOne(field.column ?? name, field, values));
      else rest.set(name, values);
    }
    return this.#table.selected({ conditions: [...conditions, ...this.#table.columnFilters(rest)], ways }, range);
  }

  /** Null when sqlite cannot sort so. The id decides between equals. */
  order(sort: readonly { key: string; descending: boolean }[]): Order[] | null {
    const { fields } = this.#rules;
    const order: Order[] = [];
    for (const { key, descending } of sort) {
      const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
      if (field === undefined) return null;
      order.push({ expression: field.column ?? key, descending, nullable: field.nullable === true });
      if (key === "id") return order;
    }
    return [...order, { expression: "id", descending: false }];
  }

  place(id: string, order: readonly Order[]): Stored[] | undefined {
    return this.#table.place(id, order);
  }
}

/** `tags=red,blue` and its kin. Few things have tags: those have indexes of their own. */
export const TAGGED: NonNullable<ListRules["special"]> = {
  tags: (values) => allOf([SOME_TAG, ...tagsIn(values).map(hasTag)]),
  "tags-any": (values) => allOf([SOME_TAG, anyOf(tagsIn(values).map(hasTag))]),
  "not-tags": (values) => not(allOf(tagsIn(values).map(hasTag))),
  "not-tags-any": (values) => not(anyOf(tagsIn(values).map(hasTag))),
};

const SOME_TAG = condition("tags <> '[]'");
const tagsIn = (values: readonly string[]): string[] => [...new Set(values.flatMap((text) => text.split(",")))];
const hasTag = (tag: string): Condition =>
  condition("EXISTS (SELECT 1 FROM json_each(tags) WHERE json_each.value = ?)", tag);
const not = ({ sql, params }: Condition): Condition => ({ sql: `NOT (${sql})`, params });

/** As the API compares: by the text of what it shows. */
function isOne(column: string, { kind, isAskedAsNull }: Field, values: readonly string[]): Condition {
  const stored = kind === "boolean" ? values.flatMap((value) => BOOLEANS.get(value) ?? []) : values;
  const same = oneOf(kind === "number" ? `CAST(${column} AS TEXT)` : column, stored);
  return isAskedAsNull === true && values.includes("null") ? anyOf([same, condition(`${column} IS NULL`)]) : same;
}

const BOOLEANS: ReadonlyMap<string, number> = new Map([
  ["true", 1],
  ["false", 0],
]);
