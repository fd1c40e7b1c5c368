import { ApiError, badRequest, conflict, forbidden, notFound, unauthorized } from "../../kernel/errors.ts";
import { family, identityEnvelope } from "../../kernel/http/families.ts";
import type { SchemaIssue } from "../../kernel/http/route.ts";

/** keystone's words for a body that its schema refuses: paths begin inside the resource ("name", not "user/name"). */
function invalid(issue: SchemaIssue): ApiError {
  const inner = issue.path.slice(1);
  const message = withoutSecret(issue);
  return badRequest(inner.length === 0 ? message : `Invalid input for field '${inner.join("/")}': ${message}`);
}

const SECRETS: ReadonlySet<unknown> = new Set(["password", "original_password", "secret", "blob", "adminPass"]);

/** "'…' is too long" without the value where that is a secret: clients write errors into their logs. */
function withoutSecret({ path, message }: SchemaIssue): string {
  if (!SECRETS.has(path.at(-1))) return message;
  const said = / (is (?:too (?:long|short)|not of type .*)|does not match .*)$/s.exec(message)?.[1];
  return `'***' ${said ?? "is not valid"}`;
}

/** How keystone speaks: no microversions, `{"error": {"code", "message", "title"}}`. */
export const identityApi = family({
  renderError: identityEnvelope,
  headers: { vary: "X-Auth-Token" },
  invalid,
  forbidden: (policy) => `You are not authorized to perform the requested action: ${policy}.`,
});

/** `what` as keystone names it: "user", "project", "role", … */
export const missing = (what: string, id: string) => notFound(`Could not find ${what}: ${id}.`);

/** The one answer to every failed login, whatever failed. */
export const loginFailed = () => unauthorized("The request you have made requires authentication.");

/** Application credentials choose no scope, not even an empty one (keystone/auth/core.py). */
export const noScopeToChoose = () =>
  unauthorized("Error authenticating with application credential: Application credentials cannot request a scope.", {
    identity: {},
  });

export const tokenNotFound = () => notFound("Failed to validate token");

export const unrecognized = () => notFound("Could not recognize Fernet token");

export const forbiddenAction = (action: string) =>
  forbidden(`You are not authorized to perform the requested action: ${action}.`);

/** keystone's ValidationError. */
export const expecting = (attribute: string, target: string) =>
  badRequest(
    `Expecting to find ${attribute} in ${target}. The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.`,
  );

/** What failed to be stored, and why: "Conflict occurred attempting to store user - Duplicate entry found …". */
export const storeConflict = (what: string, details: string) =>
  conflict(`Conflict occurred attempting to store ${what} - ${details}.`);

export const immutableResource = (type: string, id: string) =>
  new ApiError(
    403,
    `Resource immutable: ${id} of type ${type} may not be modified unless the 'immutable' resource option is set to False or None.`,
  );
