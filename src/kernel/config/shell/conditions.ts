import { type Scanner, SyntaxProblem } from "./scanner.ts";
import type { Branch, Statement, Test, Word } from "./syntax.ts";

/**
 * `if [ A = B ]; then … elif … else … fi`, where every test compares texts: such a block can be decided without running
 * anything. The scanner stands on `if`.
 * @throws SyntaxProblem for any other test, and what `parseCommand` throws
 */
export function parseIf(scanner: Scanner, parseCommand: (scanner: Scanner) => readonly Statement[]): Statement {
  const place = scanner.place;
  const branches: Branch[] = [];
  for (;;) {
    const keyword = takeKeyword(scanner);
    if (keyword === "fi") return { kind: "if", branches, ...place };
    const test = keyword === "else" ? null : parseTest(scanner, place);
    if (test !== null) {
      scanner.skipBetweenCommands();
      if (takeKeyword(scanner) !== "then") throw notData(place);
    }
    branches.push({ test, body: parseBody(scanner, place, parseCommand) });
  }
}

const notData = (place: { readonly line: number; readonly column: number }): SyntaxProblem =>
  new SyntaxProblem(
    place,
    '"if … fi" is not supported: local.conf is read as data, not run as a script',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: speaks about a shell variable
    "only tests such as [ $A = b ] and is_service_enabled are understood; write the assignments you want directly, or ${VAR:-default} to take a value from the environment",
  );

const KEYWORD = /^(if|then|elif|else|fi)(?=[\s;]|$)/;

function takeKeyword(scanner: Scanner): string {
  const word = KEYWORD.exec(scanner.restOfLine())?.[1] ?? "";
  for (let taken = 0; taken < word.length; taken += 1) scanner.next();
  return word;
}

function parseBody(
  scanner: Scanner,
  place: { readonly line: number; readonly column: number },
  parseCommand: (scanner: Scanner) => readonly Statement[],
): readonly Statement[] {
  const statements: Statement[] = [];
  for (;;) {
    scanner.skipBetweenCommands();
    if (scanner.done) throw notData(place);
    if (KEYWORD.test(scanner.restOfLine()) && !/^if\b/.test(scanner.restOfLine())) return statements;
    statements.push(...parseCommand(scanner));
  }
}

function parseTest(scanner: Scanner, place: { readonly line: number; readonly column: number }): Test {
  scanner.skipBlanks();
  const asked = /^is_service_enabled(?=\s)/.exec(scanner.restOfLine())?.[0];
  if (asked !== undefined) return { operator: "enabled", names: wordsBehind(scanner, asked) };
  const open = /^\[\[?(?=\s)/.exec(scanner.restOfLine())?.[0];
  if (open === undefined) throw notData(place);
  for (let taken = 0; taken < open.length; taken += 1) scanner.next();
  const words: Word[] = [];
  for (;;) {
    scanner.skipBlanks();
    if (scanner.atCommandEnd()) throw notData(place);
    const word = scanner.word();
    if (plain(word) === (open === "[" ? "]" : "]]")) break;
    words.push(word);
  }
  const [first, second, third] = words;
  if (first !== undefined && second !== undefined && third !== undefined && words.length === 3) {
    const operator = plain(second);
    if (operator === "=" || operator === "==") return { operator: "=", left: first, right: third };
    if (operator === "!=") return { operator: "!=", left: first, right: third };
  }
  if (first !== undefined && second !== undefined && words.length === 2) {
    const operator = plain(first);
    if (operator === "-z" || operator === "-n") return { operator, left: second, right: [] };
  }
  throw notData(place);
}

function wordsBehind(scanner: Scanner, command: string): Word[] {
  for (let taken = 0; taken < command.length; taken += 1) scanner.next();
  const words: Word[] = [];
  scanner.skipBlanks();
  while (!scanner.atCommandEnd()) {
    words.push(scanner.word());
    scanner.skipBlanks();
  }
  return words;
}

/** The text of a word without variables; null for any other. */
function plain(word: Word): string | null {
  return word.every((part) => part.kind === "text")
    ? word.map((part) => (part.kind === "text" ? part.text : "")).join("")
    : null;
}
