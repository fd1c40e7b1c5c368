/**
 * Regular expressions that come from clients (nova's name and address filters). JavaScript's own matcher backtracks: a
 * pattern like (a+)+$ would hold up the whole process for minutes. This one walks all possibilities at once
 * (Thompson's construction), so its time is at most text length × program length, whatever the pattern.
 *
 * It knows what MySQL, PostgreSQL and Python have in common: . [ ] [^ ] [[:alpha:]] \d \w \s \b ^ $ ( ) (?: ) | * + ? {m,n}.
 * Not known, and so refused: backreferences and lookaround, which no linear matcher can have.
 */

const MAX_LENGTH = 1_000;
const MAX_PROGRAM = 1_000;

type Matches = (code: number) => boolean;

type Node =
  | { kind: "set"; matches: Matches }
  | { kind: "at"; where: "start" | "end" | "word" | "not-word" }
  | { kind: "all"; parts: Node[] }
  | { kind: "any"; choices: Node[] }
  | { kind: "repeat"; node: Node; min: number; max: number };

type Instruction =
  | { op: "set"; matches: Matches }
  | { op: "at"; where: "start" | "end" | "word" | "not-word" }
  | { op: "split"; one: number; other: number }
  | { op: "jump"; to: number }
  | { op: "found" };

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

class BadPattern extends Error {}

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

function isWord(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
}

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
        if (this.#peek() === "?" && !this.#skip("?:")) throw new BadPattern();
        const inner = this.#choices();
        if (!this.#skip(")")) throw new BadPattern();
        return inner;
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
    const control = { n: "\n", t: "\t", r: "\r", f: "\f" }[character];
    if (control === undefined && /[A-Za-z0-9]/.test(character)) throw new BadPattern();
    return this.#literal(control ?? character);
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
      const character = this.#next();
      if (character === "\\") {
        members.push(this.#escaped(this.#next()));
      } else if (this.#peek() === "-" && this.#text[this.#at + 1] !== "]") {
        this.#next();
        members.push(this.#range(character, this.#next()));
      } else members.push(this.#literal(character));
    }
    this.#next();
    const within: Matches = (code) => members.some((matches) => matches(code));
    // The text is in lower case by now: upper case in classes is met by its lower case.
    const folded: Matches = this.#ignoreCase ? (code) => within(code) || within(upper(code)) : within;
    return negated ? (code) => !folded(code) : folded;
  }

  #range(from: string, to: string): Matches {
    const [low, high] = [from.codePointAt(0) ?? 0, to.codePointAt(0) ?? 0];
    if (high < low || to === "\\") throw new BadPattern();
    return (code) => code >= low && code <= high;
  }
}

const upper = (code: number): number => (code >= 97 && code <= 122 ? code - 32 : code);

function emitAll(node: Node): Instruction[] {
  const program: Instruction[] = [];
  const add = (instruction: Instruction): number => {
    if (program.length >= MAX_PROGRAM) throw new BadPattern();
    return program.push(instruction) - 1;
  };
  const emit = (one: Node): void => {
    switch (one.kind) {
      case "set":
        add({ op: "set", matches: one.matches });
        return;
      case "at":
        add({ op: "at", where: one.where });
        return;
      case "all":
        one.parts.forEach(emit);
        return;
      case "any":
        emitChoices(one.choices);
        return;
      case "repeat":
        emitRepeat(one);
    }
  };
  const emitChoices = (choices: readonly Node[]): void => {
    const ends: { op: "jump"; to: number }[] = [];
    for (const [index, choice] of choices.entries()) {
      if (index === choices.length - 1) emit(choice);
      else {
        const split = { op: "split" as const, one: program.length + 1, other: 0 };
        add(split);
        emit(choice);
        const jump = { op: "jump" as const, to: 0 };
        add(jump);
        ends.push(jump);
        split.other = program.length;
      }
    }
    for (const jump of ends) jump.to = program.length;
  };
  const emitRepeat = ({ node: inner, min, max }: Node & { kind: "repeat" }): void => {
    for (let count = 0; count < min; count += 1) {
      // What is empty adds nothing to the program, so the program's own limit would not end this.
      const before = program.length;
      emit(inner);
      if (program.length === before) return;
    }
    const splits: { op: "split"; one: number; other: number }[] = [];
    if (max === Number.POSITIVE_INFINITY) {
      const start = program.length;
      const split = { op: "split" as const, one: start + 1, other: 0 };
      add(split);
      emit(inner);
      add({ op: "jump", to: start });
      splits.push(split);
    } else {
      for (let count = min; count < max; count += 1) {
        const split = { op: "split" as const, one: program.length + 1, other: 0 };
        add(split);
        emit(inner);
        splits.push(split);
      }
    }
    for (const split of splits) split.other = program.length;
  };
  emit(node);
  add({ op: "found" });
  return program;
}

function run(program: readonly Instruction[], text: string): boolean {
  const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  // Instruction → the last position it was reached at: each is looked at once per position.
  const seen = new Int32Array(program.length).fill(-1);
  let current: number[] = [];
  const stack: number[] = [];
  /** Follows everything that needs no character. True when the end is reached. */
  const follow = (from: number, position: number, into: number[]): boolean => {
    stack.push(from);
    for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
      if (seen[index] === position) continue;
      seen[index] = position;
      const instruction = program[index];
      switch (instruction?.op) {
        case "found":
          stack.length = 0;
          return true;
        case "jump":
          stack.push(instruction.to);
          break;
        case "split":
          stack.push(instruction.other, instruction.one);
          break;
        case "at":
          if (holds(instruction.where, codes, position)) stack.push(index + 1);
          break;
        default:
          into.push(index);
      }
    }
    return false;
  };
  for (let position = 0; position <= codes.length; position += 1) {
    // Found anywhere: a new attempt begins at each position. What is already under way is in `current`, marked as seen.
    if (follow(0, position, current)) return true;
    const code = codes[position];
    if (code === undefined) return false;
    const next: number[] = [];
    for (const index of current) {
      const instruction = program[index];
      if (instruction?.op === "set" && instruction.matches(code) && follow(index + 1, position + 1, next)) return true;
    }
    current = next;
  }
  return false;
}

function holds(where: (Node & { kind: "at" })["where"], codes: readonly number[], position: number): boolean {
  if (where === "start") return position === 0;
  if (where === "end") return position === codes.length;
  const between = isWord(codes[position - 1] ?? 0) !== isWord(codes[position] ?? 0);
  return where === "word" ? between : !between;
}
