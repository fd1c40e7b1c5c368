import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Exec } from "../types.ts";

/** One tracked connection, as seen in the direction of its first packet. */
export interface Connection {
  family: 4 | 6;
  zone: number;
  /** IP protocol number. */
  protocol: number;
  source: string;
  destination: string;
  sourcePort: number | null;
  destinationPort: number | null;
  icmp: { type: number; code: number; id: number } | null;
  /** Addresses of the answers: others than above when the connection is translated. */
  replySource: string;
  replyDestination: string;
}

/** Reads and cuts tracked connections of one namespace. */
export class Conntrack {
  readonly #exec: Exec;

  constructor(exec: Exec) {
    this.#exec = exec;
  }

  async list(netns: string | null, family: 4 | 6): Promise<Connection[]> {
    const { stdout } = await this.#exec.run("conntrack", ["-L", "-f", family === 4 ? "ipv4" : "ipv6"], { netns });
    const connections: Connection[] = [];
    for (const line of stdout.split("\n")) {
      const connection = parseConnection(line, family);
      if (connection !== null) connections.push(connection);
    }
    return connections;
  }

  /** Forgets connections, all by one process: their next packet must pass the rules as a new one. Gone ones are no error. */
  async cut(netns: string | null, connections: readonly Connection[]): Promise<void> {
    if (connections.length === 0) return;
    const input = `${connections.map((connection) => deletion(connection).join(" ")).join("\n")}\n`;
    // From a file: it opens /dev/stdin by name, which fails for the socket that Node gives a child.
    const directory = await mkdtemp(join(tmpdir(), "conntrack-"));
    try {
      const file = join(directory, "cut");
      await writeFile(file, input);
      await this.#exec.run("conntrack", ["-R", file], { netns, allowFailure: [1] });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  }
}

/** A line of `conntrack -L`, such as `tcp 6 431999 ESTABLISHED src=… dst=… sport=… dport=… src=… … [ASSURED] mark=0 zone=7 use=1`. */
export function parseConnection(line: string, family: 4 | 6): Connection | null {
  const head = /^(\S+)\s+(\d+)\s/.exec(line);
  if (head === null) return null;
  const first = new Map<string, string>();
  const second = new Map<string, string>();
  for (const [, key = "", value = ""] of line.matchAll(/\b([a-z]+)=(\S+)/g)) {
    if (first.has(key)) second.set(key, value);
    else first.set(key, value);
  }
  const source = first.get("src");
  const destination = first.get("dst");
  if (source === undefined || destination === undefined) return null;
  const number = (key: string): number | null => {
    const value = first.get(key);
    return value === undefined ? null : Number(value);
  };
  const type = number("type");
  return {
    family,
    zone: number("zone") ?? 0,
    protocol: Number(head[2]),
    source,
    destination,
    sourcePort: number("sport"),
    destinationPort: number("dport"),
    icmp: type === null ? null : { type, code: number("code") ?? 0, id: number("id") ?? 0 },
    replySource: second.get("src") ?? destination,
    replyDestination: second.get("dst") ?? source,
  };
}

function deletion(connection: Connection): string[] {
  const { family, zone, protocol, source, destination, sourcePort, destinationPort, icmp } = connection;
  const words = ["-D", "-f", family === 4 ? "ipv4" : "ipv6", "-w", String(zone), "-s", source, "-d", destination];
  words.push("-p", protocolName(protocol));
  if (sourcePort !== null && destinationPort !== null) {
    words.push("--sport", String(sourcePort), "--dport", String(destinationPort));
  }
  if (icmp !== null) {
    words.push("--icmp-type", String(icmp.type), "--icmp-code", String(icmp.code), "--icmp-id", String(icmp.id));
  }
  return words;
}

function protocolName(protocol: number): string {
  const names: Record<number, string> = { 1: "icmp", 6: "tcp", 17: "udp", 33: "dccp", 58: "icmpv6", 132: "sctp" };
  return names[protocol] ?? String(protocol);
}
