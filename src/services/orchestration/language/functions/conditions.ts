import { same } from "../../values/python.ts";
import { type FunctionDefinition, OMITTED, resolve, resolveOr, type Scope } from "../calls.ts";
import { Mistake, typeMistake, valueMistake } from "../mistakes.ts";

/** Functions that ask: those of conditions, and `if`. */

const asCondition = (value: unknown, scope: Scope): boolean => {
  const resolved = resolve(value, scope);
  return typeof resolved === "boolean" ? resolved : scope.holds(resolved);
};

export const equals: FunctionDefinition = {
  description: "A function for comparing whether two values are equal.",
  check(args, name) {
    if (Array.isArray(args) && args.length === 2) return;
    throw valueMistake(`Arguments to "${name}" must be of the form: [value_1, value_2]`);
  },
  result(args, scope) {
    const [one, other] = (args as unknown[]).map((value) => resolve(value, scope));
    return same(one, other);
  },
};

/** HOT's takes a condition, CFN's a list of one. */
const negation = (listed: boolean): FunctionDefinition => ({
  description: "A function that acts as a NOT operator on a condition.",
  check(args, name) {
    if (!listed && args === null) throw valueMistake(`Argument to "${name}" must be a condition`);
    if (listed && !(Array.isArray(args) && args.length === 1)) {
      throw valueMistake(`Arguments to "${name}" must be of the form: [condition]`);
    }
  },
  result: (args, scope) => !asCondition(listed ? (args as unknown[])[0] : args, scope),
});

export const not = negation(false);
export const fnNot = negation(true);

const together = (word: string, join: (values: readonly boolean[]) => boolean): FunctionDefinition => ({
  description: `A function that acts as ${word} operator on conditions.`,
  check(args, name) {
    if (!Array.isArray(args)) throw valueMistake(`Arguments to "${name}" must be a list of conditions`);
    if (args.length < 2) throw valueMistake(`The minimum number of condition arguments to "${name}" is 2.`);
  },
  result: (args, scope) => join((args as unknown[]).map((condition) => asCondition(condition, scope))),
});

export const and = together("an AND", (values) => values.every(Boolean));
export const or = together("an OR", (values) => values.some(Boolean));

export const contains: FunctionDefinition = {
  description: "A function for checking whether specific value is in sequence.",
  check(args, name) {
    if (!Array.isArray(args) || args.length === 0) {
      throw typeMistake(`Incorrect arguments to "${name}" should be: "${name}" : [ "value1", [ "value1", "value2"]]`);
    }
    if (args.length !== 2) throw valueMistake(`Arguments to "${name}" must be of the form: [value1, [value1, value2]]`);
  },
  result(args, scope, name) {
    const [value, sequence] = (args as unknown[]).map((part) => resolve(part, scope));
    if (typeof sequence === "string") {
      if (typeof value === "string") return sequence.includes(value);
      throw typeMistake("'in <string>' requires string as left operand");
    }
    if (!Array.isArray(sequence)) throw typeMistake(`Second argument to "${name}" should be a sequence.`);
    return sequence.some((item) => same(item, value));
  },
};

/** `nullable`: the third argument may be left out (2021-04-16). */
function choice(nullable: boolean): FunctionDefinition {
  const parts = (args: unknown, name: string): unknown[] => {
    const count = Array.isArray(args) ? args.length : 0;
    if (count === 3 || (nullable && count === 2)) return args as unknown[];
    throw valueMistake(`Arguments to "${name}" must be of the form: [condition_name, value_if_true, value_if_false]`);
  };
  const chosen = (args: unknown, scope: Scope, name: string): unknown => {
    const [condition, whenTrue, whenFalse = OMITTED] = parts(args, name);
    return asCondition(condition, scope) ? whenTrue : whenFalse;
  };
  return {
    description: "A function to return corresponding value based on condition evaluation.",
    check: (args, name) => void parts(args, name),
    chosen,
    result: (args, scope, name) => resolveOr(chosen(args, scope, name), scope),
  };
}

export const ifElse = choice(false);
export const ifNullable = choice(true);

/** What stands in a condition and may not. */
export const notInConditions: FunctionDefinition = {
  description: "",
  removed: true,
  check(_args, name) {
    throw new Mistake("ValueError", `Invalid function "${name}"`);
  },
  result: () => null,
};
