import { addressText, type Block, blockText, contains, overlaps, parseBlock } from "../../kernel/config/addresses.ts";
import type { NetworkFacts } from "../facts.ts";

/** A range that was not free. `movedTo` is null when the user set it, so that it may not be moved. */
export interface RangeCollision {
  variable: string;
  range: string;
  /** The host's route it collides with, and the device that route leads to. */
  route: string;
  interface: string | null;
  movedTo: string | null;
}

export interface RangePlan {
  ranges: Readonly<Record<string, string>>;
  collisions: readonly RangeCollision[];
}

export interface Wish {
  variable: string;
  range: string;
  movable: boolean;
  /** It may be a part of a network that the host is in, where neither the host nor a router that it uses has an address of it. */
  within?: boolean;
}

/** Where free blocks are looked for: the private and link-local space (RFC 1918, RFC 3927) around the wish. */
const SPACES = ["172.16.0.0/12", "10.0.0.0/8", "192.168.0.0/16", "169.254.0.0/16"];

/**
 * Finds ranges that collide with the host's own routes and addresses, and the next free ones instead. What leads to one of
 * `ownInterfaces` (the box's veth) is ours and no collision. Wishes do not get into each other's way either.
 */
export function planRanges(
  network: NetworkFacts,
  wishes: readonly Wish[],
  ownInterfaces: readonly string[],
  alsoTaken: readonly string[] = [],
): RangePlan {
  const own = new Set(ownInterfaces);
  const taken = network.routes
    .filter((route) => !/^(0\.0\.0\.0|::)\/0$/.test(route.destination))
    .filter((route) => route.interface === null || !own.has(route.interface))
    .map(({ destination, gateway, interface: name }) => ({
      block: parseBlock(destination),
      route: destination,
      interface: name,
      isLink: gateway === null,
    }));
  for (const { interface: name, address, prefix } of network.addresses) {
    if (!own.has(name) && name !== "lo") {
      const route = `${address}/${prefix}`;
      taken.push({ block: parseBlock(route), route, interface: name, isLink: true });
    }
  }
  const needed = [
    ...network.addresses.filter((one) => !own.has(one.interface)).map(({ address }) => address),
    ...network.routes.flatMap(({ gateway, interface: name }) =>
      gateway === null || (name !== null && own.has(name)) ? [] : [gateway],
    ),
  ];
  const ranges: Record<string, string> = {};
  const collisions: RangeCollision[] = [];
  const blocksOf = (texts: readonly string[]): Block[] => texts.map(parseBlock).filter((block) => block !== null);
  for (const { variable, range, movable, within = false } of wishes) {
    ranges[variable] = range;
    const wish = parseBlock(range);
    if (wish === null) continue;
    const mayBeWithin = within && !needed.some((address) => contains(wish, address));
    const hit = taken.find(
      ({ block, isLink }) =>
        block !== null && overlaps(block, wish) && !(mayBeWithin && isLink && block.prefix < wish.prefix),
    );
    if (hit === undefined) continue;
    const others = wishes
      .filter((other) => other.variable !== variable)
      .map((other) => ranges[other.variable] ?? other.range);
    const blocked = [
      ...taken.map(({ block }) => block).filter((block) => block !== null),
      ...blocksOf(others),
      ...blocksOf(alsoTaken),
    ];
    const free = movable ? nextFree(wish, blocked) : null;
    const movedTo = free === null ? null : blockText(free);
    if (movedTo !== null) ranges[variable] = movedTo;
    collisions.push({ variable, range, route: hit.route, interface: hit.interface, movedTo });
  }
  return { ranges, collisions };
}

/** The next block of the same size, upwards and then from the start of its space, then in the other private spaces. */
function nextFree(wish: Block, blocked: readonly Block[]): Block | null {
  if (wish.family !== 4) return null;
  const spaces = SPACES.map(parseBlock).filter((space) => space !== null);
  const home = spaces.find((space) => overlaps(space, wish));
  const order =
    home === undefined ? spaces.slice(0, 3) : [home, ...spaces.slice(0, 3).filter((space) => space !== home)];
  const size = wish.last - wish.first + 1n;
  for (const space of order) {
    const start = space === home ? wish.first : space.first;
    const count = (space.last - space.first + 1n) / size;
    for (let step = 0n; step < count && step < 70_000n; step += 1n) {
      const first = space.first + ((start - space.first + step * size) % (count * size));
      const candidate: Block = { ...wish, first, last: first + size - 1n, hasHostBits: false };
      if (!blocked.some((block) => overlaps(block, candidate))) return candidate;
    }
  }
  return null;
}

/** The two ends of the link: first and second host address of its /30. */
export function linkAddresses(range: string): { host: string; box: string; prefix: number } {
  const block = parseBlock(range);
  if (block === null || block.family !== 4 || block.prefix > 30)
    throw new Error(`HOST_LINK_RANGE ${range} must be an IPv4 /30 or larger`);
  return { host: addressText(4, block.first + 1n), box: addressText(4, block.first + 2n), prefix: block.prefix };
}

/** The fewest CIDRs that cover exactly start to end (both IPv4). */
export function cidrsCovering(start: bigint, end: bigint): string[] {
  const result: string[] = [];
  let first = start;
  while (first <= end) {
    let bits = 0n;
    while (bits < 32n && first % (1n << (bits + 1n)) === 0n && first + (1n << (bits + 1n)) - 1n <= end) bits += 1n;
    result.push(`${addressText(4, first)}/${32n - bits}`);
    first += 1n << bits;
  }
  return result;
}
