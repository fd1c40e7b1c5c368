import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { test } from "node:test";
import { groupedWarnings } from "../../src/bootstrap/grouped-warnings.ts";
import { runSteps, StepFailed } from "../../src/bootstrap/steps.ts";
import { configMistakes, configWarnings } from "../../src/cli/config-messages.ts";
import { planText } from "../../src/cli/plan.ts";
import { jsonProgress, styleFor, terminalProgress, wrapped } from "../../src/cli/terminal.ts";
import { ConfigError } from "../../src/kernel/config/errors.ts";

/** A terminal that keeps what is written. */
function terminal(columns: number | undefined): { stream: NodeJS.WriteStream; lines(): string[] } {
  let text = "";
  const write = (part: string) => {
    text += part;
    return true;
  };
  const stream = { isTTY: columns !== undefined, columns, write };
  const lines = () =>
    text
      .split("\n")
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what terminals are driven with
      .map((line) => line.replaceAll(/\u001b\[[0-9;]*[mK]|\r/g, "").trimEnd())
      .filter((line) => line !== "");
  return { stream: stream as unknown as NodeJS.WriteStream, lines };
}
const step = (name: string, remark: string) => ({ name, plan: "", run: async () => remark });

test("text is broken at spaces to the terminal's width, further lines indented; a pipe gets it whole", () => {
  assert.equal(wrapped("one two three four five six seven", 2, 31), "one two three four five six\n  seven");
  assert.equal(wrapped(`${"word ".repeat(40)}end`, 2, undefined).includes("\n"), false);
  assert.equal(wrapped("first\nsecond", 4, 80), "first\n    second");
  // What has no space (a path, a URL) stays in one piece.
  assert.equal(wrapped(`at ${"x".repeat(60)}`, 0, 40), `at\n${"x".repeat(60)}`);
});

test("one line per step, aligned, never wider than the terminal", async () => {
  for (const columns of [60, 80, 200]) {
    const { stream, lines } = terminal(columns);
    const steps = [step("Short", "done"), step("Write openrc and clouds.yaml", "a remark ".repeat(40))];
    await runSteps(steps, terminalProgress(styleFor(true), stream));
    const shown = lines();
    assert.equal(shown.length, 2);
    for (const line of shown) assert.ok(line.length <= columns, `${line.length} of ${columns}: ${line}`);
    const [first = "", second = ""] = shown;
    assert.equal(first.indexOf("0.0 s"), second.indexOf("0.0 s"));
    assert.ok(second.endsWith("…"));
  }
});

test("where no terminal is, nothing is cut and nothing moves", async () => {
  const { stream, lines } = terminal(undefined);
  const remark = "a remark ".repeat(40).trim();
  await runSteps([step("Short", remark)], terminalProgress(styleFor("auto", stream), stream));
  assert.match(lines()[0] ?? "", new RegExp(`✓ Short +0\\.0 s {2}${remark}$`));
});

test("what may go on beside other steps begins with the first of them, and its own step waits for it", async () => {
  const order: string[] = [];
  const { promise, resolve } = Promise.withResolvers<string>();
  const long = { name: "Long", plan: "", begin: () => void order.push("begun"), run: () => promise };
  const first = {
    name: "First",
    plan: "",
    run: async () => {
      order.push("first");
      setImmediate(() => resolve("made"));
      return undefined;
    },
  };
  const { stream, lines } = terminal(undefined);
  await runSteps([first, long], jsonProgress(stream));
  assert.deepEqual(order, ["begun", "first"]);
  assert.equal(JSON.parse(lines().at(-1) ?? "").remark, "made");
});

test("a failed step ends the run, on the terminal and for machines", async () => {
  const ran: string[] = [];
  const failing = {
    name: "Bad",
    plan: "",
    run: async () => {
      throw new Error("no space left");
    },
  };
  const last = { name: "Never", plan: "", run: async () => void ran.push("Never") as undefined };
  const { stream, lines } = terminal(undefined);
  await assert.rejects(
    runSteps([step("Good", ""), failing, last], jsonProgress(stream)),
    (error) => error instanceof StepFailed && error.step === "Bad",
  );
  assert.deepEqual(ran, []);
  const events = lines().map((line) => JSON.parse(line));
  assert.deepEqual(
    events.map(({ event }) => event),
    ["begin", "end", "begin", "failed"],
  );
  assert.equal(events.at(-1).error, "no space left");
});

test("many taken ports are one warning", () => {
  const warning = (key: string, hint: string) => ({ key, message: key, hint, since: 0 });
  const result = groupedWarnings([
    warning("port-taken:8774", "same"),
    warning("kvm", "x"),
    warning("port-taken:5000", "same"),
  ]);
  assert.deepEqual(
    result.map(({ message, hint }) => `${message} | ${hint}`),
    ["kvm | x", "ports 5000, 8774 are taken by other programs (ss -ltnp names them) | same"],
  );
  assert.equal(groupedWarnings([warning("port-taken:8774", "same")]).length, 1);
});

test("every command explains itself with --help, within 100 columns", () => {
  const tenrec = join(import.meta.dirname, "../../bin/tenrec");
  const help = (...args: string[]) => execFileSync(tenrec, [...args, "--help"], { encoding: "utf8" });
  const overview = help();
  for (const command of [
    "stack",
    "unstack",
    "clean",
    "rejoin",
    "openrc",
    "status",
    "doctor",
    "smoke",
    "logs",
    "explain",
  ]) {
    assert.match(overview, new RegExp(`^  ${command} `, "m"));
    assert.match(help(command), /-c, --config <file>/);
  }
  assert.ok(!overview.includes("stop-guests"), "what only the unit runs is not shown");
});

const about = (line: number | null, message: string, severity: "note" | "warning") =>
  ({ file: "local.conf", line, message, hint: "the reason why, in a few words", severity }) as const;
const plain = styleFor(false);

test("messages about local.conf: a column behind their lines on a terminal, FILE:LINE: for a pipe", () => {
  const list = [about(7, "short", "warning"), about(113, "a long message ".repeat(6).trim(), "note")];
  const shown = configWarnings(list, plain, 60);
  assert.ok(
    shown.split("\n").every((line) => line.length < 60),
    shown,
  );
  assert.deepEqual(shown.split("\n").slice(0, 4), [
    "  !   7  short",
    "         the reason why, in a few words",
    "  · 113  a long message a long message a long message a",
    "         long message a long message a long message",
  ]);
  assert.equal(
    configWarnings([about(7, "short", "warning")], plain, undefined),
    "warning: local.conf:7: short\n    the reason why, in a few words\n",
  );
  assert.equal(configWarnings([about(null, "of the host", "note")], plain, 60).split("\n")[0], "  · of the host");
});

test("mistakes in local.conf name the file once on a terminal", () => {
  const error = new ConfigError([
    { file: "local.conf", line: 3, column: 9, message: "is wrong", hint: "write it right" },
  ]);
  assert.equal(
    configMistakes(error, plain, 80),
    "The configuration has mistakes; nothing was changed.  local.conf\n\n  ✗ 3:9  is wrong\n         write it right",
  );
  assert.match(configMistakes(error, plain, undefined), /^local\.conf:3:9: is wrong$/m);
});

test("a plan has numbers, names and what is done in columns", () => {
  const steps = [
    { name: "First", plan: "make a thing ".repeat(8).trim(), run: async () => undefined },
    { name: "The second", plan: "look", run: async () => undefined },
  ];
  assert.deepEqual(planText(steps, plain, 60).split("\n"), [
    "  1  First       make a thing make a thing make a thing",
    "                 make a thing make a thing make a thing",
    "                 make a thing make a thing",
    "  2  The second  look",
    "",
  ]);
});
