import type { Identity } from "../../auth/context.ts";
import { unauthorized } from "../../errors.ts";
import { enforcedScopes } from "../../module.ts";
import { scopeOf } from "../../policy/policy.ts";
import type { Exchange } from "../exchange.ts";

const NO_ROLES: ReadonlySet<string> = new Set();

/** X-Auth-Token, as keystonemiddleware reads it. Errors: 401 for a token that is unknown or whose access rules do not cover the request. */
export function keystoneToken(exchange: Exchange): Identity | null {
  const token = exchange.request.headers.get("x-auth-token");
  if (token === null || token === "") return null;
  const identity = exchange.kernel.authenticator.authenticate(token);
  if (identity === null || !rulesCover(identity, exchange))
    throw unauthorized("The request you have made requires authentication.");
  return asSeenHere(identity, exchange);
}

/** An admin of a domain or of the system is none of a service for projects. */
function asSeenHere(identity: Identity, { front, kernel }: Exchange): Identity {
  if (!identity.isAdmin || scopeOf(identity) === "project") return identity;
  const scopes = enforcedScopes(front, kernel.settings);
  return scopes === null || scopes.admins.includes(scopeOf(identity)) ? identity : { ...identity, isAdmin: false };
}

/** Rules may name paths with the service's prefix too, as the real middleware sees them. A service that speaks for the user is no user. */
function rulesCover({ mayCall }: Identity, exchange: Exchange): boolean {
  if (mayCall === undefined || serviceRoles(exchange).has("service")) return true;
  const { request, path, origin, front } = exchange;
  const types = front.endpoint.catalog.map(({ type }) => type);
  return [path, `${origin.mount}${path}`].some((called) => mayCall(types, request.method, called));
}

/** Roles of X-Service-Token, where another service speaks on a user's behalf. */
export function serviceRoles({ request, kernel }: Exchange): ReadonlySet<string> {
  const token = request.headers.get("x-service-token");
  return (token === null ? null : kernel.authenticator.authenticate(token))?.roles ?? NO_ROLES;
}
