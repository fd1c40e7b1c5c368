import type { TestList } from "./lists.ts";
import { classOf, counts, type Outcome, summary } from "./outcomes.ts";

const HEAD = "# Conformance\n\nWhat tempest says of this cloud, as its runner has written it down.\n";

export interface Run {
  lists: readonly TestList[];
  fake: boolean;
  workers: string;
  /** "33.0.0" */
  tempest: string;
  seconds: number;
  outcomes: readonly Outcome[];
}

/** docs/conformance.md with the section of these lists written anew, or added; the others stay. */
export function withRun(page: string, run: Run): string {
  const title = run.lists.map(({ name }) => name).join(", ");
  const sections = page
    .split(/^(?=## )/m)
    .slice(1)
    .map((text) => text.trimEnd());
  const own = `## ${title}\n\n${section(run)}`;
  const at = sections.findIndex((text) => text.startsWith(`## ${title}\n`));
  if (at < 0) sections.push(own);
  else sections[at] = own;
  return `${[HEAD.trimEnd(), ...sections].join("\n\n")}\n`;
}

function section(run: Run): string {
  const { lists, fake, workers, tempest, seconds, outcomes } = run;
  const guests = fake ? "VIRT_DRIVER=fake" : "real guests under emulation, SSH validation on";
  const command = `make conformance LIST=${lists.map(({ name }) => name).join(",")}${fake ? " FAKE=1" : ""}`;
  const line = `${summary(outcomes)}: tempest ${tempest}, ${guests}, ${workers} workers, ${seconds} s. Reproduce with \`${command}\`.`;
  return [line, ...(lists.length === 1 ? [byTest(outcomes)] : [byList(lists, outcomes), failed(outcomes)])]
    .filter((part) => part !== "")
    .join("\n\n");
}

function byTest(outcomes: readonly Outcome[]): string {
  const order = ["success", "fail", "skip"];
  const rows = outcomes
    .toSorted((a, b) => order.indexOf(a.status) - order.indexOf(b.status) || (a.test < b.test ? -1 : 1))
    .map(({ test, status, seconds }) => `| ${test} | ${status} | ${seconds.toFixed(1)} |`);
  return ["| test | result | s |", "| --- | --- | ---: |", ...rows].join("\n");
}

function byList(lists: readonly TestList[], outcomes: readonly Outcome[]): string {
  const rows = lists.map((list) => {
    const { success, fail, skip } = counts(outcomes.filter(({ test }) => list.has(test) || list.has(classOf(test))));
    return `| ${list.name} | ${success} | ${fail} | ${skip} |`;
  });
  return ["| list | passed | failed | skipped |", "| --- | ---: | ---: | ---: |", ...rows].join("\n");
}

function failed(outcomes: readonly Outcome[]): string {
  const classes = Map.groupBy(
    outcomes.filter(({ status }) => status === "fail"),
    ({ test }) => classOf(test),
  );
  if (classes.size === 0) return "";
  const rows = [...classes].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, of]) => `| ${name} | ${of.length} |`);
  return ["| class with failures | tests |", "| --- | ---: |", ...rows].join("\n");
}
