import type { ListedContainer } from "../store/containers.ts";
import type { ListedObject } from "../store/objects.ts";
import { isJoined } from "../values/etags.ts";
import { isSubdir, type Listed } from "../values/listing.ts";
import { isoOf } from "../values/stamps.ts";

export type Format = "text" | "json" | "xml";
export const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  text: "text/plain; charset=utf-8",
  json: "application/json; charset=utf-8",
  xml: "application/xml; charset=utf-8",
};

const XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';
const ESCAPES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const KEPT_CONTROLS = "\t\n\r";

/** Characters that XML cannot have are left out: the document would be none (OSSA-2013-016). */
export const xmlText = (text: string): string =>
  text.replace(/[&<>"\ufffe\uffff]|\p{Cc}/gu, (character) =>
    KEPT_CONTROLS.includes(character) || (character >= "\x7f" && character < "\ufffe")
      ? character
      : (ESCAPES[character] ?? ""),
  );

const nameOf = (entry: { subdir: string } | { name: string }): string =>
  "subdir" in entry ? entry.subdir : entry.name;

export function plainListing(entries: readonly ({ subdir: string } | { name: string })[]): string {
  return entries.map((entry) => `${nameOf(entry)}\n`).join("");
}

export function accountListing(format: Format, account: string, entries: readonly Listed<ListedContainer>[]): string {
  if (format === "text") return plainListing(entries);
  if (format === "json")
    return JSON.stringify(entries.map((entry) => (isSubdir(entry) ? entry : containerEntry(entry))));
  const lines = entries.map((entry) => {
    if (isSubdir(entry)) return `<subdir name="${xmlText(entry.subdir)}" />\n`;
    return element("container", containerEntry(entry));
  });
  return `${XML_HEAD}<account name="${xmlText(account)}">\n${lines.join("")}</account>`;
}

const containerEntry = ({ name, object_count, bytes_used, stamp }: ListedContainer) => ({
  name,
  count: object_count,
  bytes: bytes_used,
  last_modified: isoOf(stamp),
});

export function containerListing(format: Format, container: string, entries: readonly Listed<ListedObject>[]): string {
  if (format === "text") return plainListing(entries);
  if (format === "json") return JSON.stringify(entries.map((entry) => (isSubdir(entry) ? entry : objectEntry(entry))));
  const lines = entries.map((entry) => {
    if (isSubdir(entry)) {
      const name = xmlText(entry.subdir);
      return `<subdir name="${name}"><name>${name}</name></subdir>\n`;
    }
    const { bytes, hash, name, content_type, last_modified } = objectEntry(entry);
    return element("object", { name, hash, bytes, content_type, last_modified });
  });
  return `${XML_HEAD}<container name="${xmlText(container)}">\n${lines.join("")}</container>`;
}

/** What one object is in a listing: of a large one the size it has as a whole, of a link the place it leads to. */
export function objectEntry({ name, size, etag, content_type, stamp, system }: ListedObject) {
  const { slo, symlink } = system;
  return {
    bytes: slo?.size ?? size,
    hash: etag.slice(0, 32),
    name,
    content_type,
    last_modified: isoOf(stamp),
    ...(slo === undefined ? {} : { slo_etag: `"${slo.etag}"` }),
    ...(isJoined({ etag }) ? { slo_etag: `"${etag}"` } : {}),
    ...(symlink === undefined ? {} : linkEntry(symlink)),
  };
}

function linkEntry({ target, account, etag, bytes }: NonNullable<ListedObject["system"]["symlink"]>) {
  return {
    symlink_path: `/v1/${account ?? ""}/${target.split("/").map(encodeURIComponent).join("/")}`,
    ...(etag === undefined ? {} : { symlink_etag: etag, symlink_bytes: bytes ?? 0 }),
  };
}

function element(tag: string, fields: Readonly<Record<string, string | number>>): string {
  const inner = Object.entries(fields).map(([name, value]) => `<${name}>${xmlText(String(value))}</${name}>`);
  return `<${tag}>${inner.join("")}</${tag}>\n`;
}
