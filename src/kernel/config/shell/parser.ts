// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the strings speak about shell variables
import type { ConfigProblem } from "../errors.ts";
import { parseIf } from "./conditions.ts";
import { placeholderProblem, Scanner, SyntaxProblem } from "./scanner.ts";
import { knownCommands, type Statement, type Word } from "./syntax.ts";

/** Compound commands and the word that closes each; they are refused as a whole, with one error. */
const blocks: Readonly<Record<string, string>> = {
  if: "fi",
  for: "done",
  while: "done",
  until: "done",
  case: "esac",
  select: "done",
};

/**
 * Parses the body of `[[local|localrc]]`. DevStack sources it as bash; here it is data: assignments, `+=`, `export`
 * and the service functions. Everything else is a problem with its place, and parsing goes on behind it.
 * @param firstLine line number of the body's first line in the file
 */
export function parseLocalrc(
  file: string,
  body: string,
  firstLine: number,
): { readonly statements: readonly Statement[]; readonly problems: readonly ConfigProblem[] } {
  const scanner = new Scanner(body, firstLine);
  const statements: Statement[] = [];
  const problems: ConfigProblem[] = [];
  for (;;) {
    scanner.skipBetweenCommands();
    if (scanner.done) return { statements, problems };
    try {
      statements.push(...parseCommand(scanner));
    } catch (cause) {
      if (!(cause instanceof SyntaxProblem)) throw cause;
      problems.push({ file, line: cause.line, column: cause.column, message: cause.message, hint: cause.hint });
      // An unclosed quote has eaten the rest; any other mistake is confined to its line.
      scanner.skipLine();
    }
  }
}

function parseCommand(scanner: Scanner): Statement[] {
  const rest = scanner.restOfLine();
  if (/^if(?=\s)/.test(rest)) return [parseIfWhole(scanner)];
  refuseOtherBash(scanner, rest);
  const statements: Statement[] = [];
  const exporting = /^export(?=\s)/.test(rest);
  if (exporting) {
    takeChars(scanner, "export".length);
    scanner.skipBlanks();
  }
  while (!scanner.atCommandEnd()) {
    const assignment = /^([A-Za-z_]\w*)(\+?=)/.exec(scanner.restOfLine());
    if (assignment === null) {
      if (exporting && /^[A-Za-z_]\w*(?=[\s;]|$)/.test(scanner.restOfLine())) {
        scanner.word();
        scanner.skipBlanks();
        continue;
      }
      return [...statements, parseCall(scanner, statements.length > 0 || exporting)];
    }
    const place = scanner.place;
    takeChars(scanner, assignment[0].length);
    refuseSpaceAfterEquals(scanner, assignment[1] ?? "");
    refusePlaceholder(scanner);
    const items = scanner.peek() === "(" ? parseArray(scanner) : undefined;
    const value = items === undefined ? scanner.word() : (items[0] ?? []);
    const array = items === undefined ? {} : { items };
    const append = assignment[2] === "+=";
    statements.push({ kind: "assign", name: assignment[1] ?? "", append, value, ...array, ...place });
    scanner.skipBlanks();
  }
  return statements;
}

/** `( a b … )`, over lines and with comments, as bash has it. */
function parseArray(scanner: Scanner): Word[] {
  const start = scanner.place;
  const items: Word[] = [];
  scanner.next();
  for (;;) {
    scanner.skipBetweenCommands();
    if (scanner.done) throw new SyntaxProblem(start, "the ( of this array is never closed", "close it with )");
    if (scanner.peek() === ")") break;
    items.push(scanner.word("", ")"));
  }
  scanner.next();
  return items;
}

