// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the strings speak about shell variables
import type { Word, WordPart } from "./syntax.ts";

/** Thrown inside the shell parser, caught per statement so that later mistakes are found too. */
export class SyntaxProblem extends Error {
  readonly line: number;
  readonly column: number;
  readonly hint: string;

  constructor(at: { readonly line: number; readonly column: number }, message: string, hint: string) {
    super(message);
    this.line = at.line;
    this.column = at.column;
    this.hint = hint;
  }
}

const nameStart = /[A-Za-z_]/;
const nameRest = /[A-Za-z0-9_]/;
const quoteHint = "put the whole value in single quotes if the character belongs to it";

/** Reads characters and words of one localrc body, keeping line and column. */
export class Scanner {
  readonly #text: string;
  #position = 0;
  readonly #firstLine: number;
  #line: number;
  #lineStart = 0;

  constructor(text: string, firstLine: number) {
    this.#text = text;
    this.#firstLine = firstLine;
    this.#line = firstLine;
  }

  get place(): { readonly line: number; readonly column: number } {
    return { line: this.#line, column: this.#position - this.#lineStart + 1 };
  }

  get done(): boolean {
    return this.#position >= this.#text.length;
  }

  peek(ahead = 0): string {
    return this.#text[this.#position + ahead] ?? "";
  }

  /** The rest of the line that the scanner stands on. */
  restOfLine(): string {
    const end = this.#text.indexOf("\n", this.#position);
    return this.#text.slice(this.#position, end === -1 ? this.#text.length : end);
  }

  next(): string {
    const char = this.peek();
    this.#position += 1;
    if (char === "\n") {
      this.#line += 1;
      this.#lineStart = this.#position;
    }
    return char;
  }

  /** Whether the last line above a place that says something ends with a comma: a list goes on there, as its writer thought. */
  isBehindComma({ line }: { readonly line: number }): boolean {
    const above = this.#text.split("\n").slice(0, line - this.#firstLine);
    return (
      above
        .findLast((one) => /^\s*[^\s#]/.test(one))
        ?.trimEnd()
        .endsWith(",") === true
    );
  }

  skipLine(): void {
    while (!this.done && this.next() !== "\n");
  }

  /** Blanks and line continuations. */
  skipBlanks(): void {
    for (;;) {
      if (this.peek() === " " || this.peek() === "\t" || this.peek() === "\r") this.next();
      else if (this.peek() === "\\" && this.peek(1) === "\n") {
        this.next();
        this.next();
      } else return;
    }
  }

  /** Blanks, newlines, `;` and comments: what may stand between two commands. */
  skipBetweenCommands(): void {
    for (;;) {
      this.skipBlanks();
      if (this.peek() === "#") this.skipLine();
      else if (this.peek() === "\n" || this.peek() === ";") this.next();
      else return;
    }
  }

  atCommandEnd(): boolean {
    const char = this.peek();
    return char === "" || char === "\n" || char === ";" || char === "#";
  }

  /** What `reset` takes to stand here again. */
  mark(): readonly [position: number, line: number, lineStart: number] {
    return [this.#position, this.#line, this.#lineStart];
  }

  reset(mark: readonly [position: number, line: number, lineStart: number]): void {
    [this.#position, this.#line, this.#lineStart] = mark;
  }

  /**
   * A word up to a blank, newline or `;` (bash's rules of quoting). With `stop` only that ends it: `}` inside `${A:-…}`.
   * `orAt` ends it too: `)` in an array.
   */
  word(stop = "", orAt = ""): Word {
    const parts: WordPart[] = [];
    if (this.peek() === "~" && /^(~)(?=[/\s;]|$)/.test(this.restOfLine())) {
      parts.push({ kind: "variable", name: "HOME", fallback: null, whenEmpty: false, ...this.place });
      this.next();
    }
    while (!this.done) {
      const char = this.peek();
      if (char === stop || char === orAt || (stop === "" && /[\s;]/.test(char))) break;
      if (char === "\\") this.#escape(parts);
      else if (char === "'") parts.push({ kind: "text", text: this.#singleQuoted() });
      else if (char === '"') this.#doubleQuoted(parts);
      else if (char === "$" || char === "`") parts.push(this.#dollar(false));
      else if (stop === "" && "&|<>()".includes(char)) {
        const placeholder = /^<+[^<>\n]+>+/.exec(this.restOfLine())?.[0];
        if (placeholder !== undefined) throw placeholderProblem(this.place, placeholder);
        throw new SyntaxProblem(this.place, `unquoted "${char}" in a value`, quoteHint);
      } else parts.push({ kind: "text", text: this.next() });
    }
    return parts;
  }

  #escape(parts: WordPart[]): void {
    this.next();
    const char = this.done ? "\\" : this.next();
    if (char !== "\n") parts.push({ kind: "text", text: char });
  }

  #singleQuoted(): string {
    const start = this.place;
    this.next();
    let text = "";
    while (this.peek() !== "'") {
      if (this.done) throw unclosed(start, "'");
      text += this.next();
    }
    this.next();
    return text;
  }

  #doubleQuoted(parts: WordPart[]): void {
    const start = this.place;
    this.next();
    parts.push({ kind: "text", text: "" });
    while (this.peek() !== '"') {
      if (this.done) throw unclosed(start, '"');
      const char = this.peek();
      if (char === "\\") {
        this.next();
        const escaped = this.next();
        if (escaped === "\n") continue;
        // Inside double quotes bash takes the backslash away only before these.
        parts.push({ kind: "text", text: '$`"\\'.includes(escaped) ? escaped : `\\${escaped}` });
      } else if (char === "$" || char === "`") parts.push(this.#dollar(true));
      else parts.push({ kind: "text", text: this.next() });
    }
    this.next();
  }

  #dollar(quoted: boolean): WordPart {
    const place = this.place;
    const char = this.next();
    if (char === "`") return this.#backquoted(place);
    if (this.peek() === "(") return this.#substitution(place);
    if (this.peek() === "{") return this.#braced(place);
    if (!quoted && (this.peek() === "'" || this.peek() === '"')) {
      throw new SyntaxProblem(place, `$${this.peek()}…${this.peek()} quoting is not supported`, "use plain quotes");
    }
    if (/[0-9?$!@*#]/.test(this.peek())) {
      throw new SyntaxProblem(
        place,
        `special parameter $${this.peek()} has no meaning in local.conf`,
        "put the value in single quotes if the dollar sign belongs to it",
      );
    }
    if (!nameStart.test(this.peek())) return { kind: "text", text: "$" };
    return { kind: "variable", name: this.#name(), fallback: null, whenEmpty: false, ...place };
  }

  /** `$( … )` up to its own bracket; quotes inside hide brackets. */
  #substitution(place: { readonly line: number; readonly column: number }): WordPart {
    let text = "$";
    let depth = 0;
    let quote = "";
    while (!this.done) {
      const char = this.next();
      text += char;
      if (char === "\\" && quote !== "'") text += this.next();
      else if (quote !== "") quote = char === quote ? "" : quote;
      else if (char === "'" || char === '"') quote = char;
      else if (char === "(") depth += 1;
      else if (char === ")" && --depth === 0) return { kind: "command", text };
    }
    throw new SyntaxProblem(place, "$( without its )", "write the resulting value itself: nothing is run");
  }

  #backquoted(place: { readonly line: number; readonly column: number }): WordPart {
    let text = "`";
    while (!this.done) {
      const char = this.next();
      text += char;
      if (char === "\\") text += this.next();
      else if (char === "`") return { kind: "command", text };
    }
    throw new SyntaxProblem(place, "` without its second `", quoteHint);
  }

  /** A whole text as bash takes what stands between double quotes; those inside it only end and begin such a part. */
  expandable(): Word {
    const parts: WordPart[] = [];
    while (!this.done) {
      const char = this.peek();
      if (char === "\\" && '$`"'.includes(this.peek(1)) && this.peek(1) !== "") {
        this.next();
        parts.push({ kind: "text", text: this.next() });
      } else if (char === '"') this.next();
      else if ((char === "$" && /[A-Za-z_{(]/.test(this.peek(1))) || char === "`") parts.push(this.#dollar(true));
      else parts.push({ kind: "text", text: this.next() });
    }
    return parts;
  }

  #braced(place: { readonly line: number; readonly column: number }): WordPart {
    this.next();
    const name = this.#name();
    if (name !== "" && this.peek() === "}") {
      this.next();
      return { kind: "variable", name, fallback: null, whenEmpty: false, ...place };
    }
    const whenEmpty = this.peek() === ":";
    if (whenEmpty) this.next();
    if (name === "" || this.peek() !== "-") {
      throw new SyntaxProblem(
        place,
        this.done || this.peek() === "\n" ? "${ without its }" : "this form of ${…} is not supported",
        "use $VAR, ${VAR} or ${VAR:-default}",
      );
    }
    this.next();
    const fallback = this.word("}");
    if (this.done) throw new SyntaxProblem(place, "${ without its }", "close it with }");
    this.next();
    return { kind: "variable", name, fallback, whenEmpty, ...place };
  }

  #name(): string {
    let name = "";
    while (nameRest.test(this.peek())) name += this.next();
    return name;
  }
}

export function placeholderProblem(
  at: { readonly line: number; readonly column: number },
  text: string,
): SyntaxProblem {
  return new SyntaxProblem(at, `${text} is still a placeholder`, "write your own value in its place");
}

function unclosed(at: { readonly line: number; readonly column: number }, quote: string): SyntaxProblem {
  return new SyntaxProblem(
    at,
    `the quote ${quote} that opens here is never closed`,
    quote === "'"
      ? "close it with '; an apostrophe inside a value needs double quotes around it"
      : 'close it with "; write \\" for a double quote inside',
  );
}
