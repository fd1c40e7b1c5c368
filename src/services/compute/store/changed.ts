import { type Condition, condition } from "../../../kernel/db/list.ts";

/** What changed between two moments; an infinite one is no bound. */
export const changedWithin = (
  expression: string,
  { since, before }: { since: number; before: number },
): Condition[] => [
  ...(Number.isFinite(since) ? [condition(`${expression} >= ?`, since)] : []),
  ...(Number.isFinite(before) ? [condition(`${expression} <= ?`, before)] : []),
];
