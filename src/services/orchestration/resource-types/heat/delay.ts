import { randomInt } from "node:crypto";
import { ResourceError, type ResourceType, type Run } from "../types.ts";

interface Properties {
  min_wait: number;
  max_jitter: number;
  jitter_multiplier: number;
  actions: readonly string[];
}

const longest = ({ min_wait, max_jitter, jitter_multiplier }: Properties) => min_wait + max_jitter * jitter_multiplier;

function chooseWait(run: Run, action: string): void {
  const properties = run.properties as unknown as Properties;
  if (run.data.action === action || !properties.actions.includes(action)) return;
  const jitter = randomInt(1_000_001) / 1_000_000;
  run.setData("wait", properties.min_wait + properties.max_jitter * properties.jitter_multiplier * jitter);
  run.setData("action", action);
}

const isOver = (run: Run, action: string): boolean =>
  run.data.action !== action || run.now() - run.startedAt >= Number(run.data.wait) * 1000;

const number = { type: "number", update_allowed: true, constraints: [{ range: { min: 0 } }] } as const;

export const delay: ResourceType = {
  name: "OS::Heat::Delay",
  service: null,
  support: { version: "11.0.0" },
  description: "Takes its time, so that what depends on it comes later.",
  properties: {
    min_wait: { ...number, default: 0, description: "Seconds it takes at least." },
    max_jitter: { ...number, default: 0, description: "Most that chance adds." },
    jitter_multiplier: { ...number, default: 1, description: "How many seconds one unit of max_jitter is." },
    actions: {
      type: "list",
      update_allowed: true,
      default: ["CREATE"],
      constraints: [{ allowed_values: ["CREATE", "DELETE", "SUSPEND", "RESUME"] }],
      description: "Which actions take their time.",
    },
  },
  attributes: {},
  validate({ properties }) {
    const most = longest(properties as unknown as Properties);
    if (most > 3600) throw new ResourceError("StackValidationFailed", "Delay is longer than a stack's time");
  },
  create(run) {
    run.setPhysicalId(run.physicalName());
    chooseWait(run, "CREATE");
  },
  isCreated: (run) => isOver(run, "CREATE"),
  update() {},
  delete: (run) => chooseWait(run, "DELETE"),
  isDeleted: (run) => isOver(run, "DELETE"),
  suspend: (run) => chooseWait(run, "SUSPEND"),
  isSuspended: (run) => isOver(run, "SUSPEND"),
  resume: (run) => chooseWait(run, "RESUME"),
  isResumed: (run) => isOver(run, "RESUME"),
  reference: ({ physicalName }) => physicalName(),
  check() {},
};
