import type { Finding, Parser } from "./inspect.ts";
import { number64 } from "./reader.ts";

const DATA_FILE_BIT = 1n << 2n;
/** dirty, corrupt, external data file, compression type, extended L2: the incompatible features QEMU knows. */
const KNOWN_FEATURES = 0x1fn;
const EXTENSION_DATA_FILE = 0x44415441;

/** QEMU's docs/interop/qcow2.txt. */
export const qcow2: Parser = async (reader) => {
  const header = await reader.read(0, 112);
  if (header.length < 72 || header.readUInt32BE(0) !== 0x514649fb) return null;
  const finding = (virtualSize: number | null, unsafe: string | null): Finding => ({
    format: "qcow2",
    virtualSize,
    unsafe,
  });
  const version = header.readUInt32BE(4);
  if (version !== 2 && version !== 3) return finding(null, `unknown qcow2 version ${version}`);
  const virtualSize = number64(header.readBigUInt64BE(24));
  if (Number.isNaN(virtualSize)) return finding(null, "its virtual size makes no sense");
  if (header.readBigUInt64BE(8) !== 0n || header.readUInt32BE(16) !== 0) {
    return finding(virtualSize, "it has a backing file");
  }
  if (version === 2) return finding(virtualSize, null);
  if (header.length < 104) return finding(virtualSize, "its header is cut off");
  const features = header.readBigUInt64BE(72);
  if ((features & DATA_FILE_BIT) !== 0n) return finding(virtualSize, "it has an external data file");
  if ((features & ~KNOWN_FEATURES) !== 0n) return finding(virtualSize, "it uses unknown features");
  const headerLength = header.readUInt32BE(100);
  if (headerLength < 104 || headerLength > 4096) return finding(virtualSize, "its header length makes no sense");
  const extensions = await reader.read(headerLength, 4096);
  return finding(virtualSize, hasDataFileName(extensions) ? "it names an external data file" : null);
};

function hasDataFileName(bytes: Buffer): boolean {
  for (let offset = 0; offset + 8 <= bytes.length; ) {
    const type = bytes.readUInt32BE(offset);
    if (type === 0) return false;
    if (type === EXTENSION_DATA_FILE) return true;
    offset += 8 + Math.ceil(bytes.readUInt32BE(offset + 4) / 8) * 8;
  }
  return false;
}

/** QEMU's abandoned format: never accepted, as oslo refuses it, but recognised so that it is not taken for raw. */
export const qed: Parser = async (reader) => {
  const header = await reader.read(0, 4);
  return header.equals(Buffer.from("QED\0"))
    ? { format: "qed", virtualSize: null, unsafe: "QED is not supported" }
    : null;
};

export const luks: Parser = async (reader) => {
  const header = await reader.read(0, 6);
  return header.equals(Buffer.from("LUKS\xba\xbe", "latin1"))
    ? { format: "luks", virtualSize: null, unsafe: "it is encrypted" }
    : null;
};
