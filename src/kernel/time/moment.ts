/** A day, or a day and a time, as Python's iso8601 takes them: without a zone it is UTC. */
export const ISO_TIME = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}(:?\d{2})?)?)?$/;

/** Milliseconds since 1970 of a text like ISO_TIME, whatever the machine's own zone; NaN for another. */
export function isoMoment(text: string): number {
  const match = ISO_TIME.exec(text);
  if (match === null) return Number.NaN;
  if (match[1] === undefined) return Date.parse(text);
  const zone = match[4] ?? "";
  const local = text
    .slice(0, text.length - zone.length)
    .replace(" ", "T")
    .replace(",", ".");
  return Date.parse(`${local}${/^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone || "Z"}`);
}
