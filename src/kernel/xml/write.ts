/** An element to be written: its name, what is in it (nothing of `undefined` is written), and its attributes. */
export type XmlNode = readonly [
  name: string,
  content?: string | number | boolean | null | readonly (XmlNode | null | undefined)[],
  attributes?: Readonly<Record<string, string>>,
];

const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n';

/** A document with one root. */
export const xmlDocument = (root: XmlNode): string => DECLARATION + written(root);

function written([name, content, attributes = {}]: XmlNode): string {
  const start = Object.entries(attributes).reduce((text, [key, value]) => `${text} ${key}="${escaped(value)}"`, name);
  if (content === undefined || content === null || content === "") return `<${start}/>`;
  if (typeof content !== "object") return `<${start}>${escaped(String(content))}</${name}>`;
  const inner = content.map((node) => (node === null || node === undefined ? "" : written(node))).join("");
  return inner === "" ? `<${start}/>` : `<${start}>${inner}</${name}>`;
}

const NAMED: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Control characters, which XML 1.0 has no way to write, become references as S3 writes them. */
function escaped(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[&<>"\u0000-\u001f\ufffe\uffff]/g, (char) => {
    if (char === "\n" || char === "\t") return char;
    return NAMED[char] ?? `&#x${char.charCodeAt(0).toString(16)};`;
  });
}
