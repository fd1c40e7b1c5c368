import { isoSeconds } from "../../../kernel/time/clock.ts";
import type { DeploymentRow } from "../store/software.ts";

export { toldConfig as configView, toldSummary as configSummaryView } from "../values/software.ts";

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
