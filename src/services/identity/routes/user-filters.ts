import { badRequest } from "../../../kernel/errors.ts";
import type { ApiRequest } from "../../../kernel/http/route.ts";
import { isoMoment } from "../../../kernel/time/moment.ts";
import type { UserRow } from "../store/rows.ts";
import type { IdentityStore } from "../store/store.ts";

const OPERATORS: Readonly<Record<string, (one: number, other: number) => boolean>> = {
  lt: (one, other) => one < other,
  lte: (one, other) => one <= other,
  gt: (one, other) => one > other,
  gte: (one, other) => one >= other,
  eq: (one, other) => one === other,
  neq: (one, other) => one !== other,
};
/** What only users from elsewhere have, and nobody here comes from elsewhere. */
const FEDERATED = ["idp_id", "protocol_id", "unique_id"];

/**
 * Which users a list shows by what is no attribute of theirs: where they come from, and when their password ends as
 * `password_expires_at=lt:2026-01-02T03:04:05Z` (keystone/identity/core.py `_translate_expired_password_hints`). Errors: 400.
 */
export function userFilter({ query }: ApiRequest<unknown>, store: IdentityStore): (row: UserRow) => boolean {
  if (FEDERATED.some((name) => query.has(name))) return () => false;
  const tests = query.getAll("password_expires_at").map(expiryTest);
  if (tests.length === 0) return () => true;
  return ({ id }) => {
    const end = store.passwords.current(id)?.expires_at ?? null;
    return end !== null && tests.every((fits) => fits(end));
  };
}

function expiryTest(text: string): (end: number) => boolean {
  const [, operator = "eq", time = ""] = /^(?:([a-z]+):)?(\d{4}-.*)$/.exec(text) ?? [];
  const compare = Object.hasOwn(OPERATORS, operator) ? OPERATORS[operator] : undefined;
  if (compare === undefined) {
    throw badRequest(
      `The given operator ${operator} is not valid. It must be one of the following: lt, lte, gt, gte, eq, neq.`,
    );
  }
  const wanted = isoMoment(time);
  if (Number.isNaN(wanted)) {
    throw badRequest(`Expecting to find a timestamp in password_expires_at: '${text}' is none.`);
  }
  return (end) => compare(end, wanted);
}
