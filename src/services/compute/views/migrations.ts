import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import { isoSeconds } from "../../../kernel/time/clock.ts";
import type { MigrationRow } from "../store/migrations.ts";

/** nova's database keeps whole seconds, and this view shows its times without a zone. */
const naive = (time: number) => isoSeconds(time).replace("Z", ".000000");

/** One migration of os-migrations. `address` is the host's; null hides which host it is. */
export function migrationView(
  row: MigrationRow,
  version: Microversion,
  address: string | null,
): Record<string, unknown> {
  const host = address === null ? null : row.host;
  return {
    id: row.id,
    source_compute: host,
    dest_compute: host,
    source_node: host,
    dest_node: host,
    dest_host: address,
    old_instance_type_id: row.old_flavor,
    new_instance_type_id: row.new_flavor,
    instance_uuid: row.server_id,
    status: row.status,
    created_at: naive(row.created_at),
    updated_at: row.updated_at === null ? null : naive(row.updated_at),
    ...(version >= mv("2.23") ? { migration_type: row.type } : {}),
    ...(version >= mv("2.59") ? { uuid: row.uuid } : {}),
    ...(version >= mv("2.80") ? { user_id: row.user_id, project_id: row.project_id } : {}),
  };
}
