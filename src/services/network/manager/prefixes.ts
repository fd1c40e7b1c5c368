import { addressText, type Block, blockText } from "../../../kernel/config/addresses.ts";
import { blockOf } from "./addresses.ts";

/** Sets of addresses of one family, as netaddr's IPSet keeps them: the fewest blocks, lowest first. */

interface Span {
  first: bigint;
  last: bigint;
}

const bitsOf = (family: 4 | 6): number => (family === 4 ? 32 : 128);

/** Spans in order, without overlaps or neighbours. */
function merged(blocks: readonly Span[]): Span[] {
  const sorted = [...blocks].sort((one, other) => (one.first < other.first ? -1 : one.first > other.first ? 1 : 0));
  const spans: Span[] = [];
  for (const { first, last } of sorted) {
    const before = spans.at(-1);
    if (before === undefined || first > before.last + 1n) spans.push({ first, last });
    else if (last > before.last) before.last = last;
  }
  return spans;
}

function without(spans: readonly Span[], holes: readonly Span[]): Span[] {
  const left: Span[] = [];
  for (const span of spans) {
    let { first } = span;
    for (const hole of holes) {
      if (hole.last < first || hole.first > span.last) continue;
      if (hole.first > first) left.push({ first, last: hole.first - 1n });
      first = hole.last + 1n;
    }
    if (first <= span.last) left.push({ first, last: span.last });
  }
  return left;
}

/** The fewest blocks that make up the span. */
function blocksOf(family: 4 | 6, span: Span): Block[] {
  const bits = bitsOf(family);
  const blocks: Block[] = [];
  for (let { first } = span; first <= span.last; ) {
    let prefix = bits;
    let size = 1n;
    while (prefix > 0 && first % (size * 2n) === 0n && first + size * 2n - 1n <= span.last) {
      size *= 2n;
      prefix -= 1;
    }
    blocks.push({ family, first, last: first + size - 1n, prefix, hasHostBits: false });
    first += size;
  }
  return blocks;
}

const familyOf = (prefixes: readonly string[]): 4 | 6 => (prefixes[0]?.includes(":") ? 6 : 4);

/** Neighbours become one prefix, what lies in another goes. */
export function compacted(prefixes: readonly string[]): string[] {
  const family = familyOf(prefixes);
  return merged(prefixes.map(blockOf)).flatMap((span) => blocksOf(family, span).map(blockText));
}

/** What is left of the prefixes without the others, compacted. */
export function difference(prefixes: readonly string[], others: readonly string[]): Block[] {
  const family = familyOf(prefixes);
  const holes = merged(others.map(blockOf).filter((block) => block.family === family));
  return without(merged(prefixes.map(blockOf)), holes).flatMap((span) => blocksOf(family, span));
}

/** Every address of `inner` is one of `outer`. */
export function isCovered(inner: readonly string[], outer: readonly string[]): boolean {
  return difference(inner, outer).length === 0;
}

/** The first block of this length in the smallest free one that holds it, as neutron's SubnetAllocator picks; null when none does. */
export function firstFree(free: readonly Block[], prefix: number): string | null {
  const [tightest] = free.filter((block) => block.prefix <= prefix).sort((one, other) => other.prefix - one.prefix);
  return tightest === undefined ? null : `${addressText(tightest.family, tightest.first)}/${prefix}`;
}
