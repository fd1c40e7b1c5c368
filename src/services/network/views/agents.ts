import { createHash } from "node:crypto";
import type { Body } from "../schemas/attribute.ts";
import type { AgentRow } from "../store/agents.ts";

/** The parts of this process that are agents of their own in neutron; they live as long as it does. */
export const AGENTS = [
  { type: "DHCP agent", binary: "neutron-dhcp-agent", topic: "dhcp_agent", zone: "nova" },
  { type: "L3 agent", binary: "neutron-l3-agent", topic: "l3_agent", zone: "nova" },
  { type: "Linux bridge agent", binary: "neutron-linuxbridge-agent", topic: "N/A", zone: null },
  { type: "Metadata agent", binary: "neutron-metadata-agent", topic: "N/A", zone: null },
] as const;

export type Agent = (typeof AGENTS)[number];

/** @param startedAt ms, like `now` */
export function agentView(agent: Agent, row: AgentRow, host: string, startedAt: number, now: number): Body {
  const text = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace("T", " ");
  return {
    id: agentId(agent, row, host),
    agent_type: agent.type,
    binary: agent.binary,
    topic: agent.topic,
    host,
    availability_zone: agent.zone,
    admin_state_up: row.admin_state_up,
    alive: true,
    description: row.description,
    resources_synced: null,
    created_at: text(Math.max(startedAt, row.reports_at)),
    started_at: text(startedAt),
    heartbeat_timestamp: text(now),
    configurations: {},
  };
}

/** The same at every start. */
export function agentId({ binary }: Agent, { generation }: AgentRow, host: string): string {
  const hex = createHash("sha256")
    .update(generation === 0 ? `${host} ${binary}` : `${host} ${binary} ${generation}`)
    .digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
