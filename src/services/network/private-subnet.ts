import { addressNumber, addressText, type Block, contains, parseBlock } from "../../kernel/config/addresses.ts";
import { type Given, rememberedFile } from "../../kernel/config/resolve.ts";

/** DevStack's SUBNETPOOL_SIZE_V4. */
export const DEFAULT_SUBNET_SIZE = 26;

/**
 * Old tutorials know of no subnet pool: for them FIXED_RANGE is the private subnet. So it is where the pool's first subnet
 * could not be what they describe: with a range smaller than that subnet, and with a gateway outside of it.
 */
export function fitSubnetPool(given: Map<string, Given>): void {
  const fixed = given.get("FIXED_RANGE");
  const block = fixed === undefined ? null : parseBlock(fixed.value);
  const chosen = ["SUBNETPOOL_SIZE_V4", "SUBNETPOOL_PREFIX_V4", "USE_SUBNETPOOL"].some((name) => given.has(name));
  if (block === null || chosen || block.family !== 4 || block.prefix < 8 || block.prefix > 30) return;
  const gateway = given.get("NETWORK_GATEWAY")?.value ?? "";
  const small = block.prefix > DEFAULT_SUBNET_SIZE;
  const outside = gateway !== "" && holds(block, gateway) && !holds(firstSubnet(block, DEFAULT_SUBNET_SIZE), gateway);
  if (small || outside) {
    given.set("SUBNETPOOL_SIZE_V4", { value: String(block.prefix), file: rememberedFile, line: null, column: null });
  }
}

/** What a new pool of the range gives out first. */
export function firstSubnet(pool: Block, prefix: number): Block {
  const length = Math.max(prefix, pool.prefix);
  const size = 1n << BigInt((pool.family === 4 ? 32 : 128) - length);
  return { ...pool, prefix: length, last: pool.first + size - 1n, hasHostBits: false };
}

/** Whether the address can be a host's in that subnet: inside, and neither its first address nor its last (IPv4: broadcast). */
export function holds(block: Block, address: string): boolean {
  const value = addressNumber(address);
  return contains(block, address) && value !== null && value > block.first && value < block.last;
}

/** "10.0.0.1 to 10.0.0.62" */
export function hostsText(block: Block): string {
  return `${addressText(block.family, block.first + 1n)} to ${addressText(block.family, block.last - 1n)}`;
}
