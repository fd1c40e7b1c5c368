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
