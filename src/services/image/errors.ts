import { ApiError } from "../../kernel/errors.ts";
import { bareAnswer, family, webobErrors } from "../../kernel/http/families.ts";
import type { JsonSchema } from "../../kernel/http/route.ts";
import { pythonRepr } from "../../kernel/http/validation.ts";

/** Glance's errors are webob's, whose answers without a body say that they are HTML. */
export const imageApi = family({
  ...webobErrors,
  trailingSlash: false,
  emptyContentType: bareAnswer.headers["content-type"],
  forbidden: (policy) => `You are not authorized to complete ${policy} action.`,
  invalid: ({ message }, _where, schema) => schemaMismatch(nameOf(schema), message),
});

const nameOf = (schema: JsonSchema): string => (typeof schema === "object" ? String(schema.name) : "image");

export const schemaMismatch = (schema: string, reason: string): ApiError =>
  new ApiError(400, `Provided object does not match schema '${schema}': ${reason}`);

export const invalidEnum = (value: unknown, allowed: readonly unknown[]): string =>
  `${pythonRepr(value)} is not one of ${pythonRepr(allowed)}`;

export const imageNotFound = (id: string): ApiError => new ApiError(404, `No image found with ID ${id}`);
export const readOnly = (name: string): ApiError => new ApiError(403, `Attribute '${name}' is read-only.`);
export const reserved = (name: string): ApiError => new ApiError(403, `Attribute '${name}' is reserved.`);
/** webob's own explanation, and the cause as its detail: how glance says some of its refusals. */
export const denied = (detail: string): ApiError =>
  new ApiError(403, "Access was denied to this resource.", { detail });
export const conflicting = (detail: string): ApiError =>
  new ApiError(409, "There was a conflict when trying to complete your request.", { detail });

/** What a format check of uploaded bytes has against them; glance's HTTPUnsupportedMediaType. */
export const invalidImageData = (detail: string): ApiError =>
  new ApiError(415, "The request media type application/octet-stream is not supported by this server.", { detail });

export const overLimit = (what: string, attempted: number, maximum: number): ApiError =>
  new ApiError(
    413,
    `The limit has been exceeded on the number of allowed image ${what}. Attempted: ${attempted}, Maximum: ${maximum}`,
  );
