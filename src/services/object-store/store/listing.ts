import type { Database } from "../../../kernel/db/database.ts";
import type { Listed, ListQuery } from "../values/listing.ts";
import { afterPrefix, compareNames } from "../values/names.ts";

/**
 * Lists rows of a table whose key is (owner, name), in the order of names. With a delimiter it goes from one common prefix to the
 * next by a new look into the index, so what lies behind a prefix is never read: the work is in proportion to what is listed.
 * The rules about markers are those of Swift's container server (container/backend.py, list_objects_iter).
 */
export class NameListing<Row extends { name: string }> {
  readonly #db: Database;
  readonly #select: string;
  readonly #decode: (raw: Row) => Row;

  /** `select` is a query up to and with the condition on the owner: "SELECT … FROM objects WHERE container = @owner". */
  constructor(db: Database, select: string, decode: (raw: Row) => Row = (raw) => raw) {
    this.#db = db;
    this.#select = select;
    this.#decode = decode;
  }

  list(owner: string | number, query: ListQuery): Listed<Row>[] {
    const { limit, reverse = false } = query;
    const inPath = query.path !== undefined;
    let { prefix = "", delimiter = "" } = query;
    let path = query.path ?? "";
    if (inPath) {
      if (path !== "") path = `${path.replace(/\/+$/, "")}/`;
      prefix = path;
      delimiter = "/";
    }
    let [low, high] = [query.marker ?? "", query.endMarker ?? ""];
    if (reverse) [low, high] = [high, low];
    const first = low;
    const end = prefix === "" ? null : afterPrefix(prefix);
    const found: Listed<Row>[] = [];
    let inclusive = false;
    const folds = delimiter !== "";

    while (found.length < limit) {
      const bounds = this.#bounds({ low, high, prefix, end, inclusive });
      inclusive = false;
      let seen = 0;
      let jumped = false;
      for (const raw of this.#rows(owner, bounds, { reverse, limit: limit - found.length, folds })) {
        seen += 1;
        const { name } = raw;
        if (reverse) high = name;
        else low = name;
        const at = delimiter === "" ? -1 : name.indexOf(delimiter, prefix.length);
        if (inPath && name === path) continue;
        // In a path the pseudo-directory's own object ("a/") is listed, what lies in it is not.
        if (at >= 0 && (!inPath || name.length > at + delimiter.length)) {
          const subdir = name.slice(0, at + delimiter.length);
          if (reverse) high = subdir;
          else {
            low = afterPrefix(subdir) ?? name;
            inclusive = true;
          }
          if (!inPath && subdir !== first) found.push({ subdir });
          jumped = true;
          break;
        }
        found.push(this.#decode(raw));
      }
      if (seen === 0 || (!jumped && delimiter === "")) break;
    }
    return found;
  }

  #bounds(at: { low: string; high: string; prefix: string; end: string | null; inclusive: boolean }): Bounds {
    const { low, high, prefix, end, inclusive } = at;
    const bounds: Bounds = { from: null, after: null, before: null };
    if (high !== "" && (end === null || compareNames(high, end) < 0)) bounds.before = high;
    else if (end !== null) bounds.before = end;
    if (inclusive) bounds.from = low;
    else if (low !== "" && compareNames(low, prefix) >= 0) bounds.after = low;
    else if (prefix !== "") bounds.from = prefix;
    return bounds;
  }

  #rows(
    owner: string | number,
    { from, after, before }: Bounds,
    { reverse, limit, folds }: { reverse: boolean; limit: number; folds: boolean },
  ): Iterable<Row> {
    const conditions = [
      from === null ? "" : " AND name >= @from",
      after === null ? "" : " AND name > @after",
      before === null ? "" : " AND name < @before",
    ].join("");
    const sql = `${this.#select}${conditions} ORDER BY name${reverse ? " DESC" : ""} LIMIT @limit`;
    const statement = this.#db.prepare<object, Row>(sql);
    const values = { owner, limit, from, after, before };
    // One by one where most of them may be passed over.
    return folds ? statement.iterate(values) : statement.all(values);
  }
}

interface Bounds {
  from: string | null;
  after: string | null;
  before: string | null;
}
