import { badRequest, forbidden } from "../../../kernel/errors.ts";
import { IGNORED_SORT_KEYS } from "../values/sort-keys.ts";

/** One key of the order. */
interface Sort {
  key: string;
  descending: boolean;
}

/**
 * What is to be sorted by: newest first by default; missing directions are the first one's, as in nova/db/utils.py process_sort_params.
 * Errors: 400 for a direction that is none, or one too many; 403 for keys that are an administrator's.
 */
export function sortOf(
  keys: readonly string[],
  directions: readonly string[],
  rules: { isAdmin: boolean; ignoresLocked: boolean },
): Sort[] {
  const wantedKeys = [...keys];
  const wantedDirections = [...directions];
  for (const key of keys) {
    if (!rules.isAdmin && (key === "host" || key === "node")) {
      throw forbidden(`Only administrators can sort servers by ${key}`);
    }
    if (!IGNORED_SORT_KEYS.includes(key) || (key === "locked" && !rules.ignoresLocked)) continue;
    const index = wantedKeys.indexOf(key);
    wantedKeys.splice(index, 1);
    wantedDirections.splice(index, 1);
  }
  if (keys.length === 0) wantedKeys.push("created_at");
  if (directions.length === 0) wantedDirections.push("desc");
  if (wantedDirections.some((direction) => direction !== "asc" && direction !== "desc")) {
    throw badRequest("Invalid input received: Unknown sort direction, must be 'desc' or 'asc'");
  }
  // Of a key that was ignored, the direction that everything has by default is left.
  if (wantedDirections.length > Math.max(1, wantedKeys.length)) {
    throw badRequest("Invalid input received: Sort direction size exceeds sort key size");
  }
  const [first = "desc"] = wantedDirections;
  return [
    ...wantedKeys.map((key, index) => ({ key, descending: (wantedDirections[index] ?? first) === "desc" })),
    { key: "created_at", descending: first === "desc" },
  ];
}
