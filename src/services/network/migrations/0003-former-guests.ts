import type { Migration } from "../../../kernel/db/migrations.ts";

/** Whose DHCPv6 lease it is that a port's address has. */
export const formerGuests: Migration = {
  id: "network/0003-former-guests",
  up: "ALTER TABLE network_ports ADD COLUMN former_guests INTEGER NOT NULL DEFAULT 0;",
};
