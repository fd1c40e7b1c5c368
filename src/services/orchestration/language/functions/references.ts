import { isMap, pythonInt } from "../../values/python.ts";
import { Call, type FunctionDefinition, type Reference, resolve, type Scope } from "../calls.ts";
import { invalidAttribute, keyMistake, typeMistake, valueMistake } from "../mistakes.ts";

/** Functions that name something else of the stack. */

const RESOLVING_ATTRIBUTES = "A function for resolving resource attributes.";

export const getParam: FunctionDefinition = {
  description: "A function for resolving parameter references.",
  result(args, scope, name) {
    const given = resolve(args, scope);
    if (given === null || given === "" || (Array.isArray(given) && given.length === 0)) {
      throw valueMistake(`Function "${name}" must have arguments`);
    }
    if (typeof given !== "string" && !Array.isArray(given)) {
      throw typeMistake(`Argument to "${name}" must be string or list`);
    }
    const [parameter, ...path] = typeof given === "string" ? [given] : given;
    if (typeof parameter !== "string") throw typeMistake(`Parameter name in "${name}" must be string`);
    return along(scope.parameter(parameter), path, "");
  },
};

/** What a path leads to inside a value; `otherwise` where it leads nowhere. */
export function along(value: unknown, path: readonly unknown[], otherwise: unknown): unknown {
  let found = value;
  for (const step of path) {
    if (Array.isArray(found)) {
      const index = pythonInt(step);
      found = index === undefined ? undefined : found.at(index);
    } else if (isMap(found)) found = Object.hasOwn(found, String(step)) ? found[String(step)] : undefined;
    else return otherwise;
    if (found === undefined) return otherwise;
  }
  return found;
}

const nameOf = (args: unknown, scope: Scope): string => String(resolve(args, scope));

export const getResource: FunctionDefinition = {
  description: "A function for resolving resource references.",
  result: (args, scope) => scope.reference(nameOf(args, scope), "unknown"),
  refers: (args, scope) => [{ resource: nameOf(args, scope), attribute: null }],
};

/** get_attr of 2013-05-23, which selects from the whole attribute; and that of later versions, which hands the path on. */
function attribute(options: { withoutName: boolean }): FunctionDefinition {
  const parts = (args: unknown): { resource: unknown; attribute: unknown; path: unknown } => {
    const [resource, wanted = null, ...path] = args as unknown[];
    return { resource, attribute: wanted, path };
  };
  return {
    description: RESOLVING_ATTRIBUTES,
    check(args, name) {
      const empty = args === null || args === "" || (Array.isArray(args) && args.length === 0);
      if (options.withoutName && empty) {
        throw valueMistake(
          `Arguments to "${name}" can be of the next forms: [resource_name] or [resource_name, attribute, (path), ...]`,
        );
      }
      if (!Array.isArray(args)) throw typeMistake(`Argument to "${name}" must be a list`);
      if (args.length < (options.withoutName ? 1 : 2)) {
        throw valueMistake(`Arguments to "${name}" must be of the form [resource_name, attribute, (path), ...]`);
      }
    },
    validate(args, scope) {
      const { resource, attribute } = parts(args);
      const name = nameOf(resource, scope);
      const known = scope.attributeNames(name, "unknown");
      if (attribute === null || known === null) return;
      const wanted = String(resolve(attribute, scope));
      if (!known.has(wanted)) throw invalidAttribute(name, wanted);
    },
    result(args, scope) {
      const { resource, attribute, path } = parts(args);
      const name = nameOf(resource, scope);
      if (attribute === null) return scope.attribute(name, null, []);
      return scope.attribute(name, String(resolve(attribute, scope)), resolve(path, scope) as unknown[]);
    },
    refers(args, scope): readonly Reference[] {
      const { resource, attribute } = parts(args);
      return [
        { resource: nameOf(resource, scope), attribute: attribute === null ? "" : String(resolve(attribute, scope)) },
      ];
    },
  };
}

export const getAttr = attribute({ withoutName: false });
export const getAttrOrAll = attribute({ withoutName: true });

