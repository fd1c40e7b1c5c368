import type { Database } from "../../../kernel/db/database.ts";
import { type Order, type Range, rangeSql, type Selection } from "../../../kernel/db/list.ts";
import { type Columns, type Param, Table } from "../../../kernel/db/table.ts";
import { KeptPorts } from "./kept-ports.ts";
import type { PortRow } from "./rows.ts";

const IDS = { select: "SELECT id FROM network_ports", from: "network_ports", id: "id" };

const OF_ROUTERS = "device_owner LIKE 'network:router_%'";
const OF_GUESTS = "device_owner NOT LIKE 'network:%'";

/** Ports, and what is asked of them by whose they are. All ordered by id. */
export class PortStore extends Table<PortRow> {
  /** What pages of the API's list have read. */
  readonly kept: KeptPorts;

  constructor(db: Database, columns: Columns<PortRow>) {
    super(db, "network_ports", columns, () => {}, null, false);
    this.kept = new KeptPorts(db);
  }

  override updateWhere(where: Partial<PortRow>, changes: Partial<PortRow>): boolean {
    this.kept.forget(where.id ?? null);
    return super.updateWhere(where, changes);
  }

  override deleteWhere(where: Partial<PortRow>): boolean {
    this.kept.forget(where.id ?? null);
    return super.deleteWhere(where);
  }

  /** Of a range only those rows are read that are not known already. */
  override selected(selection: Selection, range?: Range | { order: readonly Order[] }): PortRow[] {
    if (range === undefined || !("limit" in range)) return super.selected(selection, range);
    const { sql, params } = rangeSql(IDS, selection, range);
    const ids = this.db
      .prepare<Param[], string>(sql)
      .pluck()
      .all(...params) as string[];
    return this.kept.rows(ids, (missing) => this.getMany(missing));
  }

  /** Interfaces and gateway. */
  ofRouter(routerId: string): PortRow[] {
    return this.select(`device_id = ? AND ${OF_ROUTERS}`, routerId);
  }

  /** Where routers are on a network: their interfaces there, or their gateways. */
  ofRoutersOn(networkId: string): PortRow[] {
    return this.select(`network_id = ? AND ${OF_ROUTERS}`, networkId);
  }

  /** Those of a network that are not the network service's own. */
  ofGuestsOn(networkId: string): PortRow[] {
    return this.select(`network_id = ? AND ${OF_GUESTS}`, networkId);
  }

  /** A network's DHCP server has one. */
  ofDhcp(networkId: string): PortRow[] {
    return this.select("network_id = ? AND device_owner = 'network:dhcp'", networkId);
  }

  /** Whose the ports of guests on a network are. */
  guestsOn(networkId: string): string[] {
    const sql = `SELECT DISTINCT device_id FROM network_ports WHERE network_id = ? AND device_id <> '' AND ${OF_GUESTS}`;
    return this.db.prepare<[string], string>(sql).pluck().all(networkId) as string[];
  }

  /** With a tap on a bridge. */
  plugged(): PortRow[] {
    return this.select("plugged AND device_owner LIKE 'compute:%'");
  }

  inGroup(groupId: string): PortRow[] {
    return this.select("id IN (SELECT port_id FROM network_port_security_groups WHERE group_id = ?)", groupId);
  }
}
