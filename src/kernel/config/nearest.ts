/** Words that turn a name into its opposite, which is never what was meant. */
const OPPOSITES = /^(EN|DIS)ABLE|^(NO|USE|SKIP|WITHOUT)_/;

/**
 * The candidate that the word was probably meant to be, or null when none is close (Levenshtein, swaps count once).
 * `limit`: the most letters that may differ.
 */
export function nearest(word: string, candidates: Iterable<string>, limit = 3): string | null {
  const wanted = word.toUpperCase();
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.min(limit, Math.floor(word.length / 4))) + 1;
  for (const candidate of candidates) {
    if (OPPOSITES.exec(wanted)?.[0] !== OPPOSITES.exec(candidate.toUpperCase())?.[0]) continue;
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const distance = editDistance(wanted, candidate.toUpperCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(one: string, other: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (let row = 1; row <= one.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const same = one[row - 1] === other[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[other.length] ?? 0;
}
