import { type Made, ResourceError, type ResourceType, type Run, replace } from "../types.ts";

interface Properties {
  value: string;
  update_replace: boolean;
  update_replace_value: string | null;
  fail: boolean;
  wait_secs: number;
  attr_wait_secs: number;
  action_wait_secs: Readonly<Record<string, number | null>> | null;
}

const of = ({ properties }: Pick<Made, "properties">) => properties as unknown as Properties;
const seconds = { type: "number", update_allowed: true } as const;

/** Whether the time has passed for which the action is to take. */
function waited(run: Run, action: string): boolean {
  const { action_wait_secs, wait_secs } = of(run);
  return run.now() - run.startedAt >= (action_wait_secs?.[action] ?? wait_secs) * 1000;
}

function failIfAsked(run: Run, action: string): void {
  if (of(run).fail) throw new ResourceError("ValueError", `Test Resource failed ${run.name}${action}`);
}

/** Does what templates of tests ask of it: waits, fails, is replaced. */
export const testResource: ResourceType = {
  name: "OS::Heat::TestResource",
  service: null,
  support: { version: "5.0.0" },
  description: "Waits, fails or is replaced as a test asks.",
  properties: {
    value: {
      type: "string",
      default: "test_string",
      update_allowed: true,
      description: "What the attribute output gives.",
    },
    fail: { type: "boolean", default: false, update_allowed: true, description: "Whether its actions fail." },
    update_replace: {
      type: "boolean",
      default: false,
      update_allowed: true,
      description: "Whether an update makes a new one.",
    },
    update_replace_value: { type: "string", description: "Another value makes a new one." },
    wait_secs: { ...seconds, default: 0, description: "How many seconds each action takes." },
    action_wait_secs: {
      type: "map",
      update_allowed: true,
      description: "How many seconds single actions take.",
      fields: { create: seconds, update: seconds, delete: seconds },
    },
    attr_wait_secs: { ...seconds, default: 0, description: "How many seconds its attribute takes." },
    client_name: {
      type: "string",
      default: "",
      update_allowed: true,
      description: "A service to look something up in.",
    },
    entity_name: { type: "string", default: "", update_allowed: true, description: "What to look up there." },
    constraint_prop_secs: {
      ...seconds,
      default: 0,
      constraints: [{ custom_constraint: "test_constr" }],
      description: "How many seconds its constraint takes.",
    },
  },
  attributes: { output: { description: "The value it was given." } },
  create(run) {
    run.setPhysicalId(run.physicalName());
    run.setData("value", of(run).value);
  },
  isCreated(run) {
    if (!waited(run, "create")) return false;
    failIfAsked(run, "");
    return true;
  },
  needsReplace: (run, changed) =>
    changed.update_replace === true || (changed.update_replace === undefined && of(run).update_replace),
  update(run) {
    if (of(run).update_replace) throw replace();
    run.setData("value", of(run).value);
  },
  isUpdated(run) {
    if (!waited(run, "update")) return false;
    failIfAsked(run, "");
    return true;
  },
  isDeleted: (run) => waited(run, "delete"),
  reference: ({ physicalName }) => physicalName(),
  attribute: ({ data }) => data.value ?? null,
  check() {},
};
