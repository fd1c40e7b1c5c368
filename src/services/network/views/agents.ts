import type { AgentInfo } from "../manager/agents.ts";
import type { Body } from "../schemas/attribute.ts";

export function agentView({ agent, row, id, host, startedAt, now }: AgentInfo): Body {
  const text = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace("T", " ");
  return {
    id,
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
