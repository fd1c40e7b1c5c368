import { bareName } from "./lists.ts";

export type Status = "success" | "fail" | "skip";

/** How one test, or what is done before or after a class of them, ended. */
export interface Outcome {
  test: string;
  status: Status;
  seconds: number;
}

/** What is neither of these did not end well: "failure", "error", "inprogress". */
const STATUS: Readonly<Record<string, Status>> = { success: "success", skip: "skip", xfail: "success" };

/** The output of subunit2csv. */
export function parseCsv(csv: string): Outcome[] {
  return csv
    .split("\n")
    .slice(1)
    .flatMap((line) => {
      const cells = /^(?:"([^"]*)"|([^,]*)),([^,]*),([^,]*),([^,\r]*)/.exec(line);
      if (cells === null) return [];
      const [, quoted, bare, status = "", start = "", stop = ""] = cells;
      const seconds = (Date.parse(stop) - Date.parse(start)) / 1000;
      return [{ test: quoted ?? bare ?? "", status: STATUS[status] ?? "fail", seconds }];
    });
}

/**
 * One outcome for each test. tempest tells of a class that it skips, or that cannot be set up, once and by the class's name: that is so of
 * each of its tests. A test of which nothing is told has failed; a class that fails to clean up is a failure more.
 */
export function ofEach(tests: readonly string[], outcomes: readonly Outcome[]): Outcome[] {
  const told = new Map(outcomes.map((outcome) => [bareName(outcome.test), outcome]));
  const each = tests.map(bareName).map((test): Outcome => {
    const own = told.get(test) ?? told.get(`setUpClass (${classOf(test)})`);
    return { test, status: own?.status ?? "fail", seconds: told.has(test) ? (own?.seconds ?? 0) : 0 };
  });
  const uncleaned = outcomes.filter(({ test, status }) => status === "fail" && test.startsWith("tearDownClass ("));
  return [...each, ...uncleaned];
}

/** "tempest.api.network.test_ports.PortsTest" of a test of it, or of what is done before or after it. */
export const classOf = (test: string): string => /\((.+)\)$/.exec(test)?.[1] ?? test.replace(/\.[^.]+$/, "");

/** "85 passed, 0 failed, 3 skipped" */
export function summary(outcomes: readonly Outcome[]): string {
  const { success, fail, skip } = counts(outcomes);
  return `${success} passed, ${fail} failed, ${skip} skipped`;
}

export function counts(outcomes: readonly Outcome[]): Record<Status, number> {
  const of = (status: Status) => outcomes.filter((outcome) => outcome.status === status).length;
  return { success: of("success"), fail: of("fail"), skip: of("skip") };
}
