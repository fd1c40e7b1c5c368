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

/** Characters. */
const SHORT = 3;

/**
 * What of a list's filters sqlite can tell: none that fits is left out, and most that do not are. `live` is where the texts of servers that are
 * not deleted are looked up: an index of little else.
 */
export function serverConditions(
  filters: ReadonlyMap<string, string>,
  live: { projectId: string | null } | null,
): Condition[] {
  const conditions: Condition[] = [];
  for (const [key, value] of filters) {
    const exact = Object.hasOwn(EXACT, key) ? EXACT[key] : undefined;
    if (exact !== undefined && value !== "") conditions.push(condition(`${exact} = ?`, value));
    const text = Object.hasOwn(TEXTS, key) ? TEXTS[key] : undefined;
    const like = text === undefined ? null : likeOf(value);
    if (text === undefined || like === null) continue;
    const found = condition(`${text} LIKE ? ESCAPE '\\'`, like);
    // What is so short is in many: those on the page are found as soon.
    if (live === null || value.length < SHORT) conditions.push(found);
    else conditions.push(among(live.projectId, found));
  }
  return conditions;
}

function among(projectId: string | null, { sql, params }: Condition): Condition {
  const owned = projectId === null ? "" : " AND project_id = ?";
  return condition(
    `number IN (SELECT number FROM compute_servers INDEXED BY compute_servers_texts WHERE deleted_at IS NULL AND ${sql}${owned})`,
    ...params,
    ...(projectId === null ? [] : [projectId]),
  );
}

/**
 * A pattern that is found wherever a regular expression of plain text, any characters and anchors is: what is anchored may be found in more.
 * Null for other expressions.
 */
function likeOf(expression: string): string | null {
  const text = expression.replace(/^\^/, "").replace(/(?<!\\)\$$/, "");
  if (!/^(?:[\w @:-]|\.|\\\.)+$/.test(text)) return null;
  return `%${text.replaceAll("_", "\\_").replaceAll("\\.", "\0").replaceAll(".", "_").replaceAll("\0", ".")}%`;
}
