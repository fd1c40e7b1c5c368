import { anyOf, type Condition, condition, type Order, oneOf, type Selection } from "../../../kernel/db/list.ts";
import type { ImageRow } from "./images.ts";

/** What a list of images may be asked for. Names of columns come from the code, never from a client. */

type Name = keyof ImageRow & string;
type MemberStatus = "pending" | "accepted" | "rejected" | "all";

const MEMBER = "id IN (SELECT image_id FROM image_members WHERE member_id = ? AND (? = 'all' OR status = ?))";

/** How a project comes to see images: each way has an index of its own. */
export const waysToSee = (projectId: string | null, memberStatus: MemberStatus): Condition[] => [
  is("visibility", "public"),
  is("visibility", "community"),
  is("owner", projectId),
  // By memberships, which are few: for the plus, sqlite does not read all images that might have some.
  condition(`+visibility = 'shared' AND ${MEMBER}`, projectId, memberStatus, memberStatus),
];

/** Without the community's, unless they are the project's own. */
export const notJustCommunity = (projectId: string | null): Condition =>
  condition("visibility <> 'community' OR owner = ?", projectId);

export const sharedWith = (projectId: string | null, memberStatus: MemberStatus): Condition =>
  condition(MEMBER, projectId, memberStatus, memberStatus);

/** A filter: what it asks of a row, and the ids that an index knows to fit, where one does. */
export interface Filter extends Condition {
  readonly found?: Condition;
}

export const is = (column: Name, value: string | number | null): Condition => condition(`${column} = ?`, value);

const WORDS = ["status", "disk_format", "container_format", "checksum", "os_hash_algo", "os_hash_value"];

/** With ids that have one of the words. */
function saying(what: Condition, ...words: readonly string[]): Filter {
  const { sql, params } = oneOf("word", words);
  return { ...what, found: condition(`SELECT image_id FROM image_words WHERE ${sql}`, ...params) };
}

/** Along an index of the column. */
const indexed = (what: Condition): Filter => ({
  ...what,
  found: condition(`SELECT id FROM images WHERE ${what.sql}`, ...what.params),
});

export function isAny(column: Name, values: readonly string[]): Filter {
  const what = oneOf(column, values);
  return WORDS.includes(column) ? saying(what, ...values.map((value) => `${column}=${value}`)) : indexed(what);
}

/** Of a flag that few images have. */
export const isSet = (column: "protected" | "os_hidden", value: boolean): Filter =>
  value ? saying(is(column, 1), `${column}=1`) : is(column, 0);

export const isNumber = (column: "size" | "virtual_size", value: number): Filter => indexed(is(column, value));

export const isAtLeast = (column: Name, value: number): Filter => indexed(condition(`${column} >= ?`, value));

export const isAtMost = (column: Name, value: number): Filter => indexed(condition(`${column} <= ?`, value));

export const hasTag = (tag: string): Filter =>
  saying(condition("EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?)", tag), `tag=${tag}`);

/** A property of the image that no column is for. */
export const hasProperty = (name: string, value: string): Filter =>
  saying(
    condition("EXISTS (SELECT 1 FROM json_each(properties) WHERE key = ? AND value = ?)", name, value),
    `property.${name}=${value}`,
  );

/** What more images fit is found sooner along the order of the list. */
export const FEW = 500;

/**
 * The selection of these filters. `isFew` tells whether ids are fewer than that: then the list is sought among them, and not along the ways
 * in which images are seen.
 */
export function selectionBy(
  ways: readonly Condition[],
  conditions: readonly Condition[],
  filters: readonly Filter[],
  isFew: (found: Condition) => boolean,
): Selection {
  const all = [...conditions, ...filters];
  const found = filters.flatMap((filter) => filter.found ?? []).find(isFew);
  if (found === undefined) return { ways, conditions: all };
  const seen = ways.length === 0 ? [] : [anyOf(ways)];
  return { conditions: [condition(`id IN (${found.sql})`, ...found.params), ...[...all, ...seen].map(unindexed)] };
}

/** For the plus, sqlite does not look for an index. */
const unindexed = ({ sql, params }: Condition): Condition => condition(`+(${sql})`, ...params);

const OPERATORS = { gt: ">", gte: ">=", lt: "<", lte: "<=", eq: "=", neq: "<>" } as const;
export type Comparison = keyof typeof OPERATORS;

export const isComparison = (word: string): word is Comparison => Object.hasOwn(OPERATORS, word);

/** By whole seconds, which is what the API shows; `time` in milliseconds. */
export const atTime = (column: "created_at" | "updated_at", comparison: Comparison, time: number): Filter =>
  indexed(condition(`${column} / 1000 ${OPERATORS[comparison]} ?`, Math.floor(time / 1000)));

export type SortKey = (typeof SORT_KEYS)[number];

export const SORT_KEYS = [
  "name",
  "status",
  "container_format",
  "disk_format",
  "size",
  "id",
  "created_at",
  "updated_at",
] as const satisfies readonly Name[];

/** What stands for NULL, which sorts before everything, also where it is compared with a marker's; columns without are left bare, for their index. */
const FOR_NULL: Partial<Readonly<Record<SortKey, string>>> = {
  name: "''",
  container_format: "''",
  disk_format: "''",
  size: "-1",
};

export const imageOrder = (sort: readonly { key: SortKey; descending: boolean }[]): Order[] =>
  sort.map(({ key, descending }) => {
    const instead = FOR_NULL[key];
    return { expression: instead === undefined ? key : `ifnull(${key}, ${instead})`, descending };
  });
