import { type Condition, condition, type Order, oneOf } from "../../../kernel/db/list.ts";
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

export const is = (column: Name, value: string | number | null): Condition => condition(`${column} = ?`, value);

export const isAny = (column: Name, values: readonly string[]): Condition => oneOf(column, values);

export const isAtLeast = (column: Name, value: number): Condition => condition(`${column} >= ?`, value);

export const isAtMost = (column: Name, value: number): Condition => condition(`${column} <= ?`, value);

export const hasTag = (tag: string): Condition =>
  condition("EXISTS (SELECT 1 FROM json_each(tags) WHERE value = ?)", tag);

/** A property of the image that no column is for. */
export const hasProperty = (name: string, value: string): Condition =>
  condition("EXISTS (SELECT 1 FROM json_each(properties) WHERE key = ? AND value = ?)", name, value);

const OPERATORS = { gt: ">", gte: ">=", lt: "<", lte: "<=", eq: "=", neq: "<>" } as const;
export type Comparison = keyof typeof OPERATORS;

export const isComparison = (word: string): word is Comparison => Object.hasOwn(OPERATORS, word);

/** By whole seconds, which is what the API shows; `time` in milliseconds. */
export const atTime = (column: "created_at" | "updated_at", comparison: Comparison, time: number): Condition =>
  condition(`${column} / 1000 ${OPERATORS[comparison]} ?`, Math.floor(time / 1000));

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
