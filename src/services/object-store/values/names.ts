/**
 * Names compare by the bytes of their UTF-8, as sqlite compares them; that is by code points, which JavaScript's own comparison is not
 * where surrogates meet U+E000 and above.
 */
export function compareNames(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const x = a.charCodeAt(index);
    const y = b.charCodeAt(index);
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** Surrogates, which stand for code points above all others, come last. */
const rank = (unit: number): number => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);

const LAST = 0x10ffff;

/** The first name after all that begin with `prefix`; null: there is none. */
export function afterPrefix(prefix: string): string | null {
  const points = [...prefix];
  while (points.length > 0) {
    const point = points.pop()?.codePointAt(0) ?? LAST;
    // Surrogates are no characters of their own.
    const next = point === 0xd7ff ? 0xe000 : point + 1;
    if (next <= LAST) return points.join("") + String.fromCodePoint(next);
  }
  return null;
}
