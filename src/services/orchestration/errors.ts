import { ApiError } from "../../kernel/errors.ts";
import { parseJson, readBody } from "../../kernel/http/body.ts";
import type { Exchange } from "../../kernel/http/exchange.ts";
import { family, REASONS, webobErrors } from "../../kernel/http/families.ts";
import { jsonMistake } from "./values/json-mistake.ts";

const EXPLANATIONS: Readonly<Record<number, string>> = {
  400: "The server could not comply with the request since it is either malformed or otherwise incorrect.",
  403: "Access was denied to this resource.",
  404: "The resource could not be found.",
  405: "The method is not allowed for this resource.",
  409: "There was a conflict when trying to complete your request.",
  413: "The body of your request was too large for this server.",
  500: "The server has either erred or is incapable of performing the requested operation.",
  503: "The server is currently unavailable. Please try again at a later time.",
};

/** Heat's envelope: `{code, title, explanation, error: {type, traceback, message}}`. An error whose message is "" tells none. */
export const orchestrationApi = family({
  stages: { parse: readJson },
  renderError({ status, type: named, message }) {
    const type = named === "PolicyNotAuthorized" ? "Forbidden" : named;
    const error = { message, traceback: null, type };
    return {
      explanation: EXPLANATIONS[status] ?? REASONS[status] ?? "",
      code: status,
      error: message === "" ? { traceback: null, type } : error,
      title: REASONS[status] ?? "Error",
    };
  },
  invalid: ({ message, path }) => badRequest(path.length === 0 ? message : `${path.join(".")}: ${message}`),
  forbidden: (policy) => `You are not authorized to use ${policy}.`,
  unrouted: webobErrors,
  trailingSlash: false,
});

/** Errors: 400 in the words of Python's json. */
async function readJson({ request }: Exchange, limit: number): Promise<unknown> {
  const text = await readBody(request, limit);
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof ApiError && error.type === "MalformedRequestBody") throw badRequest(jsonMistake(text));
    throw error;
  }
}

/** An error of heat/common/exception.py, by its class. */
export const heatError = (type: string, message: string, status = 400): ApiError =>
  new ApiError(status, message, { type });

/** What heat's API finds wrong before its engine is asked. */
export const badRequest = (message: string): ApiError => heatError("HTTPBadRequest", message);
/** An error of Python's own: heat does not tell its words. */
export const valueError = (): ApiError => heatError("ValueError", "");

export const entityNotFound = (entity: string, name: string): ApiError =>
  heatError("EntityNotFound", `The ${entity} (${name}) could not be found.`, 404);
export const resourceNotFound = (name: string, stack: string): ApiError =>
  heatError("ResourceNotFound", `The Resource (${name}) could not be found in Stack ${stack}.`, 404);
export const typeUnavailable = (type: string, client: string, reason: string): ApiError =>
  heatError(
    "ResourceTypeUnavailable",
    `HEAT-E99001 Service ${client} is not available for resource type ${type}, reason: ${reason}`,
  );
export const typeForbidden = (type: string): ApiError =>
  heatError("Forbidden", `You are not authorized to use ${type}.`, 403);
export const notFound = (message: string): ApiError => heatError("NotFound", message, 404);
export const stackExists = (name: string): ApiError =>
  heatError("StackExists", `The Stack (${name}) already exists.`, 409);
export const actionInProgress = (name: string, action: string): ApiError =>
  heatError("ActionInProgress", `Stack ${name} already has an action (${action}) in progress.`, 409);
export const notSupported = (feature: string): ApiError => heatError("NotSupported", `${feature} is not supported.`);
export const requestLimitExceeded = (message: string): ApiError =>
  heatError("RequestLimitExceeded", `Request limit exceeded: ${message}`);
