import { Graph, layout } from "@dagrejs/dagre";

export const NODE = { width: 196, height: 58 } as const;

/** Which way edges lead: to the right where there is room, down on a phone. */
export type Direction = "LR" | "TB";

export interface Place {
  readonly x: number;
  readonly y: number;
}

/** Where each node goes: in layers, with as few crossings as can be. The same graph always gives the same places. */
export function placesOf(
  nodes: readonly { readonly id: string }[],
  edges: readonly { readonly from: string; readonly to: string }[],
  direction: Direction,
): ReadonlyMap<string, Place> {
  const graph = new Graph({ multigraph: false });
  graph.setGraph({ rankdir: direction, nodesep: 18, ranksep: direction === "LR" ? 90 : 56 });
  graph.setDefaultEdgeLabel(() => ({}));
  const known = new Set(nodes.map(({ id }) => id));
  for (const { id } of nodes) graph.setNode(id, { ...NODE });
  for (const { from, to } of edges) if (known.has(from) && known.has(to)) graph.setEdge(from, to);
  layout(graph);
  return new Map(
    nodes.map(({ id }) => {
      const { x = 0, y = 0 } = graph.node(id);
      return [id, { x: x - NODE.width / 2, y: y - NODE.height / 2 }];
    }),
  );
}
