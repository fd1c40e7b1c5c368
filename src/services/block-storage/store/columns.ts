import type { Order } from "../../../kernel/db/list.ts";

/** Filter or sort key of the API → SQL expression. */
export type ListColumns = Readonly<Record<string, string | OrNull>>;

export type OrNull = Pick<Order, "expression"> & { readonly nullable: true };

/** A column that may have nothing in it. */
export const orNull = (expression: string): OrNull => ({ expression, nullable: true });

export const orderBy = (column: string | OrNull, descending: boolean): Order =>
  typeof column === "string" ? { expression: column, descending } : { ...column, descending };

export const expressionOf = (column: string | OrNull): string =>
  typeof column === "string" ? column : column.expression;
