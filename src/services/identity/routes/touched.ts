import type { Touched } from "../../../kernel/http/route.ts";
import type { UserManager } from "../manager/users.ts";
import type { UserRow } from "../store/rows.ts";

/** What records of this API touch, where several files of them touch the same. */

/** The user that a path names. */
export const userOf = (users: UserManager): Touched<UserRow> => ({
  kind: "user",
  secret: true,
  find: ({ param }) => users.get(param("user_id")),
  owner: ({ id, domain_id }) => ({ userId: id, domainId: domain_id }),
});

/** A user whose things a path is about; whether there is one does not matter yet. */
export const userNamed: Touched<string> = {
  kind: "user",
  find: ({ param }) => param("user_id"),
  owner: (userId) => ({ userId }),
};
