import { type Ec2Node, ec2Tree } from "./ec2.ts";
import { EC2_VERSIONS, metadataFiles, OPENSTACK_VERSIONS } from "./files.ts";
import type { GuestMetadata } from "./guest.ts";

export interface MetadataDocument {
  contentType: string;
  body: string | Uint8Array;
}

const text = (body: string | Uint8Array): MetadataDocument => ({ contentType: "text/plain; charset=UTF-8", body });
const json = (body: string | Uint8Array): MetadataDocument => ({ contentType: "application/json", body });

/** What the root lists. */
export const METADATA_VERSIONS: readonly string[] = [...EC2_VERSIONS, "latest"];

/**
 * What http://169.254.169.254/<path> shows a guest of itself; null for no such document. Directories list their entries as
 * nova's metadata handler does: a name per line, a slash behind directories, "0=name" for public keys.
 */
export function metadataDocument(guest: GuestMetadata, path: string): MetadataDocument | null {
  const parts = path.split("/").filter((part) => part !== "");
  const [first, ...rest] = parts;
  if (first === undefined) return text(METADATA_VERSIONS.join("\n"));
  if (first === "openstack") return openstackDocument(guest, rest);
  return METADATA_VERSIONS.includes(first) ? ec2Document(guest, rest) : null;
}

function openstackDocument(guest: GuestMetadata, parts: readonly string[]): MetadataDocument | null {
  if (parts.length === 0) return text([...OPENSTACK_VERSIONS, "latest"].join("\n"));
  const files = metadataFiles(guest);
  const prefix = `openstack/${parts.join("/")}`;
  const file = files[prefix];
  if (file !== undefined)
    return prefix.endsWith(".json") ? json(file) : { contentType: "application/octet-stream", body: file };
  const names = Object.keys(files)
    .filter((name) => parts.length === 1 && name.startsWith(`${prefix}/`))
    .map((name) => name.slice(prefix.length + 1));
  return names.length === 0 ? null : text(names.join("\n"));
}

function ec2Document(guest: GuestMetadata, parts: readonly string[]): MetadataDocument | null {
  if (parts[0] === "user-data") {
    const wanted = parts.length === 1 ? guest.userData : null;
    return wanted === null ? null : { contentType: "application/octet-stream", body: wanted };
  }
  let node: Ec2Node = { "meta-data": ec2Tree(guest), ...(guest.userData === null ? {} : { "user-data": "" }) };
  for (const part of parts) {
    // Own properties only: the path is the guest's to choose.
    if (typeof node === "string" || !Object.hasOwn(node, part)) return null;
    const next: Ec2Node | undefined = node[part];
    if (next === undefined) return null;
    node = next;
  }
  return text(typeof node === "string" ? node : listing(node));
}

function listing(node: { [key: string]: Ec2Node }): string {
  return Object.entries(node)
    .filter(([name]) => name !== "_name")
    .map(([name, value]) => {
      if (typeof value === "string") return name;
      return typeof value._name === "string" ? value._name : `${name}/`;
    })
    .join("\n");
}
