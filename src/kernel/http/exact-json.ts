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
