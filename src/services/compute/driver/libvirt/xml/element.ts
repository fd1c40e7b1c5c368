/** A piece of XML: an element, text, or nothing (so that parts can be left out by a condition). */
export type XmlNode = XmlElement | string | null | undefined | false | readonly XmlNode[];

export interface XmlElement {
  readonly name: string;
  readonly attributes: XmlAttributes;
  readonly children: readonly XmlNode[];
}

/** undefined and null leave the attribute out. */
export type XmlAttributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** `el("disk", { type: "file" }, el("target", …))`. Attribute values and text may be anything: they are escaped when written. */
export function el(name: string, attributes: XmlAttributes = {}, ...children: readonly XmlNode[]): XmlElement {
  return { name, attributes, children };
}

/**
 * Writes an element. Names of guests, flavors and the like come from users: what XML 1.0 cannot hold (control characters,
 * halves of surrogate pairs) becomes U+FFFD, so that such a name can neither end an element nor make libvirt refuse the guest.
 */
export function render(node: XmlNode): string {
  if (node === null || node === undefined || node === false) return "";
  if (typeof node === "string") return escapeXml(node);
  if (isList(node)) return node.map(render).join("");
  if (!/^[A-Za-z_][\w.:-]*$/.test(node.name)) throw new TypeError(`"${node.name}" is no name of an XML element`);
  let head = node.name;
  for (const [key, value] of Object.entries(node.attributes)) {
    if (value === undefined || value === null) continue;
    if (!/^[A-Za-z_][\w.:-]*$/.test(key)) throw new TypeError(`"${key}" is no name of an XML attribute`);
    head += ` ${key}="${escapeXml(String(value))}"`;
  }
  const body = render(node.children);
  return body === "" ? `<${head}/>` : `<${head}>${body}</${node.name}>`;
}

function isList(node: XmlElement | readonly XmlNode[]): node is readonly XmlNode[] {
  return Array.isArray(node);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "\t": "&#9;",
  "\n": "&#10;",
  "\r": "&#13;",
};

export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
    .replace(/[&<>"'\t\n\r]/g, (character) => ESCAPES[character] ?? character);
}
