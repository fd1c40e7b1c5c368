import { allOf, type Condition, condition, type Order, oneOf } from "../../../kernel/db/list.ts";

/** What lists of this service may be asked for. Names of columns come from the code, never from a client. */

/** keystone takes these for false, and anything else for true. */
const FALSE = /^(0|false|no|off|n|f)$/i;

/** Another text than the column's own is what is compared: nothing is "", and booleans are words. */
const textOf = (column: string): string =>
  column === "enabled" ? "CASE enabled WHEN 1 THEN 'true' ELSE 'false' END" : `ifnull(${column}, '')`;

/** In each, "@" stands for the text, and a question mark for the value. */
const COMPARATORS: Readonly<Record<string, string>> = {
  contains: "instr(@, ?) > 0",
  startswith: "substr(@, 1, length(?)) = ?",
  endswith: "substr(@, length(@) - length(?) + 1) = ?",
};

/**
 * One filter of a query: `name`, or with one of keystone's suffixes (name__contains, name__icontains, …). Null for suffixes that are none.
 */
function fits(column: string, comparator: string | undefined, wanted: string): Condition | null {
  if (comparator === undefined) {
    if (column === "enabled") return condition("enabled = ?", FALSE.test(wanted) ? 0 : 1);
    const isNone = wanted === "" || wanted === "null" ? ` OR ${column} IS NULL` : "";
    return condition(`${column} = ?${column === "name" ? " COLLATE NOCASE" : ""}${isNone}`, wanted);
  }
  const ignoresCase = comparator.startsWith("i");
  const name = ignoresCase ? comparator.slice(1) : comparator;
  const compare = Object.hasOwn(COMPARATORS, name) ? COMPARATORS[name] : undefined;
  if (compare === undefined) return null;
  const text = textOf(column);
  const sql = ignoresCase
    ? compare.replaceAll("@", `lower(${text})`).replaceAll("?", "lower(?)")
    : compare.replaceAll("@", text);
  return condition(sql, ...Array.from(sql.matchAll(/\?/g), () => wanted));
}

/** The filters of a query, of those that a list has: all of them are met, and of several of one name the first. */
export const fitting = (query: Iterable<readonly [string, string]>, columns: readonly string[]): Condition[] =>
  [...new Map([...query].reverse())].flatMap(([key, wanted]) => {
    const [column = "", comparator] = key.split("__");
    return columns.includes(column) ? (fits(column, comparator, wanted) ?? []) : [];
  });

export const AS_MADE: readonly Order[] = [{ expression: "rowid", descending: false }];
export const BY_ID: readonly Order[] = [{ expression: "id", descending: false }];
export const BY_NAME: readonly Order[] = [{ expression: "name", descending: false }];

export const nothing: Condition = condition("0");

/** Null: in none. */
export const isOfDomain = (domainId: string | null): Condition => condition("domain_id IS ?", domainId);

export const inDomain = (domainId: string): Condition => condition("domain_id = ?", domainId);

export const withId = (id: string): Condition => condition("id = ?", id);

export const isAmong = (rows: readonly { id: string }[]): Condition =>
  oneOf(
    "id",
    rows.map(({ id }) => id),
  );

export const isDomain = (is: boolean): Condition => condition("is_domain = ?", is ? 1 : 0);

export const isOfUser = (userId: string): Condition => condition("user_id = ?", userId);

export const inGroup = (groupId: string): Condition =>
  condition("id IN (SELECT user_id FROM identity_group_members WHERE group_id = ?)", groupId);

export const withMember = (userId: string): Condition =>
  condition("id IN (SELECT group_id FROM identity_group_members WHERE user_id = ?)", userId);

export const isOfProject = (projectId: string | null): Condition => condition("project_id = ?", projectId);

/** Limits of a domain, and of the projects in it. */
export const underDomain = (domainId: string): Condition =>
  condition(
    "domain_id = ? OR (domain_id IS NULL AND project_id IN (SELECT id FROM identity_projects WHERE domain_id = ?))",
    domainId,
    domainId,
  );

const tagged = (tag: string): Condition =>
  condition("EXISTS (SELECT 1 FROM identity_project_tags WHERE project_id = identity_projects.id AND name = ?)", tag);

const not = ({ sql, params }: Condition): Condition => ({ sql: `NOT (${sql})`, params });

/** Projects with each of the tags; with none missing when there are none. */
export const withAllTags = (tags: readonly string[]): Condition => allOf(tags.map(tagged));

export const withAnyTag = (tags: readonly string[]): Condition =>
  condition(
    "id IN (SELECT project_id FROM identity_project_tags WHERE name IN (SELECT value FROM json_each(?)))",
    JSON.stringify(tags),
  );

export const withoutAllTags = (tags: readonly string[]): Condition => not(withAllTags(tags));

export const withoutAnyTag = (tags: readonly string[]): Condition => not(withAnyTag(tags));

const COMPARISONS = { lt: "<", lte: "<=", gt: ">", gte: ">=", eq: "=", neq: "<>" } as const;
export type Comparison = keyof typeof COMPARISONS;

export const isComparison = (word: string): word is Comparison => Object.hasOwn(COMPARISONS, word);

/** Users whose password ends then; `time` in milliseconds. */
export const passwordEnds = (comparison: Comparison, time: number): Condition =>
  condition(
    `(SELECT expires_at FROM identity_passwords WHERE user_id = identity_users.id ORDER BY id DESC LIMIT 1) ${COMPARISONS[comparison]} ?`,
    time,
  );
