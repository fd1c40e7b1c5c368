import { ApiError } from "../../../kernel/errors.ts";

/** Which thing needs which: names in the order in which they can be made. */

/** name → names it needs. */
export type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** Every name behind all that it needs; among those that are free, the order of the graph. Errors: 400 for a circle. */
export function inOrder(graph: Graph): string[] {
  const waiting = new Map(
    [...graph].map(([name, needs]) => [name, [...needs].filter((need) => graph.has(need)).length]),
  );
  const dependents = inverse(graph);
  const free = [...graph.keys()].filter((name) => waiting.get(name) === 0);
  const ordered: string[] = [];
  for (let name = free.shift(); name !== undefined; name = free.shift()) {
    ordered.push(name);
    for (const dependent of dependents.get(name) ?? []) {
      const left = (waiting.get(dependent) ?? 0) - 1;
      waiting.set(dependent, left);
      if (left === 0) free.push(dependent);
    }
  }
  if (ordered.length === graph.size) return ordered;
  const circle = [...graph.keys()].filter((name) => !ordered.includes(name));
  throw new ApiError(400, `Circular Dependency Found: ${circleText(graph, new Set(circle))}`, {
    type: "CircularDependencyException",
  });
}

const circleText = (graph: Graph, circle: ReadonlySet<string>): string =>
  [...circle]
    .flatMap((name) =>
      [...(graph.get(name) ?? [])].filter((need) => circle.has(need)).map((need) => `[${need} requires ${name}]`),
    )
    .join(", ");

/** name → names that need it. */
export function inverse(graph: Graph): Map<string, Set<string>> {
  const inverted = new Map<string, Set<string>>([...graph.keys()].map((name) => [name, new Set<string>()]));
  for (const [name, needs] of graph) for (const need of needs) inverted.get(need)?.add(name);
  return inverted;
}
