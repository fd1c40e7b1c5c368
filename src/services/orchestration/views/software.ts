import { isoSeconds } from "../../../kernel/time/clock.ts";
import type { ConfigRow, DeploymentRow } from "../store/software.ts";

export const configSummaryView = ({ id, name, config_group, created_at }: ConfigRow) => ({
  id,
  name,
  group: config_group,
  creation_time: isoSeconds(created_at),
});

export function configView(row: ConfigRow) {
  const { config, inputs, outputs, options } = row;
  return { ...configSummaryView(row), config: config ?? null, inputs, outputs, options };
}

export function deploymentView(row: DeploymentRow) {
  const {
    id,
    server_id,
    input_values,
    output_values,
    action,
    status,
    status_reason,
    config_id,
    created_at,
    updated_at,
  } = row;
  return {
    id,
    server_id,
    input_values,
    output_values,
    action,
    status,
    status_reason,
    config_id,
    creation_time: isoSeconds(created_at),
    ...(updated_at === null ? {} : { updated_time: isoSeconds(updated_at) }),
  };
}
