import { badRequest, notFound } from "../../errors.ts";
import type { Candidates } from "../exchange.ts";
import type { Endpoint } from "../perform.ts";

/**
 * Picks by the body's one key where records are actions. Errors: 400 as nova words it; 404 for an action that only other microversions
 * have (nova and cinder, api/openstack/wsgi.py dispatch).
 */
export function byBodyKey({ inRange, ofAllVersions }: Candidates, body: unknown): Endpoint {
  const [first] = inRange;
  if (first === undefined) throw notFound("The resource could not be found.");
  if (first.route.action === undefined) return first;
  const keys = typeof body === "object" && body !== null && !Array.isArray(body) ? Object.keys(body) : [];
  if (keys.length === 0) throw badRequest("Malformed request body");
  const named = ({ route }: Endpoint) => route.action !== undefined && keys.includes(route.action);
  const chosen = inRange.find(named);
  if (chosen === undefined && ofAllVersions.some(named)) throw notFound("The resource could not be found.");
  if (chosen === undefined)
    throw badRequest(
      `There is no such action: ${keys[0]}. Verify the spelling of the action and the API microversion.`,
    );
  return chosen;
}
