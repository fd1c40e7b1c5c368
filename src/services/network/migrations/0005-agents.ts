import type { Migration } from "../../../kernel/db/migrations.ts";

/** What admins said of agents, and which routers they took from the L3 agent or gave back. */
export const agents: Migration = {
  id: "network/0005-agents",
  up: `
CREATE TABLE network_agents (binary TEXT PRIMARY KEY, admin_state_up INTEGER NOT NULL, description TEXT, generation INTEGER NOT NULL,
  reports_at INTEGER NOT NULL) STRICT;
CREATE TABLE network_l3_schedule (router_id TEXT PRIMARY KEY REFERENCES network_routers (id) ON DELETE CASCADE,
  scheduled INTEGER NOT NULL) STRICT;
`,
};
