import { pythonRepr } from "../../../../kernel/http/validation.ts";
import { isMap, pythonClass, pythonInt, pythonJson, same } from "../../values/python.ts";
import { type FunctionDefinition, resolve } from "../calls.ts";
import { keyMistake, typeMistake, valueMistake } from "../mistakes.ts";
import { isCall } from "./references.ts";

/** Functions that make lists and maps. */

export const mapMerge: FunctionDefinition = {
  description: "A function for merging maps.",
  result(args, scope, name) {
    const given = resolve(args, scope);
    if (!Array.isArray(given) && typeof given !== "string") {
      throw typeMistake(
        `Incorrect arguments to "${name}" should be: "${name}" : [ { "key1": "val1" }, { "key2": "val2" } ]`,
      );
    }
    const merged: Record<string, unknown> = {};
    for (const map of given) {
      if (map === null) continue;
      if (!isMap(map)) throw typeMistake("Incorrect arguments: Items to merge must be maps.");
      Object.assign(merged, map);
    }
    return merged;
  },
};

export const mapReplace: FunctionDefinition = {
  description: "A function for performing substitutions on maps.",
  result(args, scope, name) {
    const form = `"${name}" : [ { "key1": "val1" }, {"keys": {"key1": "key2"}, "values": {"val1": "val2"}}]`;
    const wanted = `Incorrect arguments to "${name}" should be: ${form}`;
    const map = (value: unknown): Readonly<Record<string, unknown>> => {
      if (value === null || value === undefined) return {};
      if (isMap(value)) return value;
      throw typeMistake(`Incorrect arguments: to "${name}", arguments must be a list of maps. Example:  ${form}`);
    };
    const given = resolve(args, scope);
    if (!Array.isArray(given) || given.length !== 2) throw typeMistake(wanted);
    const [input, changes] = given.map(map) as [Record<string, unknown>, Record<string, unknown>];
    if (Object.keys(changes).some((key) => key !== "keys" && key !== "values")) throw valueMistake(wanted);
    const [keys, values] = [map(changes.keys), map(changes.values)];
    const made: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(input)) {
      const renamed = Object.hasOwn(keys, key) && keys[key] !== null ? String(keys[key]) : key;
      if (renamed !== key && Object.hasOwn(input, renamed)) {
        throw valueMistake(`key replacement ${renamed} collides with a key in the input map`);
      }
      if (Object.hasOwn(made, renamed)) {
        throw valueMistake(`key replacement ${renamed} collides with a key in the output map`);
      }
      const text = typeof value === "object" ? undefined : String(value);
      made[renamed] = text !== undefined && Object.hasOwn(values, text) ? values[text] : value;
    }
    return made;
  },
};

interface RepeatOptions {
  /** Keys of a map may be gone through, too. */
  maps: boolean;
  /** There is `permutations`. */
  permutations: boolean;
}

export function repeat({ maps, permutations }: RepeatOptions): FunctionDefinition {
  return {
    description: maps
      ? "A function for iterating over a list of items or a dict of keys."
      : "A function for iterating over a list of items.",
    check(args, name) {
      if (!isMap(args)) throw typeMistake(`Arguments to "${name}" must be a map`);
      if (!Object.hasOwn(args, "for_each") || !Object.hasOwn(args, "template")) {
        throw keyMistake(`"repeat" syntax should be repeat:
              template: This is %var%
              for_each:
                %var%: ['a', 'b', 'c']`);
      }
      if (permutations && typeof (args.permutations ?? true) !== "boolean") {
        throw typeMistake(`"permutations" should be boolean type for ${name} function.`);
      }
    },
    validate(args, _scope, name) {
      const { for_each } = args as Record<string, unknown>;
      if (!isMap(for_each)) throw typeMistake(`The "for_each" argument to "${name}" must contain a map`);
    },
    result(args, scope, name) {
      const { for_each, template, permutations: nested = true } = args as Record<string, unknown>;
      const each = resolve(for_each, scope);
      if (!isMap(each)) throw typeMistake(`The "for_each" argument to "${name}" must contain a map`);
      const keys = Object.keys(each);
      const asMaps = maps && nested === true;
      const lists = keys.map((key): unknown[] => {
        const list = each[key];
        if (list === null) return [];
        if (Array.isArray(list)) return list;
        if (asMaps && isMap(list)) return Object.keys(list);
        throw typeMistake(
          `The values of the "for_each" argument to "${name}" must be lists${asMaps ? " or maps" : ""}`,
        );
      });
      const lengths = keys.filter((key) => each[key] !== null).map((_, index) => lists[index]?.length);
      if (permutations && nested === false && new Set(lengths).size > 1) {
        throw valueMistake(`For ${name}, the length of for_each values should be equal if no nested loop.`);
      }
      const body = resolve(template, scope);
      const rounds = permutations && nested === false ? zip(lists) : product(lists);
      if (rounds.length > MOST_REPEATS) throw valueMistake(`"${name}" makes more than ${MOST_REPEATS} items`);
      return rounds.map((values) => fill(body, keys, values));
    },
  };
}

