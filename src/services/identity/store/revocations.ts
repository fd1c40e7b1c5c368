import type { Database } from "../../../kernel/db/database.ts";
import { Relation } from "../../../kernel/db/relation.ts";

/**
 * What is revoked: one token (its audit id), a token and all made from it (the chain's audit id), or everything issued
 * before a moment to a user, on a project, in a domain, or through a trust or application credential.
 */
export type RevocationKind = "audit" | "chain" | "user" | "project" | "domain" | "trust" | "application_credential";

export interface Revocation {
  kind: RevocationKind;
  value: string;
  /** Milliseconds; tokens issued up to then are void. */
  issued_before: number;
  revoked_at: number;
}

/** As they were made. */
export class RevocationStore extends Relation<Revocation> {
  constructor(db: Database, onWrite: () => void) {
    super(db, "identity_revocations", ["kind", "value", "issued_before", "revoked_at"], { onWrite, order: "id" });
  }

  /** Forgets those older than any token that could still be valid. */
  prune(before: number): void {
    this.db.prepare("DELETE FROM identity_revocations WHERE revoked_at < ?").run(before);
  }
}
