/** Whether `*` (any text) and `?` (any one character) of a pattern fit, in time that grows with pattern × text at most. */
export function wildcardFits(pattern: string, text: string): boolean {
  let at = 0;
  let here = 0;
  let star = -1;
  let from = 0;
  while (here < text.length) {
    const char = pattern[at];
    if (char === "*") {
      star = at;
      from = here;
      at += 1;
    } else if (char !== undefined && (char === "?" || char === text[here])) {
      at += 1;
      here += 1;
    } else if (star !== -1) {
      at = star + 1;
      from += 1;
      here = from;
    } else return false;
  }
  while (pattern[at] === "*") at += 1;
  return at === pattern.length;
}
