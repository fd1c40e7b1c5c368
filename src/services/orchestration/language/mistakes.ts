import { ApiError } from "../../../kernel/errors.ts";
import { pythonRepr } from "../../../kernel/http/validation.ts";

/** What is wrong with the arguments of a function, in the words of heat's: which class of Python's errors they are is part of some texts. */
export class Mistake extends Error {
  readonly kind: "ValueError" | "TypeError" | "KeyError";

  constructor(kind: Mistake["kind"], message: string) {
    // As Python's str() has it.
    super(kind === "KeyError" ? pythonRepr(message) : message);
    this.name = "Mistake";
    this.kind = kind;
  }
}

export const valueMistake = (message: string): Mistake => new Mistake("ValueError", message);
export const typeMistake = (message: string): Mistake => new Mistake("TypeError", message);
export const keyMistake = (message: string): Mistake => new Mistake("KeyError", message);

type Step = string | number;

const isIndex = (step: Step): boolean => typeof step === "number" || /^\d+$/.test(step);

/** ["resources", "v", 0] → "resources.v[0]" */
export function pathText(path: readonly Step[]): string {
  let text = "";
  for (const step of path) {
    if (isIndex(step)) text += `[${step}]`;
    else text += text === "" ? step : `.${step}`;
  }
  return text;
}

/** heat's StackValidationFailed: what kind of mistake ("Property error"), where, and which. */
export class ValidationFailed extends ApiError {
  readonly error: string;
  readonly path: readonly Step[];
  readonly reason: string;

  constructor(reason: string, path: readonly Step[] = [], error = "") {
    const where = pathText(path);
    super(400, `${error === "" ? "" : `${error}: `}${where === "" ? "" : `${where}: `}${reason}`, {
      type: "StackValidationFailed",
    });
    this.error = error;
    this.path = path;
    this.reason = reason;
  }

  /** The same from a place further out. */
  below(path: readonly Step[], error = this.error): ValidationFailed {
    return new ValidationFailed(this.reason, [...path, ...this.path], error);
  }
}

export const invalidSchema = (message: string): ApiError => new ApiError(400, message, { type: "InvalidSchemaError" });
export const parameterMissing = (name: string): ApiError =>
  new ApiError(400, `The Parameter (${name}) was not provided.`, { type: "UserParameterMissing" });
export const unknownParameter = (name: string): ApiError =>
  new ApiError(400, `The Parameter (${name}) was not defined in template.`, { type: "UnknownUserParameter" });
export const invalidReference = (resource: string, where: string): ApiError =>
  new ApiError(400, `The specified reference "${resource}" (in ${where}) is incorrect.`, {
    type: "InvalidTemplateReference",
  });
export const invalidAttribute = (resource: string, attribute: string): ApiError =>
  new ApiError(400, `The Referenced Attribute (${resource} ${attribute}) is incorrect.`, {
    type: "InvalidTemplateAttribute",
  });
export const invalidSection = (section: string): ApiError =>
  new ApiError(400, `The template section is invalid: ${section}`, { type: "InvalidTemplateSection" });
export const invalidVersion = (explanation: string): ApiError =>
  new ApiError(400, `The template version is invalid: ${explanation}`, { type: "InvalidTemplateVersion" });
