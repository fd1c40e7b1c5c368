import { allOf, anyOf, type Condition, condition, type Stored } from "../../../kernel/db/list.ts";

/** What lists are filtered by. Columns are expressions of the stores, never a client's. */

export const NOTHING = condition("0");
export const EVERYTHING = condition("1");

export const equals = (column: string, value: string | number): Condition => condition(`${column} = ?`, value);

/** In any case, of ASCII letters. */
export const contains = (column: string, value: string): Condition =>
  condition(`instr(lower(${column}), lower(?)) > 0`, value);

/** One of the values; null means that there is none. */
export const isAny = (column: string, values: readonly Stored[]): Condition =>
  anyOf(values.map((value) => condition(`${column} IS ?`, value)));

/** A JSON object that has each of the pairs. */
export const hasPairs = (column: string, pairs: Iterable<readonly [string, string]>): Condition =>
  allOf(
    [...pairs].map(([key, value]) =>
      condition(`EXISTS (SELECT 1 FROM json_each(${column}) WHERE key = ? AND value = ?)`, key, value),
    ),
  );

/** The text itself, or what begins with it and one of the marks. */
export const begins = (column: string, text: string, marks: readonly string[]): Condition =>
  anyOf([
    equals(column, text),
    ...marks.map((mark) => {
      const prefix = `${text}${mark}`;
      return condition(`substr(${column}, 1, ?) = ?`, prefix.length, prefix);
    }),
  ]);

const OPERATORS = { gt: ">", gte: ">=", eq: "=", neq: "<>", lt: "<", lte: "<=" } as const;
export type Comparison = keyof typeof OPERATORS;

export const isComparison = (word: string): word is Comparison => Object.hasOwn(OPERATORS, word);

export const compared = (column: string, comparison: Comparison, value: number): Condition =>
  condition(`${column} ${OPERATORS[comparison]} ?`, value);
