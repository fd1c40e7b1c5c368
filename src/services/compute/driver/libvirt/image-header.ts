import { open } from "node:fs/promises";
import { DriverError } from "../driver.ts";

const QCOW2_MAGIC = 0x514649fb;
const INCOMPATIBLE_DATA_FILE = 0x4n;

/**
 * Size in bytes of the disk in a raw or qcow2 file, read from its first bytes without any tool. The format is always told and
 * never guessed: a guest may write the header of another format into its raw disk. Throws `image` for a qcow2 that is broken,
 * or names a file of the host (backing or data file), unless `backing` allows that: our own overlays have one.
 */
export async function virtualSize(
  path: string,
  format: "raw" | "qcow2",
  options: { backing?: boolean } = {},
): Promise<number> {
  const file = await open(path, "r");
  try {
    if (format === "raw") return (await file.stat()).size;
    const header = Buffer.alloc(104);
    const { bytesRead } = await file.read(header, 0, header.length, 0);
    const version = header.readUInt32BE(4);
    if (bytesRead < 72 || header.readUInt32BE(0) !== QCOW2_MAGIC || (version !== 2 && version !== 3))
      throw new DriverError("image", "The image is not in the qcow2 format it is said to have.");
    if (header.readBigUInt64BE(8) !== 0n && options.backing !== true)
      throw new DriverError("image", "The image refers to a backing file.");
    if (version === 3 && (header.readBigUInt64BE(72) & INCOMPATIBLE_DATA_FILE) !== 0n)
      throw new DriverError("image", "The image refers to an external data file.");
    const size = Number(header.readBigUInt64BE(24));
    if (!Number.isSafeInteger(size)) throw new DriverError("image", "The image has an impossible size.");
    return size;
  } finally {
    await file.close();
  }
}
