import type { Graph } from "../language/graph.ts";

/** How many things of one stack are worked on at a time. */
const MOST_AT_ONCE = 50;

/**
 * Works on every name once all that it needs is done. Once one has failed, or the signal says so, no further ones begin; what is under way
 * comes to its end. Errors: the first one's.
 */
export async function inDependencyOrder(
  graph: Graph,
  work: (name: string) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const waiting = new Map(
    [...graph].map(([name, needs]) => [name, new Set([...needs].filter((need) => graph.has(need)))]),
  );
  const dependents = new Map<string, string[]>();
  for (const [name, needs] of waiting)
    for (const need of needs) dependents.set(need, [...(dependents.get(need) ?? []), name]);
  const ready = [...waiting].filter(([, needs]) => needs.size === 0).map(([name]) => name);
  const running = new Set<Promise<void>>();
  let failure: { error: unknown } | null = null;
  const finished = (name: string): void => {
    for (const dependent of dependents.get(name) ?? []) {
      const needs = waiting.get(dependent);
      needs?.delete(name);
      if (needs?.size === 0) ready.push(dependent);
    }
  };
  for (;;) {
    while (failure === null && !signal.aborted && running.size < MOST_AT_ONCE) {
      const name = ready.shift();
      if (name === undefined) break;
      const run: Promise<void> = work(name)
        .then(
          () => finished(name),
          (error: unknown) => {
            failure ??= { error };
          },
        )
        .finally(() => running.delete(run));
      running.add(run);
    }
    if (running.size === 0) break;
    await Promise.race(running);
  }
  if (failure !== null) throw (failure as { error: unknown }).error;
  signal.throwIfAborted();
}
