import type { Step } from "../bootstrap/steps.ts";
import { type Style, wrapped } from "./terminal.ts";

/** --dry-run: the steps that would be taken, as a numbered list or as JSON. */
export function printPlan(steps: readonly Step[], json: boolean, style: Style): void {
  if (json) {
    const plan = { event: "plan", steps: steps.map(({ name, plan }) => ({ name, plan })) };
    process.stdout.write(`${JSON.stringify(plan)}\n`);
    return;
  }
  process.stdout.write(`${planText(steps, style)}\nNothing was changed: this is what would be done.\n`);
}

/** Number, name and what it does, each in a column of its own; further lines of a plan stay in its column. */
export function planText(
  steps: readonly Step[],
  style: Style,
  columns: number | undefined = process.stdout.columns,
): string {
  const digits = String(steps.length).length;
  const width = Math.max(0, ...steps.map(({ name }) => name.length));
  const indent = 2 + digits + 2 + width + 2;
  return steps
    .map(({ name, plan }, index) => {
      const number = style.dim(String(index + 1).padStart(digits));
      return `  ${number}  ${style.bold(name.padEnd(width))}  ${wrapped(plan, indent, columns)}\n`;
    })
    .join("");
}
