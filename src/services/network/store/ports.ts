import type { Database } from "../../../kernel/db/database.ts";
import { type Columns, Table } from "../../../kernel/db/table.ts";
import type { PortRow } from "./rows.ts";

const OF_ROUTERS = "device_owner LIKE 'network:router_%'";
const OF_GUESTS = "device_owner NOT LIKE 'network:%'";

/** Ports, and what is asked of them by whose they are. All ordered by id. */
export class PortStore extends Table<PortRow> {
  constructor(db: Database, columns: Columns<PortRow>) {
    super(db, "network_ports", columns);
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

  /** The same of all networks, where a guest has them on this host. */
  bound(): PortRow[] {
    return this.select(`host_id <> '' AND device_id <> '' AND ${OF_GUESTS}`);
  }

  /** With a tap on a bridge. */
  plugged(): PortRow[] {
    return this.select("plugged AND device_owner LIKE 'compute:%'");
  }

  inGroup(groupId: string): PortRow[] {
    return this.select("id IN (SELECT port_id FROM network_port_security_groups WHERE group_id = ?)", groupId);
  }
}
