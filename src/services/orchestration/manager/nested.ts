import { requestLimitExceeded } from "../errors.ts";
import type { Environment } from "../language/environment.ts";
import type { TemplateData } from "../language/template.ts";
import { type Member, type Nested, type NestedTemplate, ResourceError } from "../resource-types/types.ts";
import type { Action } from "../states.ts";
import type { StackRow } from "../store/stacks.ts";
import type { Core } from "./core.ts";
import type { Handle } from "./handle.ts";
import type { StackManager } from "./stacks.ts";

/** The stack that stands for a resource: its physical id. */
export class NestedStack implements Nested {
  readonly #core: Core;
  readonly #stacks: StackManager;
  readonly #handle: Handle;

  constructor(core: Core, stacks: StackManager, handle: Handle) {
    this.#core = core;
    this.#stacks = stacks;
    this.#handle = handle;
  }

  #row(): StackRow | null {
    const { physicalId } = this.#handle;
    const row = physicalId === null ? undefined : this.#core.stacks.get(physicalId);
    return row === undefined || row.deleted_at !== null ? null : row;
  }

  #environmentOf({ parameters, registry }: NestedTemplate): Environment {
    const { surroundings } = this.#handle;
    return {
      parameters,
      parameter_defaults: registry === undefined ? surroundings.parameterDefaults : {},
      resource_registry: registry ?? surroundings.registry,
      event_sinks: [],
      encrypted_param_names: [],
    };
  }

  create(wanted: NestedTemplate): void {
    const owner = this.#handle.stackRow;
    const { maxDepth } = this.#core.limits;
    if (owner.nested_depth + 1 > maxDepth) throw requestLimitExceeded(`Recursion depth exceeds ${maxDepth}.`);
    this.#core.kernel.db.transaction(() => {
      const id = this.#stacks.startNested(owner, {
        name: this.#handle.physicalName(),
        resource: this.#handle.name,
        data: wanted.template,
        files: wanted.files ?? this.#handle.surroundings.files,
        environment: this.#environmentOf(wanted),
        timeoutMins: wanted.timeoutMins ?? owner.timeout_mins,
      });
      this.#handle.setPhysicalId(id);
    });
  }

  update(wanted: NestedTemplate): void {
    const row = this.#row();
    if (row === null) {
      this.create(wanted);
      return;
    }
    this.#stacks.changeNested(row, {
      data: wanted.template,
      files: wanted.files ?? this.#handle.surroundings.files,
      environment: this.#environmentOf(wanted),
      timeoutMins: wanted.timeoutMins ?? row.timeout_mins,
    });
  }

  delete(): void {
    const row = this.#row();
    if (row !== null && !(row.action === "DELETE" && row.status === "IN_PROGRESS")) this.#stacks.begin(row, "DELETE");
  }

  act(action: "SUSPEND" | "RESUME" | "CHECK" | "SNAPSHOT"): void {
    const row = this.#row();
    if (row !== null && !(row.action === action && row.status === "IN_PROGRESS")) this.#stacks.begin(row, action);
  }

  state(): ReturnType<Nested["state"]> {
    const row = this.#row();
    return row === null ? null : { name: row.name, action: row.action, status: row.status, reason: row.status_reason };
  }

  isDone(action: Action): boolean {
    const row = this.#row();
    if (row === null) {
      if (action === "DELETE") return true;
      throw new ResourceError("NotFound", `The Stack (${this.#handle.physicalId}) could not be found.`);
    }
    if (row.action !== action) return false;
    if (row.status === "FAILED") throw nestedFailure(row.status_reason);
    return row.status === "COMPLETE";
  }

  template(): TemplateData | null {
    const row = this.#row();
    return row === null ? null : this.#core.templateOf(row.template_id).data;
  }

  async output(name: string): Promise<unknown> {
    const row = this.#row();
    if (row === null) return undefined;
    const output = await this.#stacks.outputOf(row, name);
    if (output?.error !== undefined)
      throw new ResourceError("TemplateOutputError", `Error in ${this.#handle.name} output ${name}: ${output.error}`);
    return output?.value;
  }

  async outputs(): Promise<Record<string, unknown>> {
    const row = this.#row();
    const all = row === null ? [] : await this.#stacks.outputsOf(row);
    return Object.fromEntries(all.map(({ name, value }) => [name, value]));
  }

  members(): readonly Member[] {
    const row = this.#row();
    return row === null ? [] : this.#stacks.membersOf(row);
  }
}

/** "Resource CREATE failed: Kind: resources.x: why" of a nested stack goes on in the words of the outer one. */
function nestedFailure(reason: string): ResourceError {
  const [, kind, path, message] = /^Resource \w+ failed: ([^:]*): ([^:]+): (.*)$/s.exec(reason) ?? [];
  if (kind === undefined || path === undefined) return new ResourceError("Error", reason);
  const error = new ResourceError(kind, message ?? "");
  error.inner = path;
  return error;
}
