import { hostname } from "node:os";
import { conflict } from "../../../kernel/errors.ts";
import { agentNotFound, invalidL3Agent } from "../errors.ts";
import type { Body } from "../schemas/attribute.ts";
import type { AgentRow } from "../store/agents.ts";
import { AGENTS, type Agent, agentId, agentView } from "../views/agents.ts";
import type { Core } from "./core.ts";

/** Neutron's report_interval: how long a deleted agent that lives takes to be there again. */
const REPORT_MS = 30_000;

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

  list(): Body[] {
    return this.#known().map(({ agent, row }) => this.#view(agent, row));
  }

  #known(): { agent: Agent; row: AgentRow }[] {
    const now = this.#core.kernel.clock.now();
    return AGENTS.map((agent) => ({ agent, row: this.#core.store.agents.get(agent.binary) })).filter(
      ({ row }) => row.reports_at <= now,
    );
  }

  #view(agent: Agent, row: AgentRow): Body {
    return agentView(agent, row, hostname(), this.#startedAt, this.#core.kernel.clock.now());
  }

  get(id: string): Body {
    const { agent, row } = this.#find(id);
    return this.#view(agent, row);
  }

  /** Errors: 404. */
  #find(id: string): { agent: Agent; row: AgentRow } {
    const found = this.#known().find(({ agent, row }) => agentId(agent, row, hostname()) === id);
    if (found === undefined) throw agentNotFound(id);
    return found;
  }

  ofType(type: Agent["type"]): Body[] {
    return this.list().filter((view) => view.agent_type === type);
  }

  update(id: string, changes: Body): Body {
    const { store, kernel } = this.#core;
    return kernel.db.transaction(() => {
      const { agent, row } = this.#find(id);
      const next = { ...row, ...(changes as Partial<AgentRow>) };
      store.agents.set(next);
      if (next.admin_state_up !== row.admin_state_up) this.#changed(agent);
      return this.#view(agent, next);
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
    if (type === "DHCP agent") for (const { id } of store.networks.select("1")) dirty("network", id);
    if (type === "L3 agent") for (const { id } of store.routers.select("1")) dirty("router", id);
  }

  servesNetwork(networkId: string): boolean {
    const { store } = this.#core;
    const hasDhcp = () => store.subnets.count("network_id = ? AND enable_dhcp = 1", networkId) > 0;
    return store.dhcpSchedule.get(networkId) ?? hasDhcp();
  }

  servesRouter(routerId: string): boolean {
    return this.#core.store.l3Schedule.get(routerId) ?? true;
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
