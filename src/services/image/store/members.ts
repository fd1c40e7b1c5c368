import type { Database } from "../../../kernel/db/database.ts";
import type { MemberStatus } from "../states.ts";

export interface MemberRow {
  image_id: string;
  /** A project's id. */
  member_id: string;
  status: MemberStatus;
  created_at: number;
  updated_at: number;
}

/** All the SQL about the projects an image is shared with. */
export class MemberStore {
  readonly #db: Database;
  constructor(db: Database) {
    this.#db = db;
  }

  insert(member: MemberRow): void {
    this.#db
      .prepare(
        "INSERT INTO image_members (image_id, member_id, status, created_at, updated_at) VALUES (@image_id, @member_id, @status, @created_at, @updated_at)",
      )
      .run(member);
  }

  get(imageId: string, memberId: string): MemberRow | undefined {
    return this.#db
      .prepare<[string, string], MemberRow>("SELECT * FROM image_members WHERE image_id = ? AND member_id = ?")
      .get(imageId, memberId);
  }

  list(imageId: string): MemberRow[] {
    return this.#db
      .prepare<[string], MemberRow>("SELECT * FROM image_members WHERE image_id = ? ORDER BY created_at, member_id")
      .all(imageId);
  }

  setStatus(imageId: string, memberId: string, status: MemberStatus, now: number): void {
    this.#db
      .prepare("UPDATE image_members SET status = ?, updated_at = ? WHERE image_id = ? AND member_id = ?")
      .run(status, now, imageId, memberId);
  }

  /** True when there was one. */
  delete(imageId: string, memberId: string): boolean {
    return (
      this.#db.prepare("DELETE FROM image_members WHERE image_id = ? AND member_id = ?").run(imageId, memberId)
        .changes > 0
    );
  }
}
