/** Whether the whole text is of a kind that nobody sets: `<password>`, `{your ip}`, `[address]`. */
export function looksUnfilled(text: string): boolean {
  return /^(<+[^<>]+>+|\{[^{}]+\}|\[[^[\]]+\])$/.test(text.trim());
}

/**
 * Whether a text that does not fit its variable is one that was to be replaced: also `IP_ADDRESS`, `YOUR_HOST`, `10.0.0.x`,
 * `xxx.xxx.xxx.xxx`, and a `<…>` within it.
 */
export function isPlaceholder(text: string): boolean {
  if (looksUnfilled(text) || /<[A-Za-z][^<>]*>/.test(text)) return true;
  if (/^(your|my|the|replace|change|insert|put|fill|set)[-_ ]\S/i.test(text)) return true;
  return /(^|\.)x{1,3}(\.|\/|$)/i.test(text) || /^[A-Z]+([_-][A-Z]+)+$/.test(text);
}

/** Quotes of a word processor or a web page, which bash takes for letters; U+FFFD stands for those of another encoding. */
export function hasForeignQuotes(text: string): boolean {
  return /[\u2018\u2019\u201C\u201D\u00AB\u00BB\uFFFD]/.test(text);
}
