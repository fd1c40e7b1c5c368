import { createHash, getHashes } from "node:crypto";
import { pythonRepr } from "../../../../kernel/http/validation.ts";
import { isMap, pythonInt, pythonJson, pythonText } from "../../values/python.ts";
import { type FunctionDefinition, resolve } from "../calls.ts";
import { keyMistake, typeMistake, valueMistake } from "../mistakes.ts";
import { isCall } from "./references.ts";

/** Functions that make texts. */

interface ReplaceOptions {
  /** Maps and lists become JSON. */
  json: boolean;
  /** What is not found in the template is refused. */
  strict?: boolean;
  /** So is what has no value. */
  veryStrict?: boolean;
}

const example = (name: string) => `${name}:
              template: This is var1 template var2
              params:
                var1: a
                var2: string`;

/** str_replace and its stricter kin. */
export function replace({ json, strict = false, veryStrict = false }: ReplaceOptions): FunctionDefinition {
  const textOf = (value: unknown, param: string, name: string): string => {
    const empty = () =>
      valueMistake(`${name} has an undefined or empty value for param ${param}, must be a defined non-empty value`);
    if (value === null || value === undefined) {
      if (veryStrict) throw empty();
      return "";
    }
    if (typeof value === "object") {
      if (!json) throw typeMistake(`"${name}" params must be strings or numbers, param ${param} is not valid`);
      if (veryStrict && Object.keys(value).length === 0) throw empty();
      return pythonJson(value, { sorted: true });
    }
    const text = pythonText(value);
    if (veryStrict && text === "") throw empty();
    return text;
  };
  return {
    description: replaceDescription(strict, veryStrict),
    check(args, name) {
      if (!isMap(args)) throw typeMistake(`Arguments to "${name}" must be a map`);
      if (!Object.hasOwn(args, "params") || !Object.hasOwn(args, "template")) {
        throw keyMistake(`"${name}" syntax should be ${example(name)}`);
      }
      if (!isMap(args.params)) throw typeMistake(`"${name}" parameters must be a mapping`);
    },
    result(args, scope, name) {
      const { params, template } = args as { params: unknown; template: unknown };
      const text = resolve(template, scope);
      const mapping = resolve(params, scope);
      if (typeof text !== "string") throw typeMistake(`"${name}" template must be a string`);
      if (!isMap(mapping)) throw typeMistake(`"${name}" params must be a map`);
      const unused = new Set(Object.keys(mapping));
      const made = substitute(
        text,
        longestFirst(Object.keys(mapping)),
        (key) => textOf(mapping[key], key, name),
        unused,
      );
      if (strict && unused.size > 0) {
        const missing = longestFirst([...unused]).join(",");
        throw valueMistake(`The following params were not found in the template: ${missing}`);
      }
      return made;
    },
  };
}

const replaceDescription = (strict: boolean, veryStrict: boolean): string => {
  if (veryStrict)
    return "A function for performing string substitutions. str_replace_vstrict is identical to the str_replace_strict function, only a ValueError is raised if any of the params are None or empty.";
  return strict ? "A function for performing string substitutions." : "A function for performing string substitutions.";
};

/** Of equal length in the order of their letters. */
const longestFirst = (keys: readonly string[]): string[] =>
  [...keys].sort().sort((one, other) => other.length - one.length);

/** One pass: what is put in is not looked at again. */
function substitute(
  text: string,
  keys: readonly string[],
  textFor: (key: string) => string,
  unused: Set<string>,
): string {
  const [key, ...rest] = keys;
  if (key === undefined) return text;
  const value = textFor(key);
  if (key === "") throw valueMistake("empty separator");
  const pieces = text.split(key);
  if (pieces.length > 1) unused.delete(key);
  return pieces.map((piece) => substitute(piece, rest, textFor, unused)).join(value);
}

/** Fn::Replace: [{key: value}, text]. */
export const fnReplace: FunctionDefinition = {
  description: "A function for performing string substitutions.",
  check(args, name) {
    if (Array.isArray(args) && args.length === 2) return;
    throw valueMistake(
      `Incorrect arguments to "${name}" should be: "${name}": [ {"$var1": "foo", "%var2%": "bar"}, "$var1 is %var2%"]`,
    );
  },
  result(args, scope, name) {
    const [params, template] = args as unknown[];
    return replace({ json: false }).result({ params, template }, scope, name);
  },
};

/** list_join of one list of texts. */
export const join: FunctionDefinition = {
  description: "A function for joining strings.",
  check(args, name) {
    const wanted = `Incorrect arguments to "${name}" should be: "${name}" : [ " ", [ "str1", "str2"]]`;
    if (!Array.isArray(args)) throw typeMistake(wanted);
    if (args.length !== 2) throw valueMistake(wanted);
  },
  result(args, scope, name) {
    const [delimiter, strings] = (args as unknown[]).map((part) => resolve(part, scope));
    const items = strings ?? [];
    if (!Array.isArray(items)) throw typeMistake(`"${name}" must operate on a list`);
    if (typeof delimiter !== "string") throw typeMistake(`"${name}" delimiter must be a string`);
    return items
      .map((item) => {
        if (item === null) return "";
        if (typeof item === "string") return item;
        throw typeMistake(`Items to join must be strings not ${pythonRepr(item).slice(0, 200)}`);
      })
      .join(delimiter);
  },
};

