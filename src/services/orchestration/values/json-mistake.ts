/** The words of Python's json module, where the mistake is one of the common ones. */
export function jsonMistake(text: string): string {
  const at = (index: number, said: string) => {
    const before = text.slice(0, index).split("\n");
    return `${said}: line ${before.length} column ${(before.at(-1)?.length ?? 0) + 1} (char ${index})`;
  };
  const start = text.search(/\S/);
  if (/^\s*\{\s*[^"}\s]/.test(text)) return at(start + 1, "Expecting property name enclosed in double quotes");
  const noColon = /^\s*\{\s*"(?:[^"\\]|\\.)*"\s*(?=$|[^:\s])/.exec(text);
  if (noColon !== null) return at(noColon[0].length, "Expecting ':' delimiter");
  return at(Math.max(0, start), "Expecting value");
}
