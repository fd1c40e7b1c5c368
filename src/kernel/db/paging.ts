import type { ApiError } from "../errors.ts";
import type { Stored } from "./list.ts";

/** How the lists of one API take `limit` and `marker`: all in which the real services differ. One constant per API. */
export interface Paging {
  /** Which of several counts. */
  readonly repeated: "first" | "last";
  /** Of these, one that is empty is as one that is not there. */
  readonly emptyIsAbsent: readonly ("limit" | "marker")[];
  /** The 400 for a limit that is no whole number, and for one below 0. */
  notWhole(text: string): ApiError;
  negative(text: string): ApiError;
  /** The length of a page that asks for none; null: all there is. */
  readonly usual: number | null;
  /** No page is longer. */
  readonly most: number;
  /** A page of 0 has nothing on it, or is one that asks for no length. */
  readonly zero: "nothing" | "usual";
  /** A page tells of a next one when it is full, or only when there is more: a row more is read then. */
  readonly next: "full" | "more";
}

/** The page that a request wants. */
export interface Wanted {
  /** Null: all there is. */
  readonly limit: number | null;
  readonly marker: string | null;
  readonly next: Paging["next"];
}

/** More rows than there are. */
export const EVERYTHING = Number.MAX_SAFE_INTEGER;

/** For those who page through nothing. */
export const WHOLE: Wanted = { limit: null, marker: null, next: "full" };

/** Errors: 400 for a limit that is none. */
export function wantedPage(query: URLSearchParams, paging: Paging): Wanted {
  const sent = (name: "limit" | "marker"): string | null => {
    const text = paging.repeated === "last" ? query.getAll(name).at(-1) : query.get(name);
    return text === undefined || (text === "" && paging.emptyIsAbsent.includes(name)) ? null : text;
  };
  return { limit: lengthOf(sent("limit"), paging), marker: sent("marker"), next: paging.next };
}

function lengthOf(text: string | null, { notWhole, negative, usual, most, zero }: Paging): number | null {
  const nothingSaid = usual === null ? null : Math.min(usual, most);
  if (text === null) return nothingSaid;
  const length = wholeNumber(text);
  if (length === null) throw notWhole(text);
  if (length < 0) throw negative(text);
  return length === 0 && zero === "usual" ? nothingSaid : Math.min(length, most);
}

/** A query without the first of each of these: what webob's `pop` leaves of it, in which a second one is taken for a filter. */
export function withoutFirst(query: URLSearchParams, names: readonly string[]): [string, string][] {
  const rest = [...query];
  for (const name of names) {
    const at = rest.findIndex(([key]) => key === name);
    if (at >= 0) rest.splice(at, 1);
  }
  return rest;
}

/** A number as the services read it (Python's int()); null for what is none. */
export const wholeNumber = (text: string): number | null => (/^\s*[-+]?\d+\s*$/.test(text) ? Number(text) : null);

/** Where the rows of a list come from; `Place` is where in it something stands. */
export interface Paged<Row, Place = readonly Stored[]> {
  /** The place of a marker; undefined where the caller sees none. */
  place(marker: string): Place | undefined;
  /** What a marker without a place is: an error, or (null) no marker. */
  lost(marker: string): ApiError | null;
  /** The next rows behind a place; from the start where that is null, and all where nothing is so long as the limit. A long page takes several turns. */
  read(after: Place | null, limit: number): readonly Row[] | Promise<readonly Row[]>;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  /** The last one, where the API offers a next page: its marker. */
  readonly last: Row | null;
}

/** Reads the page that is wanted. It goes on where its marker stands, whether that is in the list or not. Errors: what `lost` says. */
export async function pageOf<Row, Place>({ limit, marker, next }: Wanted, list: Paged<Row, Place>): Promise<Page<Row>> {
  const after = marker === null ? null : placeOf(list, marker);
  if (limit === null) return { rows: await list.read(after, EVERYTHING), last: null };
  const read = await list.read(after, next === "more" ? limit + 1 : limit);
  const rows = next === "more" ? read.slice(0, limit) : read;
  const goesOn = next === "more" ? read.length > limit : read.length >= limit;
  return { rows, last: (goesOn ? rows.at(-1) : null) ?? null };
}

function placeOf<Row, Place>({ place, lost }: Paged<Row, Place>, marker: string): Place | null {
  const found = place(marker);
  if (found !== undefined) return found;
  const error = lost(marker);
  if (error !== null) throw error;
  return null;
}

/** A list that is at hand as a whole. */
export const atHand = <Row>(
  rows: readonly Row[],
  idOf: (row: Row) => string,
): Pick<Paged<Row, number>, "place" | "read"> => ({
  place(marker) {
    const at = rows.findIndex((row) => idOf(row) === marker);
    return at < 0 ? undefined : at;
  },
  read(after, limit) {
    const start = after === null ? 0 : after + 1;
    return rows.slice(start, start + limit);
  },
});
