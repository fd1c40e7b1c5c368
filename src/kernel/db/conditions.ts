/**
 * Conditions joined as a balanced tree, each in parentheses: a client may send any number, and SQLite takes no expression that is more than
 * 1000 deep, which a chain of as many is. None: "".
 */
export function joined(word: "AND" | "OR", conditions: readonly string[]): string {
  if (conditions.length <= SHORT) return conditions.map((condition) => `(${condition})`).join(` ${word} `);
  const middle = conditions.length >> 1;
  return [conditions.slice(0, middle), conditions.slice(middle)]
    .map((half) => `(${joined(word, half)})`)
    .join(` ${word} `);
}

/** How many stay one chain, which is easier to read in a trace. */
const SHORT = 16;
