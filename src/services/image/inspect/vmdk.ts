import type { Finding, Parser } from "./inspect.ts";
import { number64, type Reader } from "./reader.ts";

const SECTOR = 512;
const TYPES: ReadonlySet<string> = new Set(["monolithicsparse", "streamoptimized"]);
const GRAIN_DIRECTORY_AT_END = 0xffffffffffffffffn;
const MAX_DESCRIPTOR = 1024 * 1024;
/** Where QEMU looks for a parent, whatever the header says of the descriptor's place and length. */
const PARENT_AT = 0x200;
const PARENT_LENGTH = 20 * SECTOR;

/**
 * VMware's sparse extent with its descriptor inside. A descriptor alone, or one with flat or several extents or a parent,
 * names other files and is refused.
 */
export const vmdk: Parser = async (reader) => {
  const header = await reader.read(0, SECTOR);
  if (/^# disk descriptorfile/i.test(header.toString("latin1").trimStart())) {
    return refuse("it is a descriptor that points to other files");
  }
  const magic = header.toString("latin1", 0, 4);
  if (magic === "COWD") return refuse("it is a VMDK of ESX's old kind");
  if (magic !== "KDMV" || header.length < SECTOR) return null;

  const capacity = header.readBigUInt64LE(12);
  const virtualSize = number64(capacity * BigInt(SECTOR));
  // With a capacity of 0 QEMU opens whatever extents the descriptor names.
  if (capacity === 0n || Number.isNaN(virtualSize)) return refuse("its capacity makes no sense");
  if (header.readBigUInt64LE(56) === GRAIN_DIRECTORY_AT_END) {
    const problem = await checkFooter(reader, capacity);
    if (problem !== null) return refuse(problem);
  }
  const offset = number64(header.readBigUInt64LE(28) * BigInt(SECTOR));
  const length = number64(header.readBigUInt64LE(36) * BigInt(SECTOR));
  if (!(offset > 0) || !(length > 0) || length > MAX_DESCRIPTOR) return refuse("it has no descriptor inside");
  const descriptor = (await reader.read(offset, Math.max(length, PARENT_LENGTH))).toString("latin1");
  const searched = (await reader.read(PARENT_AT, PARENT_LENGTH)).toString("latin1");
  if (PARENT_HINT.test(descriptor) || PARENT_HINT.test(searched)) return refuse("it has a parent");
  const text = descriptor.slice(0, length).split("\0", 1)[0] ?? "";
  return { format: "vmdk", virtualSize, unsafe: checkDescriptor(text) };
};

const PARENT_HINT = /parentFileNameHint/i;

const refuse = (unsafe: string): Finding => ({ format: "vmdk", virtualSize: null, unsafe });

/** QEMU takes the header from the footer when the grain directory is at the end: it must say the same. */
async function checkFooter(reader: Reader, capacity: bigint): Promise<string | null> {
  const footer = await reader.read(Math.max(0, reader.size - 2 * SECTOR), SECTOR);
  if (footer.length < SECTOR || footer.toString("latin1", 0, 4) !== "KDMV") return "its footer is missing";
  return footer.readBigUInt64LE(12) === capacity ? null : "its footer contradicts its header";
}

function checkDescriptor(text: string): string | null {
  // QEMU takes the first place where it finds a name, in a comment or as the end of another: all of them must be harmless.
  const values = (name: string): string[] =>
    [...text.matchAll(new RegExp(`${name}\\s*=\\s*"?([^"\\r\\n]*)"?`, "gi"))].map((match) => (match[1] ?? "").trim());
  const types = values("createType");
  if (types.length === 0 || types.some((type) => !TYPES.has(type.toLowerCase()))) {
    return `createType ${types.join(", ") || "(none)"} is not supported`;
  }
  if (values("parentCID").some((parent) => !/^f{8}$/i.test(parent))) return "it has a parent";
  const extents = text.split(/\r?\n/).filter((line) => /^\s*(RW|RDONLY|NOACCESS)\s/i.test(line));
  const [extent] = extents;
  if (extents.length !== 1 || extent === undefined) return `it has ${extents.length} extents`;
  const match = /^\s*RW\s+\d+\s+SPARSE\s+"([^"/\\]+)"\s*(?:0\s*)?$/i.exec(extent);
  return match === null ? "its extent is not a sparse one in the same file" : null;
}
