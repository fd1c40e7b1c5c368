import { createHash } from "node:crypto";

export interface AgentView {
  id: string;
  agent_type: string;
  binary: string;
  topic: string;
  host: string;
  availability_zone: string | null;
  admin_state_up: boolean;
  alive: boolean;
  description: string | null;
  resources_synced: boolean | null;
  created_at: string;
  started_at: string;
  heartbeat_timestamp: string;
  configurations: Record<string, unknown>;
}

const AGENTS = [
  { type: "DHCP agent", binary: "neutron-dhcp-agent", topic: "dhcp_agent", zone: "nova" },
  { type: "L3 agent", binary: "neutron-l3-agent", topic: "l3_agent", zone: "nova" },
  { type: "Linux bridge agent", binary: "neutron-linuxbridge-agent", topic: "N/A", zone: null },
  { type: "Metadata agent", binary: "neutron-metadata-agent", topic: "N/A", zone: null },
] as const;

/** The parts of this process that are agents of their own in neutron; they live as long as it does. */
export function agentViews(host: string, startedAt: number, now: number): AgentView[] {
  const text = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace("T", " ");
  return AGENTS.map(({ type, binary, topic, zone }) => ({
    id: stableId(`${host} ${binary}`),
    agent_type: type,
    binary,
    topic,
    host,
    availability_zone: zone,
    admin_state_up: true,
    alive: true,
    description: null,
    resources_synced: null,
    created_at: text(startedAt),
    started_at: text(startedAt),
    heartbeat_timestamp: text(now),
    configurations: {},
  }));
}

function stableId(text: string): string {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
