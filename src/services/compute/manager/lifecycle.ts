import { messageOf } from "../../../kernel/errors.ts";
import { requestId } from "../../../kernel/ids/ids.ts";
import type { LifecycleEvent, PowerState } from "../driver/driver.ts";
import { POWER } from "../states.ts";
import type { Server, ServerChanges } from "../store/servers.ts";
import { change } from "./change.ts";
import type { Core } from "./core.ts";
import { refOf } from "./spec.ts";

/** How soon a server is looked at again whose guest did something while work on it was under way. */
const LOOK_AGAIN_MS = 500;

/**
 * What happens to guests by themselves (a power-off from inside, QEMU's death) shows in the server, as nova's power sync does. While
 * something is being done to a server its guest's changes are taken for a part of that; what it ends in is looked at afterwards.
 */
export class Lifecycle {
  readonly #core: Core;
  readonly #later = new Set<string>();
  #unlisten: () => void = () => {};
  #callOff: (() => void) | null = null;

  constructor(core: Core) {
    this.#core = core;
  }

  start(): void {
    this.#unlisten = this.#core.driver.onLifecycle((event) => this.#hear(event));
  }

  stop(): void {
    this.#unlisten();
    this.#callOff?.();
    this.#callOff = null;
    this.#later.clear();
  }

  #hear({ uuid, kind }: LifecycleEvent): void {
    const server = this.#server(uuid);
    if (server === null) return;
    if (server.taskState === null) this.#follow(uuid, kind);
    else this.#lookLater(uuid);
  }

  #lookLater(id: string): void {
    this.#later.add(id);
    this.#callOff ??= this.#core.kernel.clock.after(LOOK_AGAIN_MS, () => void this.#lookAgain());
  }

  async #lookAgain(): Promise<void> {
    this.#callOff = null;
    const ids = [...this.#later];
    this.#later.clear();
    for (const id of ids) {
      const server = this.#server(id);
      if (server === null) continue;
      if (server.taskState !== null) {
        this.#lookLater(id);
        continue;
      }
      try {
        const kind = KINDS[await this.#core.driver.powerState(refOf(this.#core, server))];
        if (kind !== undefined) this.#follow(id, kind);
      } catch (error) {
        this.#core.kernel.log.warning(`the state of guest ${id} is not known: ${messageOf(error)}`);
        this.#lookLater(id);
      }
    }
  }

  #follow(id: string, kind: LifecycleEvent["kind"]): void {
    const { kernel } = this.#core;
    kernel.eventually.write(`what became of guest ${id}`, () =>
      kernel.db.transaction(() => {
        const server = this.#server(id);
        if (server === null || server.taskState !== null) return;
        const changes = consequence(server, kind);
        if (changes === null) return;
        kernel.log.info(`guest ${refOf(this.#core, server).name} ${kind} by itself`, { server: id });
        if (changes.vmState === "stopped") this.#recordStop(id);
        change(this.#core, id, changes);
      }),
    );
  }

  /** nova's power sync stops such a server by its own API, which is how that gets into the list of instance actions. */
  #recordStop(serverId: string): void {
    const { actions, kernel } = this.#core;
    const now = kernel.clock.now();
    const id = requestId();
    const names = { action: "stop", event: "compute_stop_instance" };
    actions.begin({ server_id: serverId, request_id: id, user_id: null, project_id: null, ...names }, now);
    actions.finish(serverId, id, { error: null }, now);
  }

  #server(id: string): Server | null {
    const server = this.#core.servers.get(id);
    return server === undefined || server.deletedAt !== null ? null : server;
  }
}

const KINDS: Readonly<Partial<Record<PowerState, LifecycleEvent["kind"]>>> = {
  running: "started",
  paused: "paused",
  shutdown: "stopped",
  crashed: "crashed",
};

function consequence(server: Server, kind: LifecycleEvent["kind"]): ServerChanges | null {
  const from = server.vmState;
  switch (kind) {
    case "stopped":
      if (from === "active" || from === "paused") return { vmState: "stopped", powerState: POWER.shutdown };
      return from === "rescued" ? { powerState: POWER.shutdown } : null;
    case "crashed":
      return from === "active" ? { vmState: "stopped", powerState: POWER.crashed } : null;
    case "started":
    case "resumed":
      return from === "stopped" || from === "paused" ? { vmState: "active", powerState: POWER.running } : null;
    case "paused":
      return from === "active" ? { vmState: "paused", powerState: POWER.paused } : null;
    case "suspended":
      return from === "active" ? { vmState: "suspended", powerState: POWER.suspended } : null;
  }
}
