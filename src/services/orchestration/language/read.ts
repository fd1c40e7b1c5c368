import { LineCounter, parseDocument, type ScalarTag, type Tags } from "yaml";
import { requestLimitExceeded } from "../errors.ts";
import { isMap } from "../values/python.ts";
import { valueMistake } from "./mistakes.ts";

/** Text → data, as heat reads templates and environments: JSON, else YAML 1.1 in which dates stay text. */

/** How deep a template may be nested; heat's own ends where Python's stack does. */
const MAX_DEPTH = 200;
const MAX_ALIASES = 100;
const VERSIONS = ["HeatTemplateFormatVersion", "heat_template_version", "AWSTemplateFormatVersion"];

export type Data = Record<string, unknown>;

/** Errors: Mistake for what is no mapping or has no version; 400 for one that is too long. */
export function readTemplate(text: string, limit: number, name = "[root stack]"): Data {
  requireSize(text.length, limit);
  const data = readMapping(text, name);
  if (!VERSIONS.some((version) => Object.hasOwn(data, version)))
    throw valueMistake("Template format version not found.");
  return data;
}

/** Errors: 400. */
export function requireSize(length: number, limit: number): void {
  if (length <= limit) return;
  throw requestLimitExceeded(`Template size (${length} bytes) exceeds maximum allowed size (${limit} bytes).`);
}

/** Errors: Mistake. */
export function readMapping(text: string, name = "[root stack]"): Data {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    data = readYaml(text, (said) => `Error parsing template ${name} ${said}`) ?? {};
  }
  if (!isMap(data)) throw valueMistake("The template is not a JSON object or YAML mapping.");
  requireDepth(data);
  return data as Data;
}

/** Errors: Mistake. */
export function readYaml(text: string, explain: (said: string) => string = (said) => said): unknown {
  const lines = new LineCounter();
  const options = { version: "1.1", uniqueKeys: false, merge: true, lineCounter: lines, logLevel: "silent" } as const;
  try {
    const document = parseDocument(text, { ...options, prettyErrors: false, customTags: pyYamlTags });
    const [error] = document.errors;
    if (error !== undefined) throw new Unreadable(error.message, error.pos[0]);
    const data: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    requireDepth(data);
    return data;
  } catch (error) {
    if (error instanceof Unreadable) throw valueMistake(explain(place(text, error, lines)));
    if (error instanceof RangeError || error instanceof ReferenceError) throw valueMistake(explain(error.message));
    throw error;
  }
}

class Unreadable extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** What is wrong and where, in PyYAML's form. */
function place(text: string, { message, at }: Unreadable, lines: LineCounter): string {
  const { line, col } = lines.linePos(at);
  const snippet = (text.split("\n")[line - 1] ?? "").slice(0, 75);
  return `${message}\n  in "<unicode string>", line ${line}, column ${col}:\n    ${snippet}\n    ${" ".repeat(Math.max(0, col - 1))}^`;
}

/** PyYAML's: no timestamps here, and "y" is no boolean. */
const pyYamlTags = (tags: Tags): Tags => {
  const kept = tags.filter((tag) => typeof tag === "string" || tag.tag !== "tag:yaml.org,2002:timestamp");
  return kept.map((tag) => {
    if (typeof tag === "string" || tag.tag !== "tag:yaml.org,2002:bool") return tag;
    const scalar = tag as ScalarTag;
    return { ...scalar, test: scalar.test?.test("true") === true ? YES : NO };
  });
};

const YES = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/;
const NO = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/;

/** Errors: Mistake. */
function requireDepth(data: unknown, left = MAX_DEPTH): void {
  if (typeof data !== "object" || data === null) return;
  if (left === 0) throw valueMistake(`The template is nested deeper than ${MAX_DEPTH} levels.`);
  for (const value of Object.values(data)) requireDepth(value, left - 1);
}
