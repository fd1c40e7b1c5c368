/**
 * JSON text of any answer. A bigint is written with all its digits (an IPv6 subnet has 18446744073709551614 addresses), which JSON has no
 * limit for; JSON.stringify alone refuses it. Who renders JSON for a client uses this.
 */
export function jsonText(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    // Only what holds such a number pays for the search.
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(value, (_name, part: unknown) => (typeof part === "bigint" ? rawJson(part) : part));
  }
}

/** How many items of a list are one piece of text. */
const ITEMS = 200;

/** The same text in pieces, none of which has more than so many items of a list: for who makes it in several turns. */
export function* jsonSlices(value: unknown): Generator<string> {
  let text = "";
  for (const part of partsOf(value)) {
    text += part.text;
    if (!part.isFull) continue;
    yield text;
    text = "";
  }
  if (text !== "") yield text;
}

interface Part {
  text: string;
  /** As much as is made in one turn. */
  isFull: boolean;
}

const shortPart = (text: string): Part => ({ text, isFull: false });

function* partsOf(value: unknown): Generator<Part> {
  if (Array.isArray(value)) yield* partsOfList(value);
  else if (isPlain(value)) {
    let separator = "{";
    for (const [name, member] of Object.entries(value)) {
      if (member === undefined) continue;
      yield shortPart(`${separator}${JSON.stringify(name)}:`);
      yield* partsOf(member);
      separator = ",";
    }
    yield shortPart(separator === "{" ? "{}" : "}");
  } else yield shortPart(jsonText(value));
}

/** Lists in what is listed (the rules of a group) are slices, too, where they are long. */
function* partsOfList(items: readonly unknown[]): Generator<Part> {
  yield shortPart("[");
  for (let from = 0; from < items.length; from += ITEMS) {
    const slice = items.slice(from, from + ITEMS);
    const isLast = from + ITEMS >= items.length;
    if (!slice.some(holdsLong)) yield { text: jsonText(slice).slice(1, -1), isFull: slice.length === ITEMS };
    else
      for (const [index, item] of slice.entries()) {
        if (index > 0) yield shortPart(",");
        yield* partsOf(item);
      }
    if (!isLast) yield shortPart(",");
  }
  yield shortPart("]");
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;

const holdsLong = (item: unknown): boolean =>
  isPlain(item) && Object.values(item).some((member) => Array.isArray(member) && member.length > ITEMS);

/** Not yet in TypeScript's library. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };
const rawJson = (number: bigint): object => rawJSON(String(number));

type Digits = Map<string, bigint>;
const digits = new WeakMap<object, Digits>();

/**
 * JSON.parse; whole numbers that JavaScript rounds are rounded, but `exactly` knows their digits for as long as what holds them lives.
 * Errors: SyntaxError.
 */
export function parseExactly(text: string): unknown {
  // Only what may hold such a number pays for the search.
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  const noteDigits = function (this: object, name: string, value: unknown, part?: { source?: string }): unknown {
    const isRounded = typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value);
    if (isRounded && /^-?\d+$/.test(part?.source ?? "")) {
      const known: Digits = digits.get(this) ?? new Map();
      digits.set(this, known.set(name, BigInt(part?.source ?? "")));
    }
    return value;
  };
  return JSON.parse(text, noteDigits);
}

/** A value of a parsed body as it was sent, for what is said of it: a bigint where the number itself is rounded. */
export function exactly(holder: object, name: string | number): unknown {
  return digits.get(holder)?.get(String(name)) ?? (holder as Record<string | number, unknown>)[name];
}
