import { sumOf } from "../../../kernel/bytes/sums.ts";
import type { Pause } from "../../../kernel/turns/slices.ts";
import { combinedCrc } from "./crc.ts";

/** S3's checksums of objects. */
export const CHECKSUMS = ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"] as const;
export type ChecksumName = (typeof CHECKSUMS)[number];
export type ChecksumType = "COMPOSITE" | "FULL_OBJECT";

/** A checksum that is kept with an object or part: base64, with "-N" behind it where it is one of N parts' checksums. */
export interface Checksum {
  algorithm: ChecksumName;
  type: ChecksumType;
  value: string;
}

const LENGTHS: Readonly<Record<ChecksumName, number>> = { CRC32: 4, CRC32C: 4, CRC64NVME: 8, SHA1: 20, SHA256: 32 };
const CRCS = { CRC32: "crc32", CRC32C: "crc32c", CRC64NVME: "crc64nvme" } as const;

export const checksumHeader = (name: ChecksumName): string => `x-amz-checksum-${name.toLowerCase()}`;
export const isChecksumName = (text: string): text is ChecksumName => (CHECKSUMS as readonly string[]).includes(text);

/** Whether it is base64 of as many bytes as the checksum has. */
export function isChecksum(name: ChecksumName, value: string): boolean {
  const bytes = Buffer.from(value, "base64");
  return bytes.length === LENGTHS[name] && bytes.toString("base64") === value;
}

/** As the kernel's sums are named. */
export const sumName = (name: ChecksumName): string => name.toLowerCase();
/** A sum as S3 writes it. */
export const base64 = (hex: string | undefined): string => Buffer.from(hex ?? "", "hex").toString("base64");

/** Which types an object in parts can have; the first where none is asked for. */
export const TYPES: Readonly<Record<ChecksumName, readonly ChecksumType[]>> = {
  CRC32: ["COMPOSITE", "FULL_OBJECT"],
  CRC32C: ["COMPOSITE", "FULL_OBJECT"],
  CRC64NVME: ["FULL_OBJECT"],
  SHA1: ["COMPOSITE"],
  SHA256: ["COMPOSITE"],
};

/** Of an object of these parts. */
export async function joinedChecksum(
  algorithm: ChecksumName,
  type: ChecksumType,
  parts: readonly { value: string; size: number }[],
  pause: Pause,
): Promise<string> {
  const values = parts.map(({ value }) => Buffer.from(value, "base64"));
  if (type === "FULL_OBJECT" && algorithm !== "SHA1" && algorithm !== "SHA256") {
    const crcs = parts.map(({ size }, index) => ({ crc: values[index] ?? Buffer.alloc(0), size }));
    return (await combinedCrc(CRCS[algorithm], crcs, pause)).toString("base64");
  }
  const sum = sumOf(sumName(algorithm));
  for (const value of values) sum.update(value);
  return `${base64(sum.digest())}-${parts.length}`;
}
