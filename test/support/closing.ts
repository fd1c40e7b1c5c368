// closing.ts FILE…: the end of a test run, from what tally.ts wrote: failed tests, how long each file took, what was skipped and why, and
// alone on the last line `N passed, N failed, N skipped`. Ends with 1 when a test failed or none ran.
import { existsSync, readFileSync } from "node:fs";
import type { Line } from "./tally.ts";

const LINES_OF_AN_ERROR = 40;

const lines = process.argv
  .slice(2)
  .filter((path) => existsSync(path))
  .flatMap((path) => readFileSync(path, "utf8").split("\n"))
  .filter((text) => text !== "")
  .map((text) => JSON.parse(text) as Line);
const of = <K extends Line["kind"]>(kind: K) =>
  lines.filter((line) => line.kind === kind) as Extract<Line, { kind: K }>[];
const list = (title: string, texts: readonly string[]) => {
  if (texts.length > 0) console.log(`${title}\n${texts.join("\n")}\n`);
};

const indented = (text: string) =>
  text
    .split("\n")
    .slice(0, LINES_OF_AN_ERROR)
    .map((line) => `    ${line}`)
    .join("\n");
list(
  "failed tests:",
  of("failed").map(({ name, at, error }) => `  ${at}\n  ${name}\n${indented(error)}`),
);
list(
  "seconds of each file, the slowest last:",
  of("file")
    .sort((a, b) => a.seconds - b.seconds)
    .map(({ file, seconds }) => `  ${seconds.toFixed(1).padStart(6)}  ${file}`),
);
list(
  "skipped:",
  of("skipped").map(({ name, why }) => `  ${name}: ${why}`),
);

const passed = of("passed").reduce((total, { count }) => total + count, 0);
const [failed, skipped] = [of("failed").length, of("skipped").length];
if (passed + failed === 0) console.log("no test ran");
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
process.exitCode = passed > 0 && failed === 0 ? 0 : 1;
