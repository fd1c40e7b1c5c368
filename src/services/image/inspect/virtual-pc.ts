import type { Finding, ImageFormat, Parser } from "./inspect.ts";
import { number64, type Reader } from "./reader.ts";

const found = (format: ImageFormat, size: number, unsafe: string | null): Finding =>
  Number.isNaN(size)
    ? { format, virtualSize: null, unsafe: "its virtual size makes no sense" }
    : { format, virtualSize: size, unsafe };

/** VirtualBox. Type 1 grows, 2 is fixed; 3 (undo) and 4 (differencing) need another image. */
export const vdi: Parser = async (reader) => {
  const header = await reader.read(0, 512);
  if (header.length < 512 || header.readUInt32LE(0x40) !== 0xbeda107f) return null;
  const type = header.readUInt32LE(0x4c);
  return found(
    "vdi",
    number64(header.readBigUInt64LE(0x170)),
    type === 1 || type === 2 ? null : `VDI type ${type} needs another image`,
  );
};

/** Virtual PC. A growing disk has a copy of the footer at its start, a fixed one only the footer. */
export const vhd: Parser = async (reader) => {
  let footer = await reader.read(0, 512);
  if (footer.toString("latin1", 0, 8) !== "conectix") {
    if (reader.size < 512) return null;
    footer = await reader.read(reader.size - 512, 512);
    if (footer.toString("latin1", 0, 8) !== "conectix") return null;
  }
  if (footer.length < 512) return found("vhd", 0, "its header is cut off");
  const type = footer.readUInt32BE(60);
  return found(
    "vhd",
    number64(footer.readBigUInt64BE(40)),
    type === 2 || type === 3 ? null : `VHD type ${type} needs another image`,
  );
};

const REGION_TABLE = 192 * 1024;
const METADATA_REGION = guid("8B7CA206-4790-4B9A-B8FE-575F050F886E");
const VIRTUAL_DISK_SIZE = guid("2FA54224-CD1B-4876-B211-5DBED83BF4B8");
const FILE_PARAMETERS = guid("CAA16737-FA36-4D43-B3B6-33F0AA44E76B");
const HAS_PARENT = 2;

/** Hyper-V (MS-VHDX): region table → metadata table → size and flags. */
export const vhdx: Parser = async (reader) => {
  if ((await reader.read(0, 8)).toString("latin1") !== "vhdxfile") return null;
  const region = await reader.read(REGION_TABLE, 64 * 1024);
  if (region.toString("latin1", 0, 4) !== "regi") return found("vhdx", 0, "its region table is missing");
  const metadata = entry(region, 16, 32, region.readUInt32LE(8), METADATA_REGION);
  if (metadata === null) return found("vhdx", 0, "its metadata region is missing");
  const base = number64(metadata.readBigUInt64LE(16));
  const table = await reader.read(base, 64 * 1024);
  if (table.toString("latin1", 0, 8) !== "metadata") return found("vhdx", 0, "its metadata table is missing");
  const count = table.readUInt16LE(10);
  const item = async (name: Buffer, length: number): Promise<Buffer | null> => {
    const at = entry(table, 32, 32, count, name);
    return at === null ? null : exactly(reader, base + at.readUInt32LE(16), length);
  };
  const parameters = await item(FILE_PARAMETERS, 8);
  const size = await item(VIRTUAL_DISK_SIZE, 8);
  if (parameters === null || size === null) return found("vhdx", 0, "its metadata is incomplete");
  return found(
    "vhdx",
    number64(size.readBigUInt64LE(0)),
    (parameters.readUInt32LE(4) & HAS_PARENT) === 0 ? null : "it has a parent",
  );
};

/** The entry of a table that begins with `name`. */
function entry(table: Buffer, start: number, length: number, count: number, name: Buffer): Buffer | null {
  for (let index = 0; index < Math.min(count, 2047); index += 1) {
    const bytes = table.subarray(start + index * length, start + (index + 1) * length);
    if (bytes.length < length) return null;
    if (bytes.subarray(0, 16).equals(name)) return bytes;
  }
  return null;
}

async function exactly(reader: Reader, offset: number, length: number): Promise<Buffer | null> {
  const bytes = await reader.read(offset, length);
  return bytes.length === length ? bytes : null;
}

/** A GUID as Windows stores it: the first three fields little-endian. */
function guid(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll("-", ""), "hex");
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
