import { uuid } from "../../../kernel/ids/ids.ts";
import type { Deployed, KeptConfig, Software, WantedDeployment } from "../resource-types/types.ts";
import type { StackRow } from "../store/stacks.ts";
import type { Core } from "./core.ts";
import type { Handle } from "./handle.ts";
import { changeDeployment, insertConfig, insertDeployment, removeDeployment } from "./software.ts";

/** The deployment that a resource is: its id is the resource's physical id. */
export class OwnSoftware implements Software {
  readonly #core: Core;
  readonly #stack: StackRow;
  readonly #handle: Handle;

  constructor(core: Core, stack: StackRow, handle: Handle) {
    this.#core = core;
    this.#stack = stack;
    this.#handle = handle;
  }

  config(id: string): KeptConfig | null {
    const row = this.#core.configs.get(id);
    if (row === undefined || row.project_id !== this.#stack.project_id) return null;
    return { ...row, group: row.config_group };
  }

  deployed(): Deployed | null {
    const { physicalId } = this.#handle;
    return physicalId === null ? null : (this.#core.deployments.get(physicalId) ?? null);
  }

  deploy({ server, action, inputs, status, reason, config }: WantedDeployment): void {
    const { db } = this.#core.kernel;
    const { project_id, user_project_id } = this.#stack;
    db.transaction(() => {
      const { group, ...kept } = config;
      const derived = insertConfig(this.#core, project_id, { ...kept, config_group: group });
      const said = { config_id: derived.id, input_values: { ...inputs }, action, status, status_reason: reason };
      const before = this.deployed();
      if (before === null) {
        const id = uuid();
        const wanted = { ...said, server_id: server, stack_user_project_id: user_project_id };
        insertDeployment(this.#core, id, project_id, wanted);
        this.#handle.setPhysicalId(id);
      } else {
        changeDeployment(this.#core, before.id, said);
        this.#core.configs.delete(before.config_id);
      }
    });
  }

  settle(changes: Pick<Deployed, "status" | "status_reason" | "output_values">): void {
    const before = this.deployed();
    if (before !== null) this.#core.kernel.db.transaction(() => changeDeployment(this.#core, before.id, changes));
  }

  remove(): void {
    const before = this.deployed();
    if (before === null) return;
    this.#core.kernel.db.transaction(() => {
      removeDeployment(this.#core, before.id);
      this.#core.configs.delete(before.config_id);
    });
  }
}