/** CFN's: [resource, attribute], or "resource.attribute". */
export const fnGetAtt: FunctionDefinition = {
  description: RESOLVING_ATTRIBUTES,
  check(args, name) {
    dotted(args, name);
  },
  validate(args, scope, name) {
    const [resource, wanted] = dotted(args, name);
    const known = scope.attributeNames(nameOf(resource, scope), "unknown");
    const attribute = String(resolve(wanted, scope));
    if (known !== null && !known.has(attribute)) throw invalidAttribute(nameOf(resource, scope), attribute);
  },
  result(args, scope, name) {
    const [resource, wanted] = dotted(args, name);
    return scope.attribute(nameOf(resource, scope), String(resolve(wanted, scope)), []);
  },
  refers(args, scope) {
    const [resource, wanted] = dotted(args, "Fn::GetAtt");
    return [{ resource: nameOf(resource, scope), attribute: String(resolve(wanted, scope)) }];
  },
};

function dotted(args: unknown, name: string): [unknown, unknown] {
  if (typeof args === "string") {
    const dot = args.indexOf(".");
    if (dot > 0) return [args.slice(0, dot), args.slice(dot + 1)];
  } else if (Array.isArray(args) && args.length === 2) return [args[0], args[1]];
  throw valueMistake(`Arguments to "${name}" must be of the form [resource_name, attribute]`);
}

/** A parameter's name, else a resource's. */
export const ref: FunctionDefinition = {
  description: "A function for resolving parameters or resource references.",
  result(args, scope) {
    const name = nameOf(args, scope);
    return isParameter(name, scope) ? scope.parameter(name) : scope.reference(name, "unknown");
  },
  refers(args, scope) {
    const name = nameOf(args, scope);
    return isParameter(name, scope) ? [] : [{ resource: name, attribute: null }];
  },
};

function isParameter(name: string, scope: Scope): boolean {
  try {
    scope.parameter(name);
    return true;
  } catch {
    return false;
  }
}

/** Ref in conditions: parameters alone. */
export const paramRef: FunctionDefinition = {
  description: "A function for resolving parameters.",
  result: (args, scope) => scope.parameter(nameOf(args, scope)),
};

export const getFile: FunctionDefinition = {
  description: "A function for including a file inline.",
  result(args, scope, name) {
    const key = resolve(args, scope);
    if (typeof key !== "string") throw typeMistake(`Argument to "${name}" must be a string`);
    const file = scope.file(key);
    if (file !== undefined && file !== null) return file;
    throw valueMistake(`No content found in the "files" section for ${name} path: ${key}`);
  },
};

const FACADE: Readonly<Record<string, "metadata" | "deletion_policy" | "update_policy">> = {
  metadata: "metadata",
  deletion_policy: "deletion_policy",
  update_policy: "update_policy",
};
const CFN_FACADE: typeof FACADE = {
  Metadata: "metadata",
  DeletionPolicy: "deletion_policy",
  UpdatePolicy: "update_policy",
};

function facade(words: typeof FACADE): FunctionDefinition {
  return {
    description: "A function for retrieving data in a parent provider template.",
    check(args, name) {
      if (typeof args === "string" && Object.hasOwn(words, args)) return;
      throw valueMistake(`Incorrect arguments to "${name}" should be one of: ${Object.keys(words).join(", ")}`);
    },
    result: (args, scope) => scope.facade(words[args as string] ?? "metadata"),
  };
}

export const resourceFacade = facade(FACADE);
export const fnResourceFacade = facade(CFN_FACADE);

export const findInMap: FunctionDefinition = {
  description: "A function for resolving keys in the template mappings.",
  check(args, name) {
    if (Array.isArray(args) && args.length === 3) return;
    throw keyMistake(`Arguments to "${name}" must be of the form [mapping, key, value]`);
  },
  result(args, scope) {
    const [mapping, first, second] = (args as unknown[]).map((part) => resolve(part, scope));
    return scope.mapping(mapping, first, second);
  },
};

export const getAZs: FunctionDefinition = {
  description: "A function for retrieving the availability zones.",
  result: (_args, scope) => [...scope.availabilityZones()],
};

/** Whether it is written as a function, not as the value itself. */
export const isCall = (value: unknown): value is Call => value instanceof Call;
