import { projectOf, type RequestContext, sees } from "../../../kernel/auth/context.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import { heatError, notFound } from "../errors.ts";
import { type ConfigRow, ConfigTable, type DeploymentRow, DeploymentTable } from "../store/software.ts";
import { isMap } from "../values/python.ts";
import type { Core } from "./core.ts";

export type NewConfig = Pick<ConfigRow, "name" | "config_group" | "config" | "options"> & {
  readonly inputs: readonly unknown[];
  readonly outputs: readonly unknown[];
};
export type NewDeployment = Pick<
  DeploymentRow,
  "config_id" | "server_id" | "input_values" | "action" | "status" | "status_reason"
>;
export type DeploymentChanges = Partial<Omit<DeploymentRow, "id" | "project_id" | "server_id" | "created_at">>;

/** What guests are to run, and which have. */
export class SoftwareManager {
  readonly #core: Core;
  readonly #configs: ConfigTable;
  readonly #deployments: DeploymentTable;

  constructor(core: Core) {
    this.#core = core;
    this.#configs = new ConfigTable(core.kernel.db);
    this.#deployments = new DeploymentTable(core.kernel.db);
  }

  /** Errors: 404, also for another project's. */
  config(context: RequestContext, id: string): ConfigRow {
    const row = this.#configs.get(id);
    if (row === undefined || !sees(context, row)) throw notFound(`Software config with id ${id} not found`);
    return row;
  }

  configs(context: RequestContext, page: { marker: string | null; limit: number | null }): ConfigRow[] {
    return this.#configs.page(projectOf(context), page);
  }

  createConfig(context: RequestContext, wanted: NewConfig): ConfigRow {
    return this.#configs.insert({
      ...wanted,
      id: uuid(),
      project_id: projectOf(context),
      outputs: wanted.outputs.map((output) =>
        isMap(output) ? { ...output, error_output: output.error_output ?? false } : output,
      ),
      created_at: this.#core.now,
    });
  }

  /** Errors: 409 while a deployment is of it. */
  deleteConfig({ id }: ConfigRow): void {
    if (this.#deployments.countOf({ config_id: id }) > 0) {
      throw heatError("InvalidRestrictedAction", `This config (${id}) has related software deployments.`, 400);
    }
    this.#configs.delete(id);
  }

  /** Errors: 404, also for another project's. */
  deployment(context: RequestContext, id: string): DeploymentRow {
    const row = this.#deployments.get(id);
    if (row === undefined || !sees(context, row)) throw notFound(`Deployment with id ${id} not found`);
    return row;
  }

  deployments(context: RequestContext, serverId: string | null): DeploymentRow[] {
    return this.#deployments.of(projectOf(context), serverId);
  }

  /** Errors: 404 for the config. */
  createDeployment(context: RequestContext, wanted: NewDeployment): DeploymentRow {
    this.config(context, wanted.config_id);
    return this.#deployments.insert({
      ...wanted,
      id: uuid(),
      project_id: projectOf(context),
      output_values: null,
      created_at: this.#core.now,
      updated_at: null,
    });
  }

  /** Errors: 404 for the config. */
  updateDeployment(context: RequestContext, { id }: DeploymentRow, changes: DeploymentChanges): DeploymentRow {
    if (changes.config_id !== undefined) this.config(context, changes.config_id);
    this.#deployments.update(id, { ...changes, updated_at: this.#core.now });
    return this.deployment(context, id);
  }

  deleteDeployment({ id }: DeploymentRow): void {
    this.#deployments.delete(id);
  }

  /** What the agent in a server asks for: the configs it is to run, with the values of their inputs. */
  metadata(context: RequestContext, serverId: string): ConfigRow[] {
    return this.deployments(context, serverId).flatMap(({ config_id }) => this.#configs.get(config_id) ?? []);
  }
}
