import { BadPattern, emitAll, isWord, type Matches, type Node, run } from "./pattern-program.ts";

/**
 * Regular expressions that come from clients (nova's name and address filters). JavaScript's own matcher backtracks: a
 * pattern like (a+)+$ would hold up the whole process for minutes. This one walks all possibilities at once
 * (Thompson's construction), so its time is at most text length × program length, whatever the pattern.
 *
 * It knows what MySQL, PostgreSQL and Python have in common: . [ ] [^ ] [[:alpha:]] \d \w \s \b ^ $ ( ) (?: ) | * + ? {m,n},
 * and (?= ) and (?! ): where such a part holds is worked out beforehand for all positions, in one walk from the end of the text.
 * Not known, and so refused: backreferences and looking behind.
 */

const MAX_LENGTH = 1_000;

export interface Pattern {
  /** Is it found anywhere in the text? */
  test(text: string): boolean;
}

/** Null for what is no pattern, is one this matcher does not know, or is too large. */
export function compilePattern(source: string, options: { ignoreCase?: boolean } = {}): Pattern | null {
  const fold = (text: string) => (options.ignoreCase === true ? text.toLowerCase() : text);
  if (source.length > MAX_LENGTH) return null;
  if (!/[\\^$.|?*+()[\]{}]/.test(source)) return { test: (text) => fold(text).includes(fold(source)) };
  try {
    const program = emitAll(new Parser(source, options.ignoreCase === true).parse());
    return { test: (text) => run(program, fold(text)) };
  } catch (error) {
    if (error instanceof BadPattern) return null;
    throw error;
  }
}

const CLASSES: Readonly<Record<string, Matches>> = {
  d: (code) => code >= 48 && code <= 57,
  w: (code) => isWord(code),
  s: (code) => code === 32 || (code >= 9 && code <= 13) || code === 0xa0,
};

const POSIX: Readonly<Record<string, Matches>> = {
  alpha: (code) => (code >= 65 && code <= 90) || (code >= 97 && code <= 122),
  digit: (code) => code >= 48 && code <= 57,
  alnum: (code) => isWord(code) && code !== 95,
  space: (code) => code === 32 || (code >= 9 && code <= 13),
  upper: (code) => code >= 65 && code <= 90,
  lower: (code) => code >= 97 && code <= 122,
  punct: (code) => code > 32 && code < 127 && (!isWord(code) || code === 95),
  xdigit: (code) => (code >= 48 && code <= 57) || (code >= 65 && code <= 70) || (code >= 97 && code <= 102),
};

class Parser {
  readonly #text: readonly string[];
  readonly #ignoreCase: boolean;
  #at = 0;
  #depth = 0;

  constructor(source: string, ignoreCase: boolean) {
    this.#text = [...source];
    this.#ignoreCase = ignoreCase;
  }

  parse(): Node {
    const node = this.#choices();
    if (this.#at < this.#text.length) throw new BadPattern();
    return node;
  }

  #peek(): string | undefined {
    return this.#text[this.#at];
  }

