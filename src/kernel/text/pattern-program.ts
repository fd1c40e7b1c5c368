/** What patterns are made into, and how it is walked (pattern.ts). */

const MAX_PROGRAM = 1_000;

export class BadPattern extends Error {}

export type Matches = (code: number) => boolean;

export type Node =
  | { kind: "set"; matches: Matches }
  | { kind: "at"; where: "start" | "end" | "word" | "not-word" }
  | { kind: "all"; parts: Node[] }
  | { kind: "any"; choices: Node[] }
  | { kind: "ahead"; node: Node; negated: boolean }
  | { kind: "repeat"; node: Node; min: number; max: number };

type Instruction =
  | { op: "set"; matches: Matches }
  | { op: "at"; where: "start" | "end" | "word" | "not-word" }
  | { op: "split"; one: number; other: number }
  | { op: "jump"; to: number }
  /** Where it holds is a row of `ahead`, by its number. */
  | { op: "ahead"; row: number }
  | { op: "found" };

/** A part to be looked for ahead: a program that walks backwards. */
interface Ahead {
  readonly program: readonly Instruction[];
  readonly negated: boolean;
}

export interface Program {
  readonly instructions: readonly Instruction[];
  /** Those that stand in others come first. */
  readonly aheads: readonly Ahead[];
}

export function isWord(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 95;
}

/** Errors: BadPattern for one that would be too large. */
export function emitAll(node: Node): Program {
  const aheads: Ahead[] = [];
  const room = { left: MAX_PROGRAM };
  return { instructions: emitOne(node, aheads, room, false), aheads };
}

function emitOne(node: Node, aheads: Ahead[], room: { left: number }, backwards: boolean): Instruction[] {
  const program: Instruction[] = [];
  const add = (instruction: Instruction): number => {
    room.left -= 1;
    if (room.left < 0) throw new BadPattern();
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
        (backwards ? one.parts.toReversed() : one.parts).forEach(emit);
        return;
      case "ahead":
        aheads.push({ program: emitOne(one.node, aheads, room, true), negated: one.negated });
        add({ op: "ahead", row: aheads.length - 1 });
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

/** Is it found anywhere in the text? */
export function run({ instructions: program, aheads }: Program, text: string): boolean {
  const codes = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  const rows: Uint8Array[] = [];
  for (const ahead of aheads) rows.push(holdsAt(ahead, codes, rows));
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
        case "ahead":
          if (rows[instruction.row]?.[position] === 1) stack.push(index + 1);
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

/** At which positions what is to come ahead does: a walk from the end, with an attempt begun at each position. */
function holdsAt({ program, negated }: Ahead, codes: readonly number[], rows: readonly Uint8Array[]): Uint8Array {
  const found = new Uint8Array(codes.length + 1);
  const seen = new Int32Array(program.length).fill(-1);
  let current: number[] = [];
  for (let position = codes.length; position >= 0; position -= 1) {
    const stack = [...current, 0];
    const waiting: number[] = [];
    for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
      if (seen[index] === position) continue;
      seen[index] = position;
      const instruction = program[index];
      if (instruction?.op === "found") found[position] = 1;
      else if (instruction?.op === "jump") stack.push(instruction.to);
      else if (instruction?.op === "split") stack.push(instruction.other, instruction.one);
      else if (instruction?.op === "at") {
        if (holds(instruction.where, codes, position)) stack.push(index + 1);
      } else if (instruction?.op === "ahead") {
        if (rows[instruction.row]?.[position] === 1) stack.push(index + 1);
      } else waiting.push(index);
    }
    const code = codes[position - 1];
    if (code === undefined) break;
    current = waiting.flatMap((index) => {
      const instruction = program[index];
      return instruction?.op === "set" && instruction.matches(code) ? [index + 1] : [];
    });
  }
  return negated ? found.map((one) => 1 - one) : found;
}

function holds(where: (Node & { kind: "at" })["where"], codes: readonly number[], position: number): boolean {
  if (where === "start") return position === 0;
  if (where === "end") return position === codes.length;
  const between = isWord(codes[position - 1] ?? 0) !== isWord(codes[position] ?? 0);
  return where === "word" ? between : !between;
}
