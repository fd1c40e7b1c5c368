import { pythonRepr } from "../../../kernel/http/validation.ts";

/** Values as Python writes them: heat's texts and functions are full of str() and json.dumps(). */

/** str(value) */
export const pythonText = (value: unknown): string => (typeof value === "string" ? value : pythonRepr(value));

/** json.dumps(value): a blank after "," and ":"; characters beyond ASCII escaped unless told. */
export function pythonJson(value: unknown, options: { sorted?: boolean; ascii?: boolean } = {}): string {
  const text = write(value, options.sorted === true);
  if (options.ascii === false) return text;
  return text.replace(/[^\0-\x7f]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function write(value: unknown, sorted: boolean): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return `[${value.map((item) => write(item, sorted)).join(", ")}]`;
  if (typeof value === "object") {
    const keys = Object.keys(value);
    if (sorted) keys.sort();
    const items = keys.map((key) => `${JSON.stringify(key)}: ${write((value as Json)[key], sorted)}`);
    return `{${items.join(", ")}}`;
  }
  return JSON.stringify(value);
}

type Json = Record<string, unknown>;

export const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** int(text), or undefined for what is none. */
export function pythonInt(value: unknown): number | undefined {
  if (typeof value === "number") return Math.trunc(value);
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string" && /^\s*[+-]?\d+(_\d+)*\s*$/.test(value)) return Number(value.replaceAll("_", ""));
  return undefined;
}

const NUMBER = /^\s*[+-]?(\d+(_\d+)*\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;

/** A number, or the text of one; undefined for what is none. */
export function toNumber(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "string" && NUMBER.test(value)) return Number(value.replaceAll("_", ""));
  return undefined;
}

/** Deep equality as Python's ==, where True is 1. */
export function same(one: unknown, other: unknown): boolean {
  const plain = (value: unknown) => (typeof value === "boolean" ? Number(value) : (value ?? null));
  const [a, b] = [plain(one), plain(other)];
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, at) => same(item, b[at]));
  }
  const [keys, others] = [Object.keys(a), Object.keys(b)];
  return (
    keys.length === others.length &&
    keys.every((key) => Object.hasOwn(b, key) && same((a as Json)[key], (b as Json)[key]))
  );
}

/** The name of a value's class in Python: "str". */
export function pythonClass(value: unknown): string {
  if (value === null || value === undefined) return "NoneType";
  if (Array.isArray(value)) return "list";
  if (typeof value === "object") return "dict";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "str";
  return Number.isInteger(value) ? "int" : "float";
}
