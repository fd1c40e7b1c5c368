import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

/** Tests by name or, on lines that begin with "^", by regular expressions; "#" begins a line of words. */
export interface TestList {
  name: string;
  names: ReadonlySet<string>;
  has(id: string): boolean;
}

/** Without the tags in brackets, which change between versions of tempest. */
export const bareName = (id: string): string => id.replace(/\[[^\]]*\]/, "");

/** `name`: of a file in lists/, or a path. */
export function readList(name: string): TestList {
  const path = existsSync(name) ? name : join(import.meta.dirname, "lists", `${name}.txt`);
  return parseList(basename(name, ".txt"), readFileSync(path, "utf8"));
}

export function parseList(name: string, text: string): TestList {
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const patterns = lines.filter((line) => line.startsWith("^")).map((line) => new RegExp(line));
  const names = new Set(lines.filter((line) => !line.startsWith("^")).map(bareName));
  return { name, names, has: (id) => names.has(bareName(id)) || patterns.some((pattern) => pattern.test(id)) };
}
