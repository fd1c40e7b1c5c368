import type { Step } from "../bootstrap/steps.ts";
import { wrapped } from "./terminal.ts";

/** --dry-run: the steps that would be taken, as a numbered list or as JSON. */
export function printPlan(steps: readonly Step[], json: boolean): void {
  if (json) {
    const plan = { event: "plan", steps: steps.map(({ name, plan }) => ({ name, plan })) };
    process.stdout.write(`${JSON.stringify(plan)}\n`);
    return;
  }
  const width = String(steps.length).length;
  for (const [index, { name, plan }] of steps.entries()) {
    process.stdout.write(`  ${String(index + 1).padStart(width)}. ${wrapped(`${name}: ${plan}`, width + 4)}\n`);
  }
}
