import type { Database } from "../../../kernel/db/database.ts";
import { Relation } from "../../../kernel/db/relation.ts";
import type { MemberStatus } from "../states.ts";

export interface MemberRow {
  image_id: string;
  /** A project's id. */
  member_id: string;
  status: MemberStatus;
  created_at: number;
  updated_at: number;
}

/** The projects that images are shared with, as they were added. */
export class MemberStore extends Relation<MemberRow> {
  constructor(db: Database) {
    super(db, "image_members", ["image_id", "member_id", "status", "created_at", "updated_at"], {
      order: "created_at, member_id",
    });
  }
}
