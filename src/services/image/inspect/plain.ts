import type { Parser } from "./inspect.ts";

const VOLUME_DESCRIPTOR = 0x8000;

/** ISO 9660, or the beginning of UDF. The size is what the primary volume descriptor says. */
export const iso: Parser = async (reader) => {
  const descriptor = await reader.read(VOLUME_DESCRIPTOR, 2048);
  if (descriptor.length < 136) return null;
  const identifier = descriptor.toString("latin1", 1, 6);
  if (identifier !== "CD001" && identifier !== "NSR02" && identifier !== "NSR03") return null;
  const blocks = descriptor.readUInt32LE(80);
  const blockSize = descriptor.readUInt16LE(128);
  return { format: "iso", virtualSize: identifier === "CD001" ? blocks * blockSize : reader.size, unsafe: null };
};

/** A master boot record, which a GPT has too: the signature and four entries with a sensible boot flag, one of them used. */
export const partitioned: Parser = async (reader) => {
  const sector = await reader.read(0, 512);
  if (sector.length < 512 || sector.readUInt16LE(510) !== 0xaa55) return null;
  let used = 0;
  for (let index = 0; index < 4; index += 1) {
    const entry = sector.subarray(446 + index * 16, 462 + index * 16);
    const flag = entry[0] ?? 0;
    if (flag !== 0 && flag !== 0x80) return null;
    if (entry[4] !== 0) used += 1;
  }
  return used === 0 ? null : { format: "gpt", virtualSize: reader.size, unsafe: null };
};
