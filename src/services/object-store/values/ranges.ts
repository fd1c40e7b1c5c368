/** From `start` to before `end`. */
export interface Span {
  start: number;
  end: number;
}

const MOST_RANGES = 50;
const MOST_OVERLAPS = 2;
const MOST_UNORDERED = 8;

/** Ranges as they were asked for; null: no such header, or one that is to be ignored (RFC 9110). */
export function parseRange(header: string | null): { first: number | null; last: number | null }[] | null {
  const [, list] = /^bytes=(.*)$/i.exec((header ?? "").replaceAll(" ", "")) ?? [];
  if (list === undefined) return null;
  const ranges = [];
  for (const item of list.split(",")) {
    const [, from, to] = /^(\d*)-(\d*)$/.exec(item) ?? [];
    if (from === undefined || to === undefined || (from === "" && to === "")) return null;
    const first = from === "" ? null : Number(from);
    const last = to === "" ? null : Number(to);
    if (first !== null && last !== null && last < first) return null;
    ranges.push({ first, last });
  }
  return ranges;
}

/**
 * What of `size` bytes a Range header asks for; null: all, as without one. Empty: nothing that there is, or so many or so crossed ones
 * that they only serve to make work (swift/common/swob.py, ranges_for_length).
 */
export function spansOf(header: string | null, size: number): Span[] | null {
  const ranges = parseRange(header);
  if (ranges === null) return null;
  const spans: Span[] = [];
  for (const { first, last } of ranges) {
    if (first === null) {
      if (last !== null && last > 0) spans.push({ start: Math.max(0, size - last), end: size });
    } else if (first < size) spans.push({ start: first, end: last === null ? size : Math.min(last + 1, size) });
  }
  return isExcessive(spans) ? [] : spans;
}

function isExcessive(spans: readonly Span[]): boolean {
  if (spans.length > MOST_RANGES) return true;
  let overlaps = 0;
  let ascending = true;
  for (const [index, a] of spans.entries()) {
    const next = spans[index + 1];
    if (next !== undefined && a.start > next.start) ascending = false;
    for (const b of spans.slice(index + 1)) {
      if (a.start < b.end && b.start < a.end) overlaps += 1;
    }
  }
  return overlaps > MOST_OVERLAPS || (!ascending && spans.length >= MOST_UNORDERED);
}