  #next(): string {
    const character = this.#text[this.#at];
    if (character === undefined) throw new BadPattern();
    this.#at += 1;
    return character;
  }

  #skip(text: string): boolean {
    if (this.#text.slice(this.#at, this.#at + text.length).join("") !== text) return false;
    this.#at += text.length;
    return true;
  }

  #choices(): Node {
    this.#depth += 1;
    if (this.#depth > 50) throw new BadPattern();
    const choices = [this.#sequence()];
    while (this.#skip("|")) choices.push(this.#sequence());
    this.#depth -= 1;
    return choices.length === 1 ? (choices[0] as Node) : { kind: "any", choices };
  }

  #sequence(): Node {
    const parts: Node[] = [];
    for (let next = this.#peek(); next !== undefined && next !== "|" && next !== ")"; next = this.#peek()) {
      parts.push(this.#repeated(this.#atom()));
    }
    return { kind: "all", parts };
  }

  #repeated(atom: Node): Node {
    let node = atom;
    for (let times = this.#times(); times !== null; times = this.#times()) {
      // Lazy or not makes no difference to whether something is found.
      this.#skip("?");
      node = { kind: "repeat", node, ...times };
    }
    return node;
  }

  #times(): { min: number; max: number } | null {
    if (this.#skip("*")) return { min: 0, max: Number.POSITIVE_INFINITY };
    if (this.#skip("+")) return { min: 1, max: Number.POSITIVE_INFINITY };
    if (this.#skip("?")) return { min: 0, max: 1 };
    const braces = /^\{(\d{1,3})(?:(,)(\d{1,3})?)?\}/.exec(this.#text.slice(this.#at, this.#at + 12).join(""));
    if (braces === null) return null;
    const [all, least, comma, most] = braces;
    this.#at += all.length;
    const min = Number(least);
    const max = most !== undefined ? Number(most) : comma === undefined ? min : Number.POSITIVE_INFINITY;
    if (max < min) throw new BadPattern();
    return { min, max };
  }

  #atom(): Node {
    const character = this.#next();
    switch (character) {
      case "(": {
        const ahead = this.#skip("?=") ? "=" : this.#skip("?!") ? "!" : null;
        if (this.#peek() === "?" && !this.#skip("?:")) throw new BadPattern();
        const inner = this.#choices();
        if (!this.#skip(")")) throw new BadPattern();
        return ahead === null ? inner : { kind: "ahead", node: inner, negated: ahead === "!" };
      }
      case "[":
        return { kind: "set", matches: this.#set() };
      case ".":
        return { kind: "set", matches: (code) => code !== 10 };
      case "^":
        return { kind: "at", where: "start" };
      case "$":
        return { kind: "at", where: "end" };
      case "*":
      case "+":
      case "?":
        throw new BadPattern();
      case "\\":
        return this.#escape();
      default:
        return { kind: "set", matches: this.#literal(character) };
    }
  }

  #escape(): Node {
    const character = this.#next();
    if (character === "b") return { kind: "at", where: "word" };
    if (character === "B") return { kind: "at", where: "not-word" };
    return { kind: "set", matches: this.#escaped(character) };
  }

  #escaped(character: string): Matches {
    const known = CLASSES[character.toLowerCase()];
    if (known !== undefined) return character === character.toLowerCase() ? known : (code) => !known(code);
    return this.#literal(this.#named(character));
  }

  #literal(character: string): Matches {
    const wanted = (this.#ignoreCase ? character.toLowerCase() : character).codePointAt(0);
    return (code) => code === wanted;
  }

  #set(): Matches {
    const negated = this.#skip("^");
    const members: Matches[] = [];
    for (let first = true; first || this.#peek() !== "]"; first = false) {
      const posix = /^\[:(\w+):\]/.exec(this.#text.slice(this.#at, this.#at + 12).join(""));
      if (posix !== null) {
        const known = Object.hasOwn(POSIX, posix[1] ?? "") ? POSIX[posix[1] ?? ""] : undefined;
        if (known === undefined) throw new BadPattern();
        this.#at += posix[0].length;
        members.push(known);
        continue;
      }
      const from = this.#member();
      if (typeof from !== "string") members.push(from);
      else if (this.#peek() === "-" && this.#text[this.#at + 1] !== "]") {
        this.#next();
        const to = this.#member();
        if (typeof to !== "string") throw new BadPattern();
        members.push(this.#range(from, to));
      } else members.push(this.#literal(from));
    }
    this.#next();
    const within: Matches = (code) => members.some((matches) => matches(code));
    // The text is in lower case by now: upper case in classes is met by its lower case.
    const folded: Matches = this.#ignoreCase ? (code) => within(code) || within(upper(code)) : within;
    return negated ? (code) => !folded(code) : folded;
  }

  /** A character of a set, or a class of them. */
  #member(): string | Matches {
    const character = this.#next();
    if (character !== "\\") return character;
    const escaped = this.#next();
    const known = CLASSES[escaped.toLowerCase()];
    return known === undefined ? this.#named(escaped) : this.#escaped(escaped);
  }

  /** The character that stands behind a backslash. */
  #named(character: string): string {
    const control = { n: "\n", t: "\t", r: "\r", f: "\f" }[character];
    if (control !== undefined) return control;
    const digits = { u: 4, x: 2 }[character];
    if (digits !== undefined) {
      const code = this.#text.slice(this.#at, this.#at + digits).join("");
      if (!/^[0-9a-fA-F]+$/.test(code) || code.length !== digits) throw new BadPattern();
      this.#at += digits;
      return String.fromCodePoint(Number.parseInt(code, 16));
    }
    if (/[A-Za-z0-9]/.test(character)) throw new BadPattern();
    return character;
  }

  #range(from: string, to: string): Matches {
    const [low, high] = [from.codePointAt(0) ?? 0, to.codePointAt(0) ?? 0];
    if (high < low) throw new BadPattern();
    return (code) => code >= low && code <= high;
  }
}

const upper = (code: number): number => (code >= 97 && code <= 122 ? code - 32 : code);
