import { projectOf, type RequestContext, sees } from "../../../kernel/auth/context.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import { heatError, notFound } from "../errors.ts";
import type { ConfigRow, DeploymentRow } from "../store/software.ts";
import { isMap } from "../values/python.ts";
import { toldConfig } from "../values/software.ts";
import type { Core } from "./core.ts";

export type NewConfig = Pick<ConfigRow, "name" | "config_group" | "config" | "options"> & {
  readonly inputs: readonly unknown[];
  readonly outputs: readonly unknown[];
};
export type NewDeployment = Pick<
  DeploymentRow,
  "config_id" | "server_id" | "input_values" | "action" | "status" | "status_reason" | "stack_user_project_id"
>;
export type DeploymentChanges = Partial<Omit<DeploymentRow, "id" | "project_id" | "server_id" | "created_at">>;

/** What guests are to run, and which have. */
export class SoftwareManager {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  /** Errors: 404, also for another project's. */
  config(context: RequestContext, id: string): ConfigRow {
    const row = this.#core.configs.get(id);
    if (row === undefined || !sees(context, row)) throw notFound(`Software config with id ${id} not found`);
    return row;
  }

  configs(context: RequestContext, page: { marker: string | null; limit: number | null }): ConfigRow[] {
    return this.#core.configs.page(projectOf(context), page);
  }

  createConfig(context: RequestContext, wanted: NewConfig): ConfigRow {
    return insertConfig(this.#core, projectOf(context), wanted);
  }

  /** Errors: 409 while a deployment is of it. */
  deleteConfig({ id }: ConfigRow): void {
    if (this.#core.deployments.countOf({ config_id: id }) > 0) {
      throw heatError("InvalidRestrictedAction", `This config (${id}) has related software deployments.`, 400);
    }
    this.#core.configs.delete(id);
  }

  /** Errors: 404, also for another project's. */
  deployment(context: RequestContext, id: string): DeploymentRow {
    const row = this.#core.deployments.get(id);
    if (row === undefined || !sees(context, row)) throw notFound(`Deployment with id ${id} not found`);
    return row;
  }

  deployments(context: RequestContext, serverId: string | null): DeploymentRow[] {
    return this.#core.deployments.of(projectOf(context), serverId);
  }

  /** Errors: 404 for the config. */
  createDeployment(context: RequestContext, wanted: NewDeployment): DeploymentRow {
    this.config(context, wanted.config_id);
    return this.#core.kernel.db.transaction(() => insertDeployment(this.#core, uuid(), projectOf(context), wanted));
  }

  /** Errors: 404 for the config. */
  updateDeployment(context: RequestContext, { id }: DeploymentRow, changes: DeploymentChanges): DeploymentRow {
    if (changes.config_id !== undefined) this.config(context, changes.config_id);
    this.#core.kernel.db.transaction(() => changeDeployment(this.#core, id, changes));
    return this.deployment(context, id);
  }

  deleteDeployment({ id }: DeploymentRow): void {
    this.#core.kernel.db.transaction(() => removeDeployment(this.#core, id));
  }

  /** What the agent in a server asks for: the configs it is to run, with the values of their inputs. */
  metadata(context: RequestContext, serverId: string): ConfigRow[] {
    const projectId = projectOf(context);
    const own = this.deployments(context, serverId);
    return configsOf(this.#core, [...own, ...this.#core.deployments.ofUsers(projectId, serverId)]);
  }
}

export function insertConfig(core: Core, projectId: string, wanted: NewConfig): ConfigRow {
  return core.configs.insert({
    ...wanted,
    id: uuid(),
    project_id: projectId,
    outputs: wanted.outputs.map((output) =>
      isMap(output) ? { ...output, error_output: output.error_output ?? false } : output,
    ),
    created_at: core.now,
  });
}

/** Call it, and what follows, in a transaction. */
export function insertDeployment(core: Core, id: string, projectId: string, wanted: NewDeployment): DeploymentRow {
  const made = core.deployments.insert({
    ...wanted,
    id,
    project_id: projectId,
    output_values: null,
    created_at: core.now,
    updated_at: null,
  });
  tell(core, made);
  return made;
}

export function changeDeployment(core: Core, id: string, changes: DeploymentChanges): void {
  core.deployments.update(id, { ...changes, updated_at: core.now });
  const row = core.deployments.get(id);
  if (row !== undefined) tell(core, row);
}

export function removeDeployment(core: Core, id: string): void {
  const row = core.deployments.get(id);
  if (row === undefined) return;
  core.deployments.delete(id);
  tell(core, row);
}

/** By their names, so that users can say what comes first. */
function configsOf(core: Core, deployments: readonly DeploymentRow[]): ConfigRow[] {
  const configs = deployments.flatMap(({ config_id }) => core.configs.get(config_id) ?? []);
  const name = (row: ConfigRow) => row.name ?? "";
  return configs.sort((one, other) => (name(one) < name(other) ? -1 : name(one) > name(other) ? 1 : 0));
}

/** The resource that is this server has what it is to run in its metadata, which its agent polls. */
function tell(core: Core, { project_id, server_id }: Pick<DeploymentRow, "project_id" | "server_id">): void {
  const configs = configsOf(core, core.deployments.of(project_id, server_id));
  for (const row of core.resources.list({ physical_id: server_id })) {
    const stack = core.stacks.get(row.stack_id);
    if (stack?.project_id !== project_id || row.action === "DELETE") continue;
    core.setResource(row.id, { metadata: { ...row.metadata, deployments: configs.map(toldConfig) } });
  }
  core.announce();
}