/** list_join since 2015-10-15: of several lists; maps and lists in them become JSON. */
export const joinMultiple: FunctionDefinition = {
  description: "A function for joining one or more lists of strings.",
  check(args, name) {
    const wanted = `Incorrect arguments to "${name}" should be: "${name}" : [ " ", [ "str1", "str2"] ...]`;
    if (!Array.isArray(args)) throw typeMistake(wanted);
    if (args.length < 2) throw valueMistake(wanted);
  },
  result(args, scope, name) {
    const [delimiter, ...lists] = (args as unknown[]).map((part) => resolve(part, scope));
    const items = lists.flatMap((list) => {
      if (list === null || list === "" || list === 0 || list === false) return [];
      if (!Array.isArray(list)) throw typeMistake(`"${name}" must operate on a list`);
      return list;
    });
    if (typeof delimiter !== "string") throw typeMistake(`"${name}" delimiter must be a string`);
    return items
      .map((item: unknown) => {
        if (item === null) return "";
        if (typeof item === "string") return item;
        if (typeof item === "object") return pythonJson(item, { sorted: true });
        throw typeMistake(`Items to join must be string, map or list not ${pythonRepr(item).slice(0, 200)}`);
      })
      .join(delimiter);
  },
};

const splitting = (name: string) => `"${name}" : [ ",", "apples,pears", <index>]`;

export const strSplit: FunctionDefinition = {
  description: "A function for splitting delimited strings into a list.",
  check(args, name) {
    if (typeof args !== "string" && !(isMap(args) && !isCall(args))) return;
    throw typeMistake(`Incorrect arguments to "${name}" should be: ${splitting(name)}`);
  },
  result(args, scope, name) {
    const given = resolve(args, scope);
    if (!Array.isArray(given) || given.length < 2) {
      throw valueMistake(`Incorrect arguments to "${name}" should be: ${splitting(name)}`);
    }
    const [delimiter, text, at] = given;
    if (text === null) return null;
    if (typeof text !== "string" || typeof delimiter !== "string") throw typeMistake("must be str or None");
    if (delimiter === "") throw valueMistake("empty separator");
    const parts = text.split(delimiter);
    if (at === undefined || at === null) return parts;
    const index = pythonInt(at);
    if (index === undefined) throw valueMistake(`Incorrect index to "${name}" should be: ${splitting(name)}`);
    const part = parts.at(index);
    if (part !== undefined) return part;
    throw valueMistake(`Incorrect index to "${name}" should be between 0 and ${parts.length - 1}`);
  },
};

/** Fn::Split: [delimiter, text]. */
export const fnSplit: FunctionDefinition = {
  description: "A function for splitting strings.",
  check(args, name) {
    if (Array.isArray(args) && args.length === 2) return;
    throw typeMistake(`Incorrect arguments to "${name}" should be: "${name}" : [ ",", "str1,str2"]`);
  },
  result(args, scope, name) {
    const [delimiter, text] = (args as unknown[]).map((part) => resolve(part, scope));
    if (typeof delimiter !== "string") throw typeMistake(`Delimiter for ${name} must be string`);
    if (typeof text !== "string") throw typeMistake(`String to split must be string; got ${pythonRepr(typeof text)}`);
    return text.split(delimiter);
  },
};

export const digest: FunctionDefinition = {
  description: "A function for performing digest operations.",
  result(args, scope, name) {
    const given = resolve(args, scope);
    if (!Array.isArray(given) || !given.every((item) => typeof item === "string")) {
      throw typeMistake(`Argument to function "${name}" must be a list of strings`);
    }
    if (given.length !== 2) throw valueMistake(`Function "${name}" usage: ["<algorithm>", "<value>"]`);
    const [algorithm, value] = given as [string, string];
    if (!getHashes().includes(algorithm.toLowerCase())) {
      throw valueMistake(`Algorithm must be one of ${pythonRepr(getHashes())}`);
    }
    if (/[^\0-\xff]/.test(value))
      throw valueMistake("'latin-1' codec can't encode characters: ordinal not in range(256)");
    return createHash(algorithm.toLowerCase()).update(value, "latin1").digest("hex");
  },
};

/** Nothing is encoded: the services take texts. */
export const fnBase64: FunctionDefinition = {
  description: "A placeholder function for converting to base64.",
  result(args, scope, name) {
    const text = resolve(args, scope);
    if (typeof text === "string") return text;
    throw typeMistake(`"${name}" must be a string`);
  },
};
