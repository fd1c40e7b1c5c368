import type { Condition } from "../../../kernel/db/list.ts";
import { badRequest } from "../../../kernel/errors.ts";
import type { ApiRequest } from "../../../kernel/http/route.ts";
import { isoMoment } from "../../../kernel/time/moment.ts";
import { isComparison, nothing, passwordEnds } from "../manager/lists.ts";

/** What only users from elsewhere have, and nobody here comes from elsewhere. */
const FEDERATED = ["idp_id", "protocol_id", "unique_id"];

/**
 * Which users a list shows by what is no attribute of theirs: where they come from, and when their password ends as
 * `password_expires_at=lt:2026-01-02T03:04:05Z` (keystone/identity/core.py `_translate_expired_password_hints`). Errors: 400.
 */
export function userConditions({ query }: ApiRequest): Condition[] {
  if (FEDERATED.some((name) => query.has(name))) return [nothing];
  return query.getAll("password_expires_at").map(expiry);
}

function expiry(text: string): Condition {
  const [, operator = "eq", time = ""] = /^(?:([a-z]+):)?(\d{4}-.*)$/.exec(text) ?? [];
  if (!isComparison(operator)) {
    throw badRequest(
      `The given operator ${operator} is not valid. It must be one of the following: lt, lte, gt, gte, eq, neq.`,
    );
  }
  const wanted = isoMoment(time);
  if (Number.isNaN(wanted)) {
    throw badRequest(`Expecting to find a timestamp in password_expires_at: '${text}' is none.`);
  }
  return passwordEnds(operator, wanted);
}
