import type { Kernel } from "../../../kernel/module.ts";
import { Changes } from "./changes.ts";
import { Convergence } from "./convergence.ts";
import { Core } from "./core.ts";
import { Engine } from "./engine.ts";
import { Hooks } from "./hooks.ts";
import { Inspection } from "./inspection.ts";
import { ResourceWork } from "./resource-work.ts";
import { SnapshotManager } from "./snapshots.ts";
import { SoftwareManager } from "./software.ts";
import { StackView } from "./stack-view.ts";
import { StackManager } from "./stacks.ts";
import { TypeManager } from "./types.ts";
import { prepareAccounts } from "./users.ts";
import { Validation } from "./validation.ts";

export function createManagers(kernel: Kernel) {
  const core = new Core(kernel);
  const view = new StackView(core);
  const hooks = new Hooks(core);
  const work = new ResourceWork(core);
  const validation = new Validation(core);
  const convergence = new Convergence(core, work, hooks, view);
  const engine = new Engine(core, { convergence, work, view });
  const stacks = new StackManager(core, { engine, view, validation });
  view.stacks = stacks;
  const inspection = new Inspection(core, { stacks, view, validation, hooks });
  const snapshots = new SnapshotManager(core, stacks);
  const changes = new Changes(core, { stacks, view });
  const software = new SoftwareManager(core);
  const types = new TypeManager((service) => kernel.has(service));
  return {
    prepareAccounts: () => prepareAccounts(core),
    core,
    stacks,
    snapshots,
    changes,
    software,
    inspection,
    validation,
    types,
  };
}

export type Managers = ReturnType<typeof createManagers>;
