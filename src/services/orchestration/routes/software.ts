import { type AnyRoute, caller, ofProject, route } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import { deploymentChanges, newConfig, newDeployment } from "../schemas/software.ts";
import type { ConfigRow, DeploymentRow } from "../store/software.ts";
import { configSummaryView, configView, deploymentView } from "../views/software.ts";
import { booleanOf, last, limitOf, ownTenant, TENANT } from "./paths.ts";

interface ConfigBody {
  name?: string | null;
  group?: string | null;
  config?: unknown;
  inputs?: readonly unknown[] | null;
  outputs?: readonly unknown[] | null;
  options?: Record<string, unknown> | null;
}

interface DeploymentBody {
  config_id: string;
  server_id: string;
  input_values?: Record<string, unknown> | null;
  output_values?: Record<string, unknown> | null;
  action?: string | null;
  status?: string | null;
  status_reason?: string | null;
}

/** Longest config; scripts are. */
const MAX_BODY = 1_048_576;

export function softwareRoutes({ software }: Managers): AnyRoute[] {
  const config = ofProject<ConfigRow>("software config", ({ context, param }) =>
    software.config(context, param("config_id")),
  );
  const deployment = ofProject<DeploymentRow>("software deployment", ({ context, param }) =>
    software.deployment(context, param("deployment_id")),
  );
  const configs = `${TENANT}/software_configs`;
  const deployments = `${TENANT}/software_deployments`;
  const common = { url: ownTenant } as const;
  return [
    route({
      ...common,
      name: "software-configs:list",
      method: "GET",
      path: configs,
      policy: "software_configs:index",
      of: caller,
      success: 200,
      handler(request) {
        const { query, context } = request;
        if (query.get("global_tenant") && booleanOf("global_tenant", query.get("global_tenant"))) {
          request.authorize({}, "software_configs:global_index");
        }
        const rows = software.configs(context, { marker: last(query, "marker"), limit: limitOf(query) });
        const withProject = (row: ConfigRow) => (context.isAdmin ? { project: row.project_id } : {});
        return { body: { software_configs: rows.map((row) => ({ ...configSummaryView(row), ...withProject(row) })) } };
      },
    }),
    route<ConfigBody>({
      ...common,
      name: "software-configs:create",
      method: "POST",
      path: configs,
      policy: "software_configs:create",
      of: caller,
      request: newConfig,
      maxBody: MAX_BODY,
      success: 200,
      handler({ body, context }) {
        const made = software.createConfig(context, {
          name: body.name ?? null,
          config_group: body.group ?? null,
          config: body.config ?? null,
          inputs: body.inputs ?? [],
          outputs: body.outputs ?? [],
          options: body.options ?? {},
        });
        return { body: { software_config: configView(made) } };
      },
    }),
    route<unknown, ConfigRow>({
      ...common,
      name: "software-configs:show",
      method: "GET",
      path: `${configs}/:config_id`,
      policy: "software_configs:show",
      of: config,
      success: 200,
      handler: ({ thing }) => ({ body: { software_config: configView(thing) } }),
    }),
    route<unknown, ConfigRow>({
      ...common,
      name: "software-configs:delete",
      method: "DELETE",
      path: `${configs}/:config_id`,
      policy: "software_configs:delete",
      of: config,
      success: 204,
      handler({ thing }) {
        software.deleteConfig(thing);
        return undefined;
      },
    }),
    route({
      ...common,
      name: "software-deployments:list",
      method: "GET",
      path: deployments,
      policy: "software_deployments:index",
      of: caller,
      success: 200,
      handler: ({ context, query }) => ({
        body: { software_deployments: software.deployments(context, last(query, "server_id")).map(deploymentView) },
      }),
    }),
    route({
      ...common,
      name: "software-deployments:metadata",
      method: "GET",
      path: `${deployments}/metadata/:url_server_id`,
      policy: "software_deployments:metadata",
      // Of the caller's project: which server is asked about is only a filter.
      of: caller,
      success: 200,
      handler: ({ context, param }) => ({
        body: { metadata: software.metadata(context, param("url_server_id")).map(configView) },
      }),
    }),
    route<DeploymentBody>({
      ...common,
      name: "software-deployments:create",
      method: "POST",
      path: deployments,
      policy: "software_deployments:create",
      of: caller,
      request: newDeployment,
      success: 200,
      handler({ body, context }) {
        const { config_id, server_id, input_values, action, status, status_reason } = body;
        const made = software.createDeployment(context, {
          config_id,
          server_id,
          input_values: input_values ?? {},
          action: action ?? null,
          status: status ?? null,
          status_reason: status_reason ?? null,
          stack_user_project_id: null,
        });
        return { body: { software_deployment: deploymentView(made) } };
      },
    }),
    route<unknown, DeploymentRow>({
      ...common,
      name: "software-deployments:show",
      method: "GET",
      path: `${deployments}/:deployment_id`,
      policy: "software_deployments:show",
      of: deployment,
      success: 200,
      handler: ({ thing }) => ({ body: { software_deployment: deploymentView(thing) } }),
    }),
    route<Partial<DeploymentBody>, DeploymentRow>({
      ...common,
      name: "software-deployments:update",
      method: "PUT",
      path: `${deployments}/:deployment_id`,
      policy: "software_deployments:update",
      of: deployment,
      request: deploymentChanges,
      success: 200,
      handler({ body, context, thing }) {
        const { config_id, input_values, output_values, action, status, status_reason } = body;
        const said = Object.entries({ config_id, input_values, output_values, action, status, status_reason });
        const changes = Object.fromEntries(said.filter(([, value]) => value !== undefined && value !== null));
        return { body: { software_deployment: deploymentView(software.updateDeployment(context, thing, changes)) } };
      },
    }),
    route<unknown, DeploymentRow>({
      ...common,
      name: "software-deployments:delete",
      method: "DELETE",
      path: `${deployments}/:deployment_id`,
      policy: "software_deployments:delete",
      of: deployment,
      success: 204,
      handler({ thing }) {
        software.deleteDeployment(thing);
        return undefined;
      },
    }),
  ];
}
