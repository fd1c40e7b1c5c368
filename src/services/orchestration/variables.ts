import { type ConfigurationFiles, own, same } from "../../kernel/config/declaration.ts";
import { boolean, integer, list, quota } from "../../kernel/config/types.ts";
import { classicPort, newDefaults } from "../../kernel/config/variable.ts";

/** What it understands of localrc. */
export const variables = {
  HEAT_API_PORT: classicPort(8004, "Classic port of orchestration."),
  HEAT_API_CFN_PORT: classicPort(8000, "Port of orchestration's CloudFormation API."),
  HEAT_ENFORCE_NEW_DEFAULTS: newDefaults("heat"),
};

/** What it understands of its configuration file. */
const options = {
  "DEFAULT/max_stacks_per_tenant": own(quota, 512, "Stacks per project, nested ones not counted."),
  "DEFAULT/max_resources_per_stack": own(quota, 1000, "Resources of a stack with all that is nested in it."),
  "DEFAULT/max_template_size": own(integer(1), 524_288, "Longest template, bytes."),
  "DEFAULT/max_nested_stack_depth": own(integer(1), 5, "How deep stacks may be nested."),
  "DEFAULT/stack_action_timeout": own(integer(1), 3600, "Seconds an action of a stack may take where nobody says."),
  "DEFAULT/hidden_stack_tags": own(list, "data-processing-cluster", "Tags of stacks that lists leave out."),
  "DEFAULT/enable_stack_abandon": own(boolean, "False", "Whether stacks can be abandoned and exported."),
  "oslo_policy/enforce_new_defaults": same("HEAT_ENFORCE_NEW_DEFAULTS"),
};

export const files: ConfigurationFiles = {
  name: "heat",
  variable: "$HEAT_CONF",
  targets: [/^\$HEAT_CONF$|\/heat\.conf$/],
  options,
};

type OrchestrationVariables = typeof variables;

declare module "../../kernel/config/variables.ts" {
  interface ServiceVariables extends OrchestrationVariables {}
  interface OptionTables {
    heat: typeof options;
  }
}