/** `NAME={your value}`, `NAME=[your value]`: what somebody forgot to fill in. */
function refusePlaceholder(scanner: Scanner): void {
  const text = /^(\{[^{}$"'\n]+\}|\[[^[\]$"'\n]+\])(?=\s*([#;].*)?$)/.exec(scanner.restOfLine())?.[1];
  if (text !== undefined) throw placeholderProblem(scanner.place, text);
}

/** An `if` that cannot be decided, or holds a mistake, is refused as a whole, with one error. */
function parseIfWhole(scanner: Scanner): Statement {
  const start = scanner.mark();
  try {
    return parseIf(scanner, parseCommand);
  } catch (cause) {
    if (cause instanceof SyntaxProblem) {
      scanner.reset(start);
      skipBlock(scanner, "if", "fi");
    }
    throw cause;
  }
}

function parseCall(scanner: Scanner, afterAssignment: boolean): Statement {
  const place = scanner.place;
  const rest = scanner.restOfLine();
  const command = /^[^\s;]+/.exec(rest)?.[0] ?? "";
  if (afterAssignment) {
    throw new SyntaxProblem(
      place,
      `"${command}" follows an assignment; bash would run it as a command`,
      "put quotes around a value that contains spaces",
    );
  }
  if (!knownCommands.includes(command)) {
    throw new SyntaxProblem(
      place,
      `"${command}" is not something local.conf can do`,
      command.includes(",") || scanner.isBehindComma(place)
        ? "a list ends with its line: write it on one, or end the line above with \\"
        : `use NAME=value lines and ${knownCommands.join(", ")}`,
    );
  }
  takeChars(scanner, command.length);
  scanner.skipBlanks();
  const args = [];
  while (!scanner.atCommandEnd()) {
    args.push(scanner.word());
    scanner.skipBlanks();
  }
  return { kind: "call", command, args, ...place };
}

/** `NAME= value` runs `value` in bash, with NAME empty for as long as it runs; nobody means that. */
function refuseSpaceAfterEquals(scanner: Scanner, name: string): void {
  const gap = /^[ \t]+(?![#;\s]|$)/.exec(scanner.restOfLine());
  const next = gap === null ? "" : scanner.restOfLine().slice(gap[0].length);
  if (gap !== null && !/^[A-Za-z_]\w*\+?=/.test(next)) {
    throw new SyntaxProblem(
      scanner.place,
      `space after the = of ${name}: bash would leave ${name} as it was and run what follows as a command`,
      `write ${name}=value without spaces around =`,
    );
  }
}

function refuseOtherBash(scanner: Scanner, rest: string): void {
  const place = scanner.place;
  const spaced = /^([A-Za-z_]\w*)[ \t]+(\+?=)/.exec(rest);
  if (spaced !== null) {
    const name = spaced[1] ?? "";
    throw new SyntaxProblem(
      { ...place, column: place.column + name.length },
      `space before the = of ${name}`,
      `write ${name}${spaced[2] ?? "="}value without spaces around =`,
    );
  }
  const dashed = /^([A-Za-z_0-9][\w.-]*)=/.exec(rest);
  if (dashed !== null && !/^[A-Za-z_]\w*$/.test(dashed[1] ?? "")) {
    throw new SyntaxProblem(place, `"${dashed[1]}" cannot be a variable name`, "names are letters, digits and _");
  }
  const element = /^([A-Za-z_]\w*)\[[^\]]*\]\+?=/.exec(rest);
  if (element !== null) {
    throw new SyntaxProblem(place, "single elements of arrays cannot be set", "write the whole of it: NAME=(a b)");
  }
  const word = /^[A-Za-z_]\w*/.exec(rest)?.[0] ?? "";
  const close = blocks[word];
  if (close !== undefined && /^\w+(?=[\s;]|$)/.test(rest)) {
    skipBlock(scanner, word, close);
    throw new SyntaxProblem(
      place,
      `"${word} … ${close}" is not supported: local.conf is read as data, not run as a script`,
      "write the assignments you want directly; ${VAR:-default} takes a value from the environment",
    );
  }
  if (/^(function\s+\w+|\w+\s*\(\s*\))/.test(rest)) {
    skipFunction(scanner);
    throw new SyntaxProblem(place, "functions are not supported", "write the assignments you want directly");
  }
  if (/^\[/.test(rest)) {
    const ini = /^\[[^\][\s]+\]\s*$/.test(rest);
    throw new SyntaxProblem(
      place,
      ini ? `INI section ${rest.trim()} inside localrc` : "tests ([ … ], [[ … ]]) are not supported",
      ini ? "service options belong under a header such as [[post-config|FILE]]" : "write the assignments you want",
    );
  }
  if (/^(source\s|\.\s)/.test(rest)) {
    throw new SyntaxProblem(place, "other files cannot be sourced", "copy the lines that you need into this file");
  }
}

/** Moves to the end of the line before the one that closes a compound command, so that the caller's skipLine ends behind it. */
function skipBlock(scanner: Scanner, open: string, close: string): void {
  let depth = 0;
  while (!scanner.done) {
    const words = scanner
      .restOfLine()
      .replace(/#.*$/, "")
      .split(/[\s;]+/);
    for (const word of words) {
      if (word === open || (close === "done" && blocks[word] === "done")) depth += 1;
      if (word === close) depth -= 1;
    }
    if (depth <= 0) return;
    scanner.skipLine();
  }
}

function skipFunction(scanner: Scanner): void {
  while (!scanner.done && !/^\s*\}|\{.*\}/.test(scanner.restOfLine())) scanner.skipLine();
}

function takeChars(scanner: Scanner, count: number): void {
  for (let taken = 0; taken < count; taken += 1) scanner.next();
}
