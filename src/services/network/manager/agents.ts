import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { conflict } from "../../../kernel/errors.ts";
import { agentNotFound, invalidL3Agent } from "../errors.ts";
import type { AgentRow } from "../store/agents.ts";
import type { Core } from "./core.ts";

/** Neutron's report_interval: how long a deleted agent that lives takes to be there again. */
const REPORT_MS = 30_000;

/** The parts of this process that are agents of their own in neutron; they live as long as it does. */
export const AGENTS = [
  { type: "DHCP agent", binary: "neutron-dhcp-agent", topic: "dhcp_agent", zone: "nova" },
  { type: "L3 agent", binary: "neutron-l3-agent", topic: "l3_agent", zone: "nova" },
  { type: "Linux bridge agent", binary: "neutron-linuxbridge-agent", topic: "N/A", zone: null },
  { type: "Metadata agent", binary: "neutron-metadata-agent", topic: "N/A", zone: null },
] as const;

export type Agent = (typeof AGENTS)[number];

/** What is known of one. Times in ms. */
export interface AgentInfo {
  agent: Agent;
  row: AgentRow;
  id: string;
  host: string;
  startedAt: number;
  now: number;
}

/**
 * The agents of this host. One whose admin state is down serves nothing (enable_services_on_agents_with_admin_state_down is False):
 * networks have no DHCP server then, routers are not there.
 */
export class AgentManager {
  readonly #core: Core;
  readonly #startedAt: number;

  constructor(core: Core) {
    this.#core = core;
    this.#startedAt = core.kernel.clock.now();
  }

  list(): AgentInfo[] {
    return this.#known().map(({ agent, row }) => this.#info(agent, row));
  }

  #known(): { agent: Agent; row: AgentRow }[] {
    const now = this.#core.kernel.clock.now();
    return AGENTS.map((agent) => ({ agent, row: this.#core.store.agents.get(agent.binary) })).filter(
      ({ row }) => row.reports_at <= now,
    );
  }

  #info(agent: Agent, row: AgentRow): AgentInfo {
    const [host, now] = [hostname(), this.#core.kernel.clock.now()];
    return { agent, row, id: agentId(agent, row, host), host, startedAt: this.#startedAt, now };
  }

  get(id: string): AgentInfo {
    const { agent, row } = this.#find(id);
    return this.#info(agent, row);
  }

  /** Errors: 404. */
  #find(id: string): { agent: Agent; row: AgentRow } {
    const found = this.#known().find(({ agent, row }) => agentId(agent, row, hostname()) === id);
    if (found === undefined) throw agentNotFound(id);
    return found;
  }

  ofType(type: Agent["type"]): AgentInfo[] {
    return this.list().filter(({ agent }) => agent.type === type);
  }

  update(id: string, changes: Partial<Pick<AgentRow, "admin_state_up" | "description">>): AgentInfo {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      const { agent, row } = this.#find(id);
      const next = { ...row, ...changes };
      store.agents.set(next);
      if (next.admin_state_up !== row.admin_state_up) this.#changed(agent);
      return this.#info(agent, next);
    });
  }

  /** Since it lives, it reports again soon, as a new one that nobody has said anything of. */
  remove(id: string): void {
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      const { agent, row } = this.#find(id);
      store.agents.set({
        binary: agent.binary,
        admin_state_up: true,
        description: null,
        generation: row.generation + 1,
        reports_at: kernel.clock.now() + REPORT_MS,
      });
      if (!row.admin_state_up) this.#changed(agent);
    });
  }

  #changed({ type }: Agent): void {
    const { store, dirty } = this.#core;
    if (type === "DHCP agent") for (const { id } of store.networks.list({}, "id")) dirty("network", id);
    if (type === "L3 agent") for (const { id } of store.routers.list({}, "id")) dirty("router", id);
  }

  servesNetwork(networkId: string): boolean {
    return this.#core.store.dhcpSchedule.serves(networkId);
  }

  servesRouter(routerId: string): boolean {
    return this.#core.store.l3Schedule.serves(routerId);
  }

  /** Ids of what the DHCP agent serves, or the L3 agent. */
  served(kind: "network" | "router"): string[] {
    const { store } = this.#core;
    return (kind === "network" ? store.dhcpSchedule : store.l3Schedule).served();
  }

  /** Errors: 404 for another agent, 409 for what it serves already. */
  addNetwork(id: string, networkId: string): void {
    this.#requireDhcp(id);
    if (this.servesNetwork(networkId)) {
      throw conflict(`The network ${networkId} has been already hosted by the DHCP Agent ${id}.`, {
        type: "NetworkHostedByDHCPAgent",
      });
    }
    this.#schedule("network", networkId, true);
  }

  removeNetwork(id: string, networkId: string): void {
    this.#requireDhcp(id);
    if (!this.servesNetwork(networkId)) {
      throw conflict(`The network ${networkId} is not hosted by the DHCP agent ${id}.`, {
        type: "NetworkNotHostedByDhcpAgent",
      });
    }
    this.#schedule("network", networkId, false);
  }

  #requireDhcp(id: string): void {
    if (this.#find(id).agent.type !== "DHCP agent") throw agentNotFound(id);
  }

  /** What it serves already stays so. Errors: 404 for another agent or one that is down. */
  addRouter(id: string, routerId: string): void {
    const { agent, row } = this.#find(id);
    if (agent.type !== "L3 agent" || !row.admin_state_up) throw invalidL3Agent(id);
    this.#schedule("router", routerId, true);
  }

  removeRouter(id: string, routerId: string): void {
    this.#find(id);
    this.#schedule("router", routerId, false);
  }

  #schedule(kind: "network" | "router", id: string, scheduled: boolean): void {
    const { store, kernel, dirty } = this.#core;
    const schedule = kind === "network" ? store.dhcpSchedule : store.l3Schedule;
    kernel.db.transaction(() => {
      schedule.set(id, scheduled);
      dirty(kind, id);
    });
  }
}

/** The same at every start. */
export function agentId({ binary }: Agent, { generation }: AgentRow, host: string): string {
  const hex = createHash("sha256")
    .update(generation === 0 ? `${host} ${binary}` : `${host} ${binary} ${generation}`)
    .digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-5${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