/** Beyond that a template is a mistake, or an attack. */
const MOST_REPEATS = 10_000;

function product(lists: readonly (readonly unknown[])[]): unknown[][] {
  let rounds: unknown[][] = [[]];
  for (const list of lists) {
    if (rounds.length * list.length > MOST_REPEATS)
      throw valueMistake(`"repeat" makes more than ${MOST_REPEATS} items`);
    rounds = rounds.flatMap((round) => list.map((item) => [...round, item]));
  }
  return rounds;
}

const zip = (lists: readonly (readonly unknown[])[]): unknown[][] =>
  Array.from({ length: Math.min(...lists.map(({ length }) => length)) }, (_, at) => lists.map((list) => list[at]));

function fill(template: unknown, keys: readonly string[], values: readonly unknown[]): unknown {
  if (typeof template === "string") {
    let text = template;
    keys.forEach((key, index) => {
      const value = values[index];
      if (typeof value !== "string") {
        throw typeMistake(`replace() argument 2 must be str, not ${pythonClass(value)}`);
      }
      text = text.replaceAll(key, () => value);
    });
    return text;
  }
  if (Array.isArray(template)) return template.map((item) => fill(item, keys, values));
  if (!isMap(template)) return template;
  return Object.fromEntries(
    Object.entries(template).map(([key, value]) => [String(fill(key, keys, values)), fill(value, keys, values)]),
  );
}

export const filter: FunctionDefinition = {
  description: "A function for filtering out values from lists.",
  check(args, name) {
    if (!Array.isArray(args)) throw typeMistake(`Argument to "${name}" must be a list`);
    if (args.length !== 2) {
      throw valueMistake(
        `"${name}" expected 2 arguments of the form [values, sequence] but got ${args.length} arguments instead`,
      );
    }
  },
  result(args, scope, name) {
    const [values, sequence] = (args as unknown[]).map((part) => resolve(part, scope));
    if (isEmpty(sequence)) return sequence;
    if (!Array.isArray(sequence)) throw typeMistake(`"${name}" only works with lists`);
    if (isEmpty(values)) return sequence;
    if (!Array.isArray(values)) throw typeMistake(`"${name}" filters a list of values`);
    return sequence.filter((item) => !values.some((value) => same(value, item)));
  },
};

/** What Python takes for false. */
export const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === "" ||
  value === 0 ||
  value === false ||
  (typeof value === "object" && Object.keys(value).length === 0);

export function listConcat({ unique }: { unique: boolean }): FunctionDefinition {
  return {
    description: unique ? "A function for extending lists with unique items." : "A function for extending lists.",
    result(args, scope, name) {
      const given = resolve(args, scope);
      if (!Array.isArray(given)) {
        throw typeMistake(
          `Incorrect arguments to "${name}" should be: "${name}" : [ [ <value 1>, <value 2> ], [ <value 3>, <value 4> ] ]`,
        );
      }
      const made: unknown[] = [];
      for (const list of given) {
        if (list === null) continue;
        if (!Array.isArray(list)) {
          throw typeMistake(
            `Incorrect arguments: Items to concat must be lists. ${pythonJson(given)} contains an item that is not a list: ${pythonJson(list)}`,
          );
        }
        for (const item of list) if (!unique || !made.some((other) => same(item, other))) made.push(item);
      }
      return made;
    },
  };
}

const URL_PARTS = ["scheme", "username", "password", "host", "port", "path", "query", "fragment"];

export const makeUrl: FunctionDefinition = {
  description: "A function for performing substitutions on maps.",
  validate(args, _scope, name) {
    if (!isMap(args) || isCall(args)) throw typeMistake(`The arguments to "${name}" must be a map`);
    const unknown = Object.keys(args).filter((key) => !URL_PARTS.includes(key));
    if (unknown.length > 0) throw valueMistake(`Invalid arguments to "${name}": ${unknown.join(", ")}`);
    checkUrl(args, name);
  },
  result(args, scope, name) {
    const parts = resolve(args, scope);
    if (!isMap(parts)) throw typeMistake(`The arguments to "${name}" must be a map`);
    checkUrl(parts, name);
    return urlOf(parts as Readonly<Record<string, string>> & { query?: Readonly<Record<string, unknown>> });
  },
};

