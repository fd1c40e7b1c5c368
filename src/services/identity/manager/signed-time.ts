import { unauthorized } from "../../../kernel/errors.ts";
import { type SignedRequest, signedAt } from "./ec2-signatures.ts";

/** keystone's [credential]auth_ttl. */
const LIFE_MS = 15 * 60_000;

/**
 * A signed request can be sent again by whoever saw it, so it ages: by its time (version 1 and 2: Timestamp or Expires; version 4:
 * X-Amz-Date). One without a time is its signer's own choice, as in keystone. Errors: 401.
 */
export function requireFresh(request: SignedRequest, now: number): void {
  const { Expires: end } = request.params ?? {};
  if (end !== undefined && read(end) < now) throw expired();
  const signed = signedAt(request);
  if (signed === null) return;
  const age = now - read(signed);
  // keystone takes times to come for good, and a request dated far ahead could be sent again for as long.
  if (age > LIFE_MS || age < -LIFE_MS) throw expired();
}

const expired = () => unauthorized("Credential is expired");

/** "2026-01-02T03:04:05Z" and "20260102T030405Z". */
function read(text: string): number {
  const extended = text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)/, "$1-$2-$3T$4:$5:$6");
  const ms = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(extended) ? extended : `${extended}Z`);
  if (Number.isNaN(ms)) throw unauthorized("Credential timestamp is invalid");
  return ms;
}
