import type { SettingsDeclaration } from "../../kernel/config/declaration.ts";
import { files, variables } from "./variables.ts";

export interface OrchestrationSettings {
  /** heat [DEFAULT] max_stacks_per_tenant; -1 is unlimited, as below. */
  readonly maxStacks: number;
  /** max_resources_per_stack */
  readonly maxResources: number;
  /** max_template_size, bytes. */
  readonly maxTemplateSize: number;
  /** max_nested_stack_depth */
  readonly maxDepth: number;
  /** stack_action_timeout, seconds. */
  readonly actionTimeout: number;
  /** hidden_stack_tags */
  readonly hiddenTags: readonly string[];
  /** enable_stack_abandon */
  readonly adoptAbandon: boolean;
}

declare module "../../kernel/config/settings.ts" {
  interface Settings {
    readonly orchestration: OrchestrationSettings;
  }
  interface PortSettings {
    /** HEAT_API_PORT (8004) */
    readonly orchestration: number;
    /** HEAT_API_CFN_PORT (8000) */
    readonly orchestrationCfn: number;
  }
}

export const settings: SettingsDeclaration = {
  groups: [{ title: "Orchestration", variables }],
  files,
  newDefaults: "HEAT_ENFORCE_NEW_DEFAULTS",
  ports: {
    orchestration: {
      variable: "HEAT_API_PORT",
      what: "orchestration",
      ifTaken: "that API is only on the main port then",
      classic: true,
    },
    orchestrationCfn: {
      variable: "HEAT_API_CFN_PORT",
      what: "orchestration's CloudFormation API",
      ifTaken: "that API is only on the main port then",
      classic: true,
    },
  },
  build: (r) => ({
    orchestration: {
      maxStacks: r.option("heat/DEFAULT/max_stacks_per_tenant"),
      maxResources: r.option("heat/DEFAULT/max_resources_per_stack"),
      maxTemplateSize: r.option("heat/DEFAULT/max_template_size"),
      maxDepth: r.option("heat/DEFAULT/max_nested_stack_depth"),
      actionTimeout: r.option("heat/DEFAULT/stack_action_timeout"),
      hiddenTags: r.option("heat/DEFAULT/hidden_stack_tags"),
      adoptAbandon: r.option("heat/DEFAULT/enable_stack_abandon"),
    },
  }),
};
