import type { Database } from "../../../kernel/db/database.ts";
import { Relation } from "../../../kernel/db/relation.ts";

export interface Aggregate {
  readonly number: number;
  readonly uuid: string;
  readonly name: string;
  readonly hosts: readonly string[];
  /** Its availability zone is the item "availability_zone". */
  readonly metadata: Readonly<Record<string, string>>;
  readonly createdAt: number;
  readonly updatedAt: number | null;
}

/** Host aggregates, in the order of their numbers. */
export class AggregateStore extends Relation<Aggregate> {
  constructor(db: Database) {
    super(
      db,
      "compute_aggregates",
      {
        number: "integer",
        uuid: "text",
        name: "text",
        hosts: "json",
        metadata: "json",
        createdAt: "integer",
        updatedAt: "integer",
      },
      { order: "number" },
    );
  }
}
