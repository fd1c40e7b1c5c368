import { type ApiRequest, type Lookup, ofProject, type Touched } from "../../../kernel/http/route.ts";
import { badRequest, heatError } from "../errors.ts";
import { isGuestOf, type StackManager } from "../manager/stacks.ts";
import type { StackRow } from "../store/stacks.ts";

/** Every path begins with the project: the token's, unless an administrator asks. */
export const TENANT = "/v1/:url_tenant_id";

/** Errors: 403. */
export function ownTenant({ param, context: { projectId, isAdmin } }: Lookup): void {
  if (param("url_tenant_id") === projectId || isAdmin) return;
  throw heatError("HTTPForbidden", "Access was denied to this resource.", 403);
}

export const STACK = `${TENANT}/stacks/:stack_name/:stack_id`;

export const stackOf = (stacks: StackManager): Touched<StackRow> =>
  ofProject("stack", ({ context, param }) => stacks.get(context, param("stack_name"), param("stack_id")));

/** For what users of a stack's own resources may do, too. */
export const stackOfGuests = (stacks: StackManager): Touched<StackRow> => ({
  kind: "stack",
  find: ({ context, param }) => stacks.forGuests(context, param("stack_name"), param("stack_id")),
  owner: (stack, context) => ({
    projectId: isGuestOf(context, stack) ? stack.user_project_id : stack.project_id,
  }),
});

/** Errors: 400. */
export function booleanOf(name: string, value: unknown): boolean {
  const text = String(value).toLowerCase();
  if (text === "true" || text === "false") return text === "true";
  throw badRequest(`Unrecognized value "${String(value)}" for "${name}", acceptable values are: true, false.`);
}

/** Errors: 400. */
export function integerOf(name: string, value: unknown): number {
  if (!/^-?\d+$/.test(String(value))) throw badRequest(`Only integer is acceptable by '${name}'.`);
  const number = Number(value);
  if (number >= 0) return number;
  throw badRequest(`Value '${String(value)}' is invalid for '${name}' which only accepts non-negative integer.`);
}

/** A parameter of the query as a flag; what is not there is not set. Errors: 400. */
export const flag = ({ query }: Pick<ApiRequest, "query">, name: string): boolean =>
  query.get(name) ? booleanOf(name, query.get(name)) : false;

/** Of several the last, as webob has it; nothing where it is empty. */
export const last = (query: URLSearchParams, name: string): string | null => query.getAll(name).at(-1) || null;

/** How many things of a list are wanted; null: all. Errors: 400. */
export function limitOf(query: URLSearchParams): number | null {
  const limit = last(query, "limit");
  return limit === null ? null : Math.min(integerOf("limit", limit), Number.MAX_SAFE_INTEGER);
}

/** Errors: 400. */
export function tagsOf(text: string): string[] {
  const tags = text.split(",");
  const long = tags.find((tag) => tag.length > 80);
  if (long === undefined) return tags;
  throw badRequest(`Invalid tag, "${long}" is longer than 80 characters`);
}

/** What webob answers by itself for a request that is taken on: JSON, or text for who asks for nothing. */
export function accepted({ headers }: Pick<ApiRequest, "headers">) {
  const wantsJson = /json/.test(headers.get("accept") ?? "");
  if (wantsJson) {
    const body = {
      message: "The request is accepted for processing.<br /><br />\n\n\n",
      code: "202 Accepted",
      title: "Accepted",
    };
    return { body };
  }
  return {
    raw: "202 Accepted\n\nThe request is accepted for processing.\n\n   ",
    headers: { "content-type": "text/plain; charset=UTF-8" },
  };
}
