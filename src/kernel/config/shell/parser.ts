// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the strings speak about shell variables
import type { ConfigProblem } from "../errors.ts";
import { parseIf } from "./conditions.ts";
import { placeholderProblem, Scanner, SyntaxProblem } from "./scanner.ts";
import { knownCommands, type Statement, type Vain, type Word } from "./syntax.ts";

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
 * and the service functions. A line that is no command anywhere has no effect, as in DevStack; everything else is a problem with its
 * place, and parsing goes on behind it.
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
  const vain = parseVain(scanner, rest);
  if (vain !== null) return [vain];
  refuseOtherBash(scanner, rest);
  const statements: Statement[] = [];
  const exporting = /^export(?=\s)/.test(rest);
  if (exporting) {
    takeChars(scanner, "export".length);
    scanner.skipBlanks();
  }
  while (!scanner.atCommandEnd()) {
    // `NAME[0]=` is `NAME=` to whoever reads $NAME.
    const assignment = /^([A-Za-z_]\w*)(?:\[0\])?(\+?=)/.exec(scanner.restOfLine());
    if (assignment === null) {
      const place = scanner.place;
      if (!exporting) return statements.length === 0 ? [parseCall(scanner)] : parseTemporary(scanner, statements);
      statements.push(...parseExported(scanner, statements.at(-1), place));
      continue;
    }
    statements.push(parseAssignment(scanner, assignment[1] ?? "", assignment[0]));
    scanner.skipBlanks();
  }
  return statements;
}

function parseAssignment(scanner: Scanner, name: string, start: string): Statement {
  const place = scanner.place;
  takeChars(scanner, start.length);
  refusePlaceholder(scanner);
  const items = scanner.peek() === "(" ? parseArray(scanner) : undefined;
  const value = items === undefined ? scanner.word() : (items[0] ?? []);
  const array = items === undefined ? {} : { items };
  return { kind: "assign", name, append: start.endsWith("+="), value, ...array, ...place };
}

/**
 * What stands before a command is set for as long as that runs, and nobody means that: `NAME= value`, `NAME=two words`. A function of
 * DevStack's is called all the same.
 */
function parseTemporary(scanner: Scanner, before: readonly Statement[]): Statement[] {
  const command = /^[^\s;]+/.exec(scanner.restOfLine())?.[0] ?? "";
  const vain = before.flatMap((one): Statement[] => {
    if (one.kind !== "assign") return [];
    const { name, line, column } = one;
    return [
      { kind: "nothing", why: one.value.length === 0 ? "space around =" : "words behind a value", name, line, column },
    ];
  });
  if (knownCommands.includes(command)) return [...vain, parseCall(scanner)];
  skipWords(scanner);
  return vain;
}

type Place = { readonly line: number; readonly column: number };

/** `export` of a name marks it; of any other word it complains, and has set what stands before: `export NAME= value`, `export NAME = value`. */
function parseExported(scanner: Scanner, before: Statement | undefined, place: Place): Statement[] {
  const rest = scanner.restOfLine();
  const isEmpty = before?.kind === "assign" && before.value.length === 0 && before.line === place.line;
  const spaced = /^([A-Za-z_]\w*)[ \t]+\+?=/.exec(rest)?.[1] ?? (isEmpty ? before.name : undefined);
  scanner.word();
  scanner.skipBlanks();
  if (spaced !== undefined) {
    skipWords(scanner);
    return [{ kind: "nothing", why: "space around =", name: spaced, ...place }];
  }
  const word = /^[^\s;]+/.exec(rest)?.[0] ?? "";
  if (/^[A-Za-z_]\w*$/.test(word)) return [];
  return [{ kind: "nothing", why: "no name", name: word, ...place }];
}

/** A line that is no command of any machine, and so has no effect in DevStack either; null for any other. */
function parseVain(scanner: Scanner, rest: string): Statement | null {
  const vain = (why: Vain, name: string): Statement => {
    const { place } = scanner;
    skipWords(scanner);
    return { kind: "nothing", why, name, ...place };
  };
  const spaced = /^([A-Za-z_0-9][\w.-]*)[ \t]+\+?=/.exec(rest);
  if (spaced !== null) return vain("space around =", spaced[1] ?? "");
  const named = /^([A-Za-z_0-9][\w.-]*)\+?=/.exec(rest)?.[1] ?? "_";
  if (!/^[A-Za-z_]\w*$/.test(named)) return vain("no name", named);
  const element = /^([A-Za-z_]\w*\[[^\]]*\])\+?=/.exec(rest)?.[1];
  if (element !== undefined && !element.endsWith("[0]")) return vain("element", element);
  const section = /^\[[^\][\s]+\](?=\s*(#.*)?$)/.exec(rest)?.[0];
  if (section !== undefined) return vain("ini section", section);
  const word = /^[^\s;]+/.exec(rest)?.[0] ?? "";
  if (knownCommands.includes(word) || /=/.test(word) || /^(export|if)$/.test(word) || blocks[word] !== undefined)
    return null;
  return word.includes(",") || scanner.isBehindComma(scanner.place)
    ? vain("behind a list", rest.replace(/\s+#.*$/, "").trim())
    : null;
}

/** To the end of a command; of words that bash would do something with, as the scanner complains of them. */
function skipWords(scanner: Scanner): void {
  while (!scanner.atCommandEnd()) {
    scanner.word();
    scanner.skipBlanks();
  }
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

function parseCall(scanner: Scanner): Statement {
  const place = scanner.place;
  const command = /^[^\s;]+/.exec(scanner.restOfLine())?.[0] ?? "";
  if (!knownCommands.includes(command)) {
    throw new SyntaxProblem(
      place,
      `"${command}" is not something local.conf can do`,
      `use NAME=value lines and ${knownCommands.join(", ")}`,
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

function refuseOtherBash(scanner: Scanner, rest: string): void {
  const place = scanner.place;
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
    throw new SyntaxProblem(place, "tests ([ … ], [[ … ]]) are not supported", "write the assignments you want");
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
