import type { Touched } from "../../../kernel/http/route.ts";
import { missing } from "../errors.ts";
import type { UserRow } from "../store/rows.ts";
import type { IdentityStore } from "../store/store.ts";

/** What records of this API touch, where several files of them touch the same. */

/** The user that a path names. */
export const userOf = ({ users }: IdentityStore): Touched<UserRow> => ({
  kind: "user",
  secret: true,
  find({ param }) {
    const row = users.get(param("user_id"));
    if (row === undefined) throw missing("user", param("user_id"));
    return row;
  },
  owner: ({ id, domain_id }) => ({ userId: id, domainId: domain_id }),
});

/** A user whose things a path is about; whether there is one does not matter yet. */
export const userNamed: Touched<string> = {
  kind: "user",
  find: ({ param }) => param("user_id"),
  owner: (userId) => ({ userId }),
};