function checkUrl(args: Readonly<Record<string, unknown>>, name: string): void {
  for (const part of URL_PARTS) {
    const value = args[part];
    if (value === undefined || isCall(value)) continue;
    if (part === "query") {
      if (!isMap(value)) throw typeMistake(`The "${part}" argument to "${name}" must be a map`);
    } else if (part === "port") {
      const port = pythonInt(value);
      if (port === undefined) {
        throw valueMistake(`Invalid URL port "${value}" for ${name} called with ${pythonRepr(args)}`);
      }
      if (port <= 0 || port > 65_535) throw valueMistake(`Invalid URL port ${port}, must be in range 1-65535`);
    } else if (typeof value !== "string") throw typeMistake(`The "${part}" argument to "${name}" must be a string`);
  }
}

/** Python's quote(): what is kept, beside letters, digits and _.-~ */
const quote = (text: string, kept: string): string =>
  [...Buffer.from(text, "utf8")]
    .map((byte) => {
      const char = String.fromCharCode(byte);
      if (/[A-Za-z0-9_.~-]/.test(char) || kept.includes(char)) return char;
      return `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
    })
    .join("");

function urlOf(parts: Readonly<Record<string, string>> & { query?: Readonly<Record<string, unknown>> }): string {
  const {
    scheme = "",
    username = "",
    password = "",
    host = "",
    port = "",
    path = "",
    query = {},
    fragment = "",
  } = parts as Record<string, string>;
  if (scheme.includes(":")) throw valueMistake("URL \"scheme\" should not contain ':'");
  let location = "";
  if (username !== "" || password !== "") {
    location = `${quote(username, "")}${password === "" ? "" : `:${quote(password, "")}`}@`;
  }
  const plain = host.startsWith("[") && host.endsWith("]") ? host.slice(1, -1) : host;
  const quoted = quote(plain, ":");
  location += quoted.includes(":") ? `[${quoted}]` : quoted;
  if (port !== "" && Number(port) !== 0) location += `:${port}`;
  const asked = Object.entries(query)
    .map(([key, value]) => `${plus(key)}=${plus(typeof value === "string" ? value : pythonRepr(value))}`)
    .join("&");
  let rest = quote(path, "/");
  if (location !== "" || scheme === "") {
    if (rest !== "" && !rest.startsWith("/")) rest = `/${rest}`;
    rest = `//${location}${rest}`;
  }
  const end = `${asked === "" ? "" : `?${asked}`}${fragment === "" ? "" : `#${quote(fragment, "/")}`}`;
  return `${scheme === "" ? "" : `${scheme}:`}${rest}${end}`;
}

const plus = (text: string): string => quote(text, " /").replaceAll(" ", "+");

/** Fn::Select: [index, list], or [key, map]. */
export const fnSelect: FunctionDefinition = {
  description: "A function for selecting an item from a list or map.",
  check(args, name) {
    if (Array.isArray(args) && args.length === 2) return;
    throw valueMistake(`Arguments to "${name}" must be of the form [index, collection]`);
  },
  result(args, scope, name) {
    const [index, given] = (args as unknown[]).map((part) => resolve(part, scope));
    let from = given;
    if (typeof from === "string" && from !== "") {
      try {
        from = JSON.parse(from);
      } catch {
        throw valueMistake(`"${name}" can't traverse path: ${from}`);
      }
    }
    if (isEmpty(from)) return "";
    if (isMap(from)) {
      if (typeof index !== "string") throw typeMistake(`Index to "${name}" must be a string`);
      return Object.hasOwn(from, index) ? from[index] : "";
    }
    const at = pythonInt(index);
    if (at === undefined) throw typeMistake(`Index to "${name}" must be an integer`);
    if (!Array.isArray(from)) throw typeMistake(`Arguments to ${name} not fully resolved`);
    return from.at(at) ?? "";
  },
};

/** ["Name", "Value", [".member.0.Name=key", ".member.0.Value=…"]] → {key: …} */
export const memberListToMap: FunctionDefinition = {
  description: "A function to convert lists with enumerated keys and values to mapping.",
  check(args, name) {
    if (Array.isArray(args) && args.length === 3) return;
    throw valueMistake(
      `Incorrect arguments to "${name}" should be: "${name}": ["Name", "Value", [".member.0.Name=key"]]`,
    );
  },
  result(args, scope) {
    const [keyName, valueName, list] = (args as unknown[]).map((part) => resolve(part, scope));
    if (!Array.isArray(list)) throw typeMistake("Member list must be a list");
    const members = new Map<string, { key?: string; value?: string }>();
    for (const item of list) {
      const [, at = "", field = "", value = ""] = /^\.?member\.(\d+)\.([^=]+)=(.*)$/s.exec(String(item)) ?? [];
      const member = members.get(at) ?? {};
      if (field === keyName) member.key = value;
      if (field === valueName) member.value = value;
      members.set(at, member);
    }
    return Object.fromEntries(
      [...members.values()].flatMap(({ key, value }) => (key === undefined ? [] : [[key, value ?? ""]])),
    );
  },
};
