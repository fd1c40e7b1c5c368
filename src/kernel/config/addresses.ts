import { isIPv4, isIPv6 } from "node:net";

/** An address block; `first` and `last` are its numeric bounds (network and broadcast address included). */
export interface Block {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
  readonly prefix: number;
  /** The address as written had bits set behind the prefix (10.0.0.5/24). */
  readonly hasHostBits: boolean;
}

/** The numeric value of an IP literal, or null. */
export function addressNumber(text: string): bigint | null {
  if (isIPv4(text)) return text.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  if (!isIPv6(text) || text.includes("%")) return null;
  const [head = "", tail] = mappedToHex(text).split("::");
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => "0");
  return [...left, ...zeros, ...right].reduce((sum, part) => sum * 65536n + BigInt(`0x${part}`), 0n);
}

function mappedToHex(text: string): string {
  const match = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (match === null) return text;
  const [a, b, c, d] = match.slice(2).map(Number);
  return `${match[1]}${((a ?? 0) * 256 + (b ?? 0)).toString(16)}:${((c ?? 0) * 256 + (d ?? 0)).toString(16)}`;
}

/** The inverse for IPv4 and IPv6 (uncompressed groups are compressed the way the URL parser does it). */
export function addressText(family: 4 | 6, value: bigint): string {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
  const groups = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - index * 16)) & 65535n).toString(16));
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}

/** `A/prefix` of either family, or null. */
export function parseBlock(text: string): Block | null {
  const match = /^([^/]+)\/(\d{1,3})$/.exec(text);
  const address = match?.[1] ?? "";
  const value = addressNumber(address);
  if (match === null || value === null) return null;
  const family = isIPv4(address) ? 4 : 6;
  const bits = family === 4 ? 32 : 128;
  const prefix = Number(match[2]);
  if (prefix > bits) return null;
  const size = 1n << BigInt(bits - prefix);
  const first = value - (value % size);
  return { family, first, last: first + size - 1n, prefix, hasHostBits: first !== value };
}

/** Whether the IP literal lies in the block. */
export function contains(block: Block, address: string): boolean {
  const value = addressNumber(address);
  return value !== null && isIPv4(address) === (block.family === 4) && value >= block.first && value <= block.last;
}

export function overlaps(one: Block, other: Block): boolean {
  return one.family === other.family && one.first <= other.last && other.first <= one.last;
}

/** The first usable host address of a block, DevStack's default gateway. */
export function firstHost(block: Block): string {
  return addressText(block.family, block.first + 1n);
}

export function blockText(block: Block): string {
  return `${addressText(block.family, block.first)}/${block.prefix}`;
}
