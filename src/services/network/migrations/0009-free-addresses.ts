import type { Migration } from "../../../kernel/db/migrations.ts";

/**
 * Where the next free address of a subnet is, so that nobody looks for it from the pools' start. All before the hint, in the order of the
 * pools, are taken or were given back since. Kept by triggers: addresses go with their ports, too.
 */
export const freeAddresses: Migration = {
  id: "network/0009-free-addresses",
  up: `
ALTER TABLE network_port_ips ADD COLUMN key TEXT;
CREATE TABLE network_address_hints (subnet_id TEXT PRIMARY KEY REFERENCES network_subnets (id) ON DELETE CASCADE, pool INTEGER NOT NULL,
  key TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE network_addresses_back (subnet_id TEXT NOT NULL REFERENCES network_address_hints (subnet_id) ON DELETE CASCADE, key TEXT NOT NULL,
  PRIMARY KEY (subnet_id, key)) STRICT, WITHOUT ROWID;
CREATE TRIGGER network_address_back AFTER DELETE ON network_port_ips WHEN OLD.key IS NOT NULL BEGIN
  INSERT OR IGNORE INTO network_addresses_back SELECT subnet_id, OLD.key FROM network_address_hints WHERE subnet_id = OLD.subnet_id;
END;
CREATE TRIGGER network_address_unknown AFTER DELETE ON network_port_ips WHEN OLD.key IS NULL BEGIN
  DELETE FROM network_address_hints WHERE subnet_id = OLD.subnet_id;
END;
CREATE TRIGGER network_address_taken AFTER INSERT ON network_port_ips BEGIN
  DELETE FROM network_addresses_back WHERE subnet_id = NEW.subnet_id AND key = NEW.key;
END;
CREATE TRIGGER network_address_pools AFTER UPDATE OF allocation_pools, gateway_ip ON network_subnets BEGIN
  DELETE FROM network_address_hints WHERE subnet_id = NEW.id;
END;
`,
};
