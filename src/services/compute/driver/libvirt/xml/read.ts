import { unescapeXml } from "./metadata.ts";

/**
 * Reading of XML that libvirt wrote (regular: quoted attributes, escaped text, no CDATA), not of anybody's XML.
 * `elements(xml, "disk")` gives each <disk …>…</disk> as text; elements of one name must not be nested.
 */
export function elements(xml: string, name: string): string[] {
  const pattern = new RegExp(`<${name}(?:\\s[^>]*?)?(?:/>|>[\\s\\S]*?</${name}>)`, "g");
  return [...xml.matchAll(pattern)].map(([text]) => text);
}

/** An attribute of the first element of that name; null when there is none. */
export function attribute(xml: string, name: string, key: string): string | null {
  const tag = new RegExp(`<${name}(\\s[^>]*)>`).exec(xml)?.[1] ?? "";
  const value = new RegExp(`\\s${key}=(?:'([^']*)'|"([^"]*)")`).exec(tag);
  return value === null ? null : unescapeXml(value[1] ?? value[2] ?? "");
}

/** The text of the first element of that name; null when there is none. */
export function text(xml: string, name: string): string | null {
  const found = new RegExp(`<${name}(?:\\s[^>]*)?>([^<]*)</${name}>`).exec(xml);
  return found === null ? null : unescapeXml(found[1] ?? "");
}

/** Whether a device of that alias is in a domain's XML. */
export function hasAlias(xml: string, alias: string): boolean {
  return elements(xml, "alias").some((element) => attribute(element, "alias", "name") === alias);
}
