import { type Condition, condition, type Order } from "../../../kernel/db/list.ts";

const orNull = (expression: string) => ({ expression, nullable: true });

/** Sort key of the API → SQL expression. */
const SORTED: Readonly<Record<string, string | ReturnType<typeof orNull>>> = {
  access_ip_v4: orNull("access_ip_v4"),
  access_ip_v6: orNull("access_ip_v6"),
  auto_disk_config: "disk_config",
  availability_zone: orNull("availability_zone"),
  config_drive: "config_drive",
  created_at: "created_at",
  display_description: orNull("description"),
  display_name: "name",
  host: orNull("host"),
  hostname: "hostname",
  image_ref: "image_id",
  instance_type_id: "json_extract(flavor, '$.id')",
  kernel_id: orNull("json_extract(image_properties, '$.kernel_id')"),
  key_name: orNull("key_name"),
  launch_index: "launch_index",
  launched_at: orNull("launched_at"),
  locked: "(locked_by IS NOT NULL)",
  locked_by: orNull("locked_by"),
  node: orNull("host"),
  power_state: "power_state",
  progress: "progress",
  project_id: "project_id",
  ramdisk_id: orNull("json_extract(image_properties, '$.ramdisk_id')"),
  root_device_name: orNull("root_device_name"),
  task_state: orNull("task_state"),
  terminated_at: orNull("terminated_at"),
  updated_at: "updated_at",
  user_id: "user_id",
  uuid: "id",
  vm_state: "vm_state",
};

/** By the keys that are some, each where it is named first, then by age, in the direction of the last one. */
export function serverOrder(sort: readonly { key: string; descending: boolean }[]): Order[] {
  const order = sort.flatMap(({ key, descending }): Order[] => {
    const column = Object.hasOwn(SORTED, key) ? SORTED[key] : undefined;
    if (column === undefined) return [];
    return [typeof column === "string" ? { expression: column, descending } : { ...column, descending }];
  });
  const once = order.filter(({ expression }, at) => order.findIndex((key) => key.expression === expression) === at);
  return [...once, { expression: "number", descending: order.at(-1)?.descending ?? true }];
}

/** The order in which lists are when nothing is said, which has indexes. */
export const isNewestFirst = (order: readonly Order[]): boolean =>
  order.every(({ expression, descending }) => descending && (expression === "created_at" || expression === "number"));

/** Filters that say a column's whole value; "" is what is not there. */
const EXACT: Readonly<Record<string, string>> = {
  project_id: "project_id",
  tenant_id: "project_id",
  user_id: "user_id",
  image: "image_id",
  image_ref: "image_id",
  vm_state: "vm_state",
  host: "host",
  task_state: "task_state",
};

const TEXTS: Readonly<Record<string, string>> = {
  name: "name",
  display_name: "name",
  ip: "addresses",
  ip6: "addresses",
};

/** What is so short is in many texts, and has no index. */
const SHORT = 3;

/** Where texts of servers that are not deleted are looked up. */
export interface Texts {
  /** Whether few have the text somewhere in this column. */
  isRare(column: string, text: string): boolean;
}

/** What of a list's filters sqlite can tell: none that fits is left out, and most that do not are. */
export interface Found {
  conditions: Condition[];
  /** Few are left by an index of texts. */
  isFew: boolean;
}

/** `texts` null: deleted ones are asked for, too. */
export function serverConditions(filters: ReadonlyMap<string, string>, texts: Texts | null): Found {
  const conditions: Condition[] = [];
  let isFew = false;
  for (const [key, value] of filters) {
    const exact = Object.hasOwn(EXACT, key) ? EXACT[key] : undefined;
    if (exact !== undefined && value !== "") conditions.push(condition(`${exact} = ?`, value));
    if (texts !== null && Object.hasOwn(RARE, key) && RARE[key]?.asks(value) === true)
      conditions.push(condition(RARE[key].sql));
    const column = Object.hasOwn(TEXTS, key) ? TEXTS[key] : undefined;
    const parts = column === undefined ? null : partsOf(value);
    if (column === undefined || parts === null) continue;
    conditions.push(condition(`${column} LIKE ? ESCAPE '\\'`, `%${parts.map(likeOf).join("%")}%`));
    // What is in many is found as soon along the order of the list.
    const text = longest(parts);
    if (texts === null || text.length < SHORT || !texts.isRare(column, text)) continue;
    conditions.push(
      condition(
        "number IN (SELECT rowid FROM compute_server_texts WHERE compute_server_texts MATCH ?)",
        inColumn(column, text),
      ),
    );
    isFew = true;
  }
  return { conditions, isFew };
}

const isYes = (value: string): boolean => /^(?:1|t|true|on|y|yes)$/i.test(value);

/** Filters that few servers meet, which have indexes of their own; whether they do meet them is told later. */
const RARE: Readonly<Record<string, { asks(value: string): boolean; sql: string }>> = {
  tags: { asks: (value) => /[^,]/.test(value), sql: "tags <> '[]'" },
  "tags-any": { asks: (value) => /[^,]/.test(value), sql: "tags <> '[]'" },
  locked: { asks: isYes, sql: "locked_by IS NOT NULL" },
};

/** What the index of texts is asked. */
export const inColumn = (column: string, text: string): string => `{${column}} : "${text}"`;

/**
 * What a regular expression of plain text, any characters and anchors finds, in its parts: "s5.*-a.c" is "s5" and, somewhere behind it, "-a",
 * any character, "c". What is anchored may be found in more. Null for other expressions. Any character is "\0".
 */
function partsOf(expression: string): string[] | null {
  const text = expression.replace(/^\^/, "").replace(/(?<!\\)\$$/, "");
  if (!/^(?:[\w @:-]|\.[*+]?|\\\.)+$/.test(text)) return null;
  return text
    .replaceAll(/\\\.|\.[*+]|\./g, (dot) => (dot === "\\." ? "." : dot === "." ? "\0" : "\n"))
    .split("\n")
    .filter((part) => part !== "");
}

const likeOf = (part: string): string => part.replaceAll("_", "\\_").replaceAll("\0", "_");

/** The longest piece of plain text. */
const longest = (parts: readonly string[]): string =>
  parts.flatMap((part) => part.split("\0")).reduce((one, other) => (other.length > one.length ? other : one), "");
