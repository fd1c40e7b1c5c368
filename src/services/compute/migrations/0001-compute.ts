import type { Migration } from "../../../kernel/db/migrations.ts";

export const initial: Migration = {
  id: "compute/0001-initial",
  up: `
  CREATE TABLE compute_servers (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, revision INTEGER NOT NULL,
    project_id TEXT NOT NULL, user_id TEXT NOT NULL, name TEXT NOT NULL, description TEXT, hostname TEXT NOT NULL,
    vm_state TEXT NOT NULL, task_state TEXT, power_state INTEGER NOT NULL, progress INTEGER NOT NULL,
    locked_by TEXT, locked_reason TEXT, image_id TEXT NOT NULL, image_properties TEXT NOT NULL, flavor TEXT NOT NULL,
    old_flavor TEXT, old_state TEXT, key_name TEXT, key_pair TEXT, metadata TEXT NOT NULL, tags TEXT NOT NULL,
    availability_zone TEXT, requested_zone TEXT, host TEXT, access_ip_v4 TEXT, access_ip_v6 TEXT,
    config_drive TEXT NOT NULL, user_data TEXT, password_data TEXT NOT NULL, reservation_id TEXT NOT NULL,
    launch_index INTEGER NOT NULL, disk_config TEXT NOT NULL, trusted_certificates TEXT, hints TEXT NOT NULL,
    group_id TEXT, root_device_name TEXT, block_devices TEXT NOT NULL, nics TEXT NOT NULL, vifs TEXT NOT NULL,
    shelved_image_id TEXT, rescue_image_id TEXT, fault TEXT,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, launched_at INTEGER, terminated_at INTEGER, deleted_at INTEGER) STRICT;
  CREATE INDEX compute_servers_project ON compute_servers (project_id, created_at) WHERE deleted_at IS NULL;
  CREATE INDEX compute_servers_live ON compute_servers (created_at) WHERE deleted_at IS NULL;
  CREATE INDEX compute_servers_updated ON compute_servers (updated_at);
  CREATE TABLE compute_flavors (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE, ram INTEGER NOT NULL,
    vcpus INTEGER NOT NULL, disk INTEGER NOT NULL, ephemeral INTEGER NOT NULL, swap INTEGER NOT NULL, rxtx_factor REAL NOT NULL,
    is_public INTEGER NOT NULL, description TEXT, extra_specs TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
  CREATE TABLE compute_flavor_access (
    flavor_id TEXT NOT NULL REFERENCES compute_flavors (id) ON DELETE CASCADE, project_id TEXT NOT NULL,
    PRIMARY KEY (flavor_id, project_id)) STRICT, WITHOUT ROWID;
  CREATE TABLE compute_keypairs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, user_id TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
    public_key TEXT NOT NULL, fingerprint TEXT NOT NULL, created_at INTEGER NOT NULL, UNIQUE (user_id, name)) STRICT;
  CREATE TABLE compute_actions (
    number INTEGER PRIMARY KEY AUTOINCREMENT, server_id TEXT NOT NULL, action TEXT NOT NULL, request_id TEXT NOT NULL,
    user_id TEXT, project_id TEXT, message TEXT, started_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    event TEXT, finished_at INTEGER, result TEXT, details TEXT) STRICT;
  CREATE INDEX compute_actions_server ON compute_actions (server_id, number);
  CREATE TABLE compute_server_groups (
    id TEXT PRIMARY KEY, project_id TEXT NOT NULL, user_id TEXT NOT NULL, name TEXT NOT NULL, policy TEXT NOT NULL,
    rules TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT;
  CREATE TABLE compute_aggregates (
    number INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL, name TEXT NOT NULL UNIQUE, hosts TEXT NOT NULL, metadata TEXT NOT NULL,
    created_at INTEGER NOT NULL, updated_at INTEGER) STRICT;
  CREATE TABLE compute_services (
    id INTEGER PRIMARY KEY, uuid TEXT NOT NULL, binary TEXT NOT NULL, host TEXT NOT NULL, zone TEXT NOT NULL,
    disabled INTEGER NOT NULL, disabled_reason TEXT, forced_down INTEGER NOT NULL, updated_at INTEGER NOT NULL) STRICT;
  CREATE TABLE compute_hypervisors (id INTEGER PRIMARY KEY, uuid TEXT NOT NULL, hostname TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE compute_console_tokens (
    token TEXT PRIMARY KEY, server_id TEXT NOT NULL, type TEXT NOT NULL, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;`,
};
