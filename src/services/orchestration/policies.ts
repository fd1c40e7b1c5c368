import {
  allOf,
  anyOf,
  anyone,
  authenticated,
  nobody,
  ownProject,
  type PolicyTable,
  projectMemberOrAdmin,
  projectReaderOrAdmin,
  type Rule,
  role,
} from "../../kernel/policy/policy.ts";

/** Users that stacks make for signals may do nothing else. */
const noStackUser: Rule = {
  text: "not role:heat_stack_user",
  asksOwner: false,
  allows: ({ roles }) => !roles.has("heat_stack_user"),
};
const stackUser = allOf(role("heat_stack_user"), ownProject);

const member = allOf(noStackUser, projectMemberOrAdmin);
const reader = allOf(noStackUser, projectReaderOrAdmin);

const table = (rule: Rule, prefix: string, names: readonly string[]): PolicyTable =>
  Object.fromEntries(names.map((name) => [`${prefix}:${name}`, rule]));

/** Names and rules of heat/policies. */
export const policies: PolicyTable = {
  "versions:list": anyone,
  ...table(reader, "stacks", [
    "detail",
    "index",
    "list_resource_types",
    "list_template_versions",
    "list_template_functions",
    "preview",
    "resource_schema",
    "show",
    "template",
    "environment",
    "files",
    "preview_update",
    "preview_update_patch",
    "validate_template",
    "show_snapshot",
    "list_snapshots",
    "list_outputs",
    "show_output",
  ]),
  ...table(member, "stacks", [
    "abandon",
    "create",
    "delete",
    "export",
    "generate_template",
    "update",
    "update_patch",
    "snapshot",
    "delete_snapshot",
    "restore_snapshot",
  ]),
  "stacks:global_index": nobody,
  "stacks:lookup": anyOf(reader, stackUser),
  "actions:action": member,
  "build_info:build_info": reader,
  ...table(reader, "events", ["index", "show"]),
  ...table(reader, "resource", ["index"]),
  "resource:metadata": anyOf(reader, stackUser),
  "resource:show": reader,
  "resource:signal": anyOf(member, stackUser),
  "resource:mark_unhealthy": member,
  ...table(reader, "software_configs", ["index", "show"]),
  ...table(member, "software_configs", ["create", "delete"]),
  "software_configs:global_index": nobody,
  ...table(reader, "software_deployments", ["index", "show"]),
  ...table(member, "software_deployments", ["create", "update", "delete"]),
  // The agent in a server asks as a user of its stack.
  "software_deployments:metadata": anyOf(reader, stackUser),
  // Each action asks the rules above, too, about what it touches.
  ...table(noStackUser, "cloudformation", [
    "ListStacks",
    "DescribeStacks",
    "CreateStack",
    "UpdateStack",
    "CancelUpdateStack",
    "DeleteStack",
    "GetTemplate",
    "EstimateTemplateCost",
    "ValidateTemplate",
    "DescribeStackEvents",
    "DescribeStackResources",
    "ListStackResources",
  ]),
  "cloudformation:DescribeStackResource": authenticated,
  "service:index": allOf(noStackUser, role("admin")),
};
