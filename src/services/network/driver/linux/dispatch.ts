import type { Chain, Rule } from "../../../../host/firewall/rules.ts";
import { type DesiredPortFirewall, tapDevice } from "../driver.ts";

/** The tap that a frame came by, and the one that it leaves by. */
export type Side = "from" | "to";
const SIDES = ["from", "to"] as const;

/** Where the way to the chains of ports begins. */
export const rootChain = (side: Side): string => `tenrec-${side}`;

const branchChain = (side: Side, beginning: string): string => `${rootChain(side)}-${beginning}`;

/** What a port shares with one in 256 others. */
export const beginningOf = ({ portId }: DesiredPortFirewall): string => portId.slice(0, 2);

/**
 * What leads to the chains of ports, in three steps along the names of their taps. So a frame passes some twenty rules however many ports there
 * are, and a port that comes or goes changes one short chain. `beginnings`: those of all ports.
 */
export function branchChains(beginnings: ReadonlySet<string>): Chain[] {
  const byLetter = Map.groupBy([...beginnings].sort(), (beginning) => beginning.slice(0, 1));
  return SIDES.flatMap((side) => [
    { name: rootChain(side), rules: [...byLetter.keys()].map((letter) => branch(side, letter)) },
    ...[...byLetter].map(([letter, longer]) => ({
      name: branchChain(side, letter),
      rules: longer.map((beginning) => branch(side, beginning)),
    })),
  ]);
}

/** The last step for the ports with one beginning; `chainOf` is where it ends. */
export function leafChains(
  beginning: string,
  ports: readonly DesiredPortFirewall[],
  chainOf: (side: Side, portId: string) => string,
): Chain[] {
  const sorted = [...ports].sort((one, other) => (one.portId < other.portId ? -1 : 1));
  return SIDES.map((side) => ({
    name: branchChain(side, beginning),
    rules: sorted.map(({ portId }) => ({
      spec: [...match(side, tapDevice(portId)), "-g", chainOf(side, portId)],
      comment: `port ${portId}`,
    })),
  }));
}

function branch(side: Side, beginning: string): Rule {
  const spec = [...match(side, `${tapDevice(beginning)}+`), "-j", branchChain(side, beginning)];
  return { spec, comment: `ports ${beginning}...` };
}

const match = (side: Side, tap: string): string[] =>
  side === "from"
    ? ["-m", "physdev", "--physdev-in", tap]
    : ["-m", "physdev", "--physdev-out", tap, "--physdev-is-bridged"];
