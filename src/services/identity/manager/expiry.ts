import { badRequest } from "../../../kernel/errors.ts";

const malformed = (what: string) =>
  badRequest(
    `${what} The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.`,
  );

/** When a delegation ends, in milliseconds, null for never; a time without a zone is UTC. Errors: 400 for nonsense or the past. */
export function expiry(given: string | null, now: number): number | null {
  if (given === null) return null;
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/.test(given)) {
    throw malformed("Timestamp not in expected format.");
  }
  const ms = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(given) ? given : `${given}Z`);
  if (Number.isNaN(ms)) throw malformed("Timestamp not in expected format.");
  if (ms <= now) throw malformed(`'expires_at' must not be before now: ${given}.`);
  return ms;
}
