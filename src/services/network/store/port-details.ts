import type { Database } from "../../../kernel/db/database.ts";
import type { KeptPorts } from "./kept-ports.ts";
import type { PortIp } from "./rows.ts";

/** With what addresses are ordered by: see `addressKey`. */
export interface KeyedIp extends PortIp {
  key: string;
}

interface IpRow extends PortIp {
  port_id: string;
}

const IPS = "SELECT port_id, subnet_id, address AS ip_address FROM network_port_ips WHERE";

/** What hangs on ports: addresses and security groups. */
export class PortDetails {
  readonly #db: Database;
  readonly #kept: KeptPorts;

  constructor(db: Database, kept: KeptPorts) {
    this.#db = db;
    this.#kept = kept;
  }

  /** Takes the place of what the port had. Errors: sqlite's constraint error when an address is taken. */
  setIps(portId: string, networkId: string, ips: readonly KeyedIp[]): void {
    this.#kept.forget(portId);
    this.#db.prepare("DELETE FROM network_port_ips WHERE port_id = ?").run(portId);
    const insert = this.#db.prepare(
      "INSERT INTO network_port_ips (port_id, position, network_id, subnet_id, address, key) VALUES (?, ?, ?, ?, ?, ?)",
    );
    for (const [position, { subnet_id, ip_address, key }] of ips.entries())
      insert.run(portId, position, networkId, subnet_id, ip_address, key);
  }

  ips(portId: string): PortIp[] {
    return this.#db
      .prepare<[string], PortIp>(
        "SELECT subnet_id, address AS ip_address FROM network_port_ips WHERE port_id = ? ORDER BY position",
      )
      .all(portId);
  }

  /** Port id → its addresses in order; ports without any are absent. */
  ipsOf(portIds: readonly string[]): Map<string, PortIp[]> {
    const rows = this.#db
      .prepare<[string], IpRow>(`${IPS} port_id IN (SELECT value FROM json_each(?)) ORDER BY port_id, position`)
      .all(JSON.stringify(portIds));
    const byPort = new Map<string, PortIp[]>();
    for (const { port_id, subnet_id, ip_address } of rows) push(byPort, port_id, { subnet_id, ip_address });
    return byPort;
  }

  portsAt(address: string, networkIds: readonly string[] | null): string[] {
    return this.#db
      .prepare<[{ address: string; networks: string | null }], string>(
        `SELECT port_id FROM network_port_ips WHERE address = @address
         AND (@networks IS NULL OR network_id IN (SELECT value FROM json_each(@networks)))`,
      )
      .pluck()
      .all({ address, networks: networkIds === null ? null : JSON.stringify(networkIds) }) as string[];
  }

  /** Ports with an address that holds this text. */
  portsLike(part: string): string[] {
    return this.#db
      .prepare<[string], string>("SELECT DISTINCT port_id FROM network_port_ips WHERE instr(address, ?) > 0")
      .pluck()
      .all(part) as string[];
  }

  inSubnet(subnetId: string): IpRow[] {
    return this.#db.prepare<[string], IpRow>(`${IPS} subnet_id = ?`).all(subnetId);
  }

  addressesIn(subnetId: string): string[] {
    return this.#db
      .prepare<[string], string>("SELECT address FROM network_port_ips WHERE subnet_id = ?")
      .pluck()
      .all(subnetId) as string[];
  }

  holder(subnetId: string, address: string): string | undefined {
    return this.#db
      .prepare<[string, string], string>("SELECT port_id FROM network_port_ips WHERE subnet_id = ? AND address = ?")
      .pluck()
      .get(subnetId, address) as string | undefined;
  }

  /** Subnet id → how many of its addresses are taken, of those where any is. */
  usage(subnetIds: readonly string[]): Map<string, number> {
    const rows = this.#db
      .prepare<[string], { subnet_id: string; used: number }>(
        "SELECT subnet_id, used FROM network_subnet_use WHERE used > 0 AND subnet_id IN (SELECT value FROM json_each(?))",
      )
      .all(JSON.stringify(subnetIds));
    return new Map(rows.map(({ subnet_id, used }) => [subnet_id, used]));
  }

  setGroups(portId: string, groupIds: readonly string[]): void {
    this.#kept.forget(portId);
    this.#db.prepare("DELETE FROM network_port_security_groups WHERE port_id = ?").run(portId);
    const insert = this.#db.prepare("INSERT INTO network_port_security_groups (port_id, group_id) VALUES (?, ?)");
    for (const groupId of new Set(groupIds)) insert.run(portId, groupId);
  }

  groups(portId: string): string[] {
    return this.#db
      .prepare<[string], string>(
        "SELECT group_id FROM network_port_security_groups WHERE port_id = ? ORDER BY group_id",
      )
      .pluck()
      .all(portId) as string[];
  }

  groupsOf(portIds: readonly string[]): Map<string, string[]> {
    const rows = this.#db
      .prepare<[string], { port_id: string; group_id: string }>(
        "SELECT port_id, group_id FROM network_port_security_groups WHERE port_id IN (SELECT value FROM json_each(?)) ORDER BY group_id",
      )
      .all(JSON.stringify(portIds));
    const byPort = new Map<string, string[]>();
    for (const { port_id, group_id } of rows) push(byPort, port_id, group_id);
    return byPort;
  }

  portsInGroup(groupId: string): number {
    return this.#db
      .prepare<[string], number>("SELECT count(*) FROM network_port_security_groups WHERE group_id = ?")
      .pluck()
      .get(groupId) as number;
  }

  /** Ids of all ports that have rules: a guest has them on this host, or they are members of a group. */
  guarded(): string[] {
    return this.#db
      .prepare<[], string>(
        `SELECT id FROM network_ports WHERE host_id <> '' AND device_id <> '' AND device_owner NOT LIKE 'network:%'
         UNION SELECT port_id FROM network_port_security_groups ORDER BY 1`,
      )
      .pluck()
      .all() as string[];
  }
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}
