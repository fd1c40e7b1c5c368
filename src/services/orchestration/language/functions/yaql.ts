import { isMap } from "../../values/python.ts";
import type { FunctionDefinition } from "../calls.ts";
import { keyMistake, typeMistake, valueMistake } from "../mistakes.ts";

/** Known by its form alone: expressions are not evaluated yet, and say so. */
export const yaql: FunctionDefinition = {
  description: "A function for executing a yaql expression.",
  check(args, name) {
    if (!isMap(args)) throw typeMistake(`Arguments to "${name}" must be a map.`);
    const known = Object.keys(args).every((key) => key === "expression" || key === "data");
    if (known && Object.hasOwn(args, "expression")) return;
    throw keyMistake(`"${name}" syntax should be ${name}:
              expression: $.data.var1.sum()
              data:
                var1: [3, 2, 1]`);
  },
  result(_args, _scope, name) {
    throw valueMistake(`Expressions of "${name}" are not evaluated here.`);
  },
};
