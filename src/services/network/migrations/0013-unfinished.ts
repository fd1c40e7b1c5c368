import type { Migration } from "../../../kernel/db/migrations.ts";

/** What requests that make many things have made so far: a crash in between leaves it to the next start to take away. */
export const unfinished: Migration = {
  id: "network/0013-unfinished",
  up: "CREATE TABLE network_unfinished (id TEXT NOT NULL UNIQUE, kind TEXT NOT NULL) STRICT;",
};
