import { ValidationFailed } from "../../language/mistakes.ts";
import { nestedHandlers, part } from "../nested.ts";
import { type Made, type Member, ResourceError, type ResourceType, type Run, type Values } from "../types.ts";
import {
  type Adjustment,
  adjust,
  beginChange,
  firstTemplate,
  isChangeDone,
  newCapacity,
  type Policy,
  scaled,
  sizeOf,
  startCooldown,
} from "./scaling.ts";

interface Properties {
  readonly resource: Values;
  readonly max_size: number;
  readonly min_size: number;
  readonly cooldown: number | null;
  readonly desired_capacity: number | null;
  readonly rolling_updates: { min_in_service: number; max_batch_size: number; pause_time: number };
}

const of = ({ properties }: Pick<Made, "properties">) => properties as unknown as Properties;
const limitsOf = (made: Pick<Made, "properties">) => ({ min: of(made).min_size, max: of(made).max_size });

function policyOf(made: Pick<Made, "properties">): Policy {
  const { min_in_service, max_batch_size, pause_time } = of(made).rolling_updates;
  return { minInService: min_in_service, batchSize: max_batch_size, pause: pause_time };
}

const firstSize = (made: Pick<Made, "properties">): number => of(made).desired_capacity || of(made).min_size;

/** Errors: 400. */
export function requireSizes(min: number, max: number, desired: number | null): void {
  if (max < min) throw new ValidationFailed("MinSize can not be greater than MaxSize");
  if (min < 0) throw new ValidationFailed("The size of AutoScalingGroup can not be less than zero");
  // One that depends on what is not known yet is none.
  if (desired !== null && desired !== undefined && (desired < min || desired > max))
    throw new ValidationFailed("DesiredCapacity must be between MinSize and MaxSize");
}

/** Once, when a change is over. */
function finished(run: Run): true {
  startCooldown(run, of(run).cooldown ?? 0, `ExactCapacity : ${sizeOf(run)}`);
  return true;
}

/** What a signal to a policy asks of a group. Returns whether it does anything. */
export function adjustGroup(
  run: Run,
  wanted: { adjustment: number; kind: Adjustment; leastStep: number | null; cooldown: number | null; reason: string },
): boolean {
  const size = newCapacity(sizeOf(run), wanted.adjustment, wanted.kind, wanted.leastStep, limitsOf(run));
  return adjust(run, of(run).resource, size, wanted.cooldown ?? of(run).cooldown ?? 0, wanted.reason);
}

/** In the order they were made. */
const inOrder = (made: Made): Member[] =>
  made.nested
    .members()
    .filter(({ status }) => status !== "FAILED")
    .sort((one, other) => one.createdAt - other.createdAt || (one.name < other.name ? -1 : 1));

const size = { type: "integer", update_allowed: true, constraints: [{ range: { min: 0 } }] } as const;

export const autoScalingGroup: ResourceType = {
  name: "OS::Heat::AutoScalingGroup",
  service: null,
  support: { version: "2014.1" },
  description: "A number of resources that are alike, which policies make larger and smaller.",
  className: "AutoScalingResourceGroup",
  properties: {
    resource: {
      type: "map",
      required: true,
      update_allowed: true,
      description: "What each of them is, as a template would say it.",
    },
    max_size: { ...size, required: true, description: "How many there are at most." },
    min_size: { ...size, required: true, description: "How many there are at least." },
    cooldown: { type: "integer", update_allowed: true, description: "Seconds between two changes of size." },
    desired_capacity: { type: "integer", update_allowed: true, description: "How many there are at first." },
    rolling_updates: {
      type: "map",
      update_allowed: true,
      default: { min_in_service: 0, max_batch_size: 1, pause_time: 0 },
      description: "How many are changed at a time when what they are changes.",
      fields: {
        min_in_service: {
          type: "integer",
          default: 0,
          constraints: [{ range: { min: 0 } }],
          description: "How many have to be there meanwhile.",
        },
        max_batch_size: {
          type: "integer",
          default: 1,
          constraints: [{ range: { min: 1 } }],
          description: "How many are changed at once.",
        },
        pause_time: {
          type: "number",
          default: 0,
          constraints: [{ range: { min: 0 } }],
          description: "Seconds between two batches.",
        },
      },
    },
  },
  attributes: {
    outputs: { type: "map", description: "An attribute of each of them, by its name." },
    outputs_list: { type: "list", description: "An attribute of each of them." },
    current_size: { type: "integer", description: "How many there are." },
    refs: { type: "list", description: "What get_resource gives for each of them." },
    refs_map: { type: "map", description: "The same by their names." },
  },
  takesPath: true,
  validate(wanted) {
    const { min_size, max_size, desired_capacity } = of(wanted);
    requireSizes(min_size, max_size, desired_capacity);
  },
  nestedTemplate: (wanted) => firstTemplate(of(wanted).resource, Math.min(1, Math.max(1, firstSize(wanted)))),
  ...nestedHandlers((run) => firstTemplate(of(run).resource, firstSize(run))),
  isCreated: (run) => run.nested.isDone("CREATE") && finished(run),
  update(run, changed) {
    const definition = of(run).resource;
    if (run.nested.state() === null) return run.nested.create(firstTemplate(definition, firstSize(run)));
    const current = sizeOf(run);
    const wanted = of(run).desired_capacity || current;
    const end = newCapacity(current, wanted, "exact", null, limitsOf(run));
    const rolling = changed.resource === undefined ? null : policyOf(run);
    beginChange(run, definition, { size: end, rolling });
  },
  isUpdated: (run) => isChangeDone(run, policyOf(run)) && finished(run),
  nestedDone: scaled,
  async attribute(made, name, path) {
    const members = inOrder(made);
    const byName = (values: readonly (readonly [string, unknown])[]) => Object.fromEntries(values);
    const ofEach = (attribute: unknown, rest: readonly unknown[]) =>
      Promise.all(members.map(async (one) => [one.name, await one.attribute(String(attribute), rest)] as const));
    if (name === "show") return null;
    if (name === "current_size") return sizeOf(made);
    if (name === "refs")
      return part(
        members.map((one) => one.reference()),
        path,
      );
    if (name === "refs_map") return part(byName(members.map((one) => [one.name, one.reference()])), path);
    if (name === "outputs" || name === "outputs_list") {
      const [attribute, ...rest] = path;
      if (attribute === undefined) return null;
      const values = await ofEach(attribute, rest);
      return name === "outputs" ? byName(values) : values.map(([, value]) => value);
    }
    if (name.startsWith("resource.")) {
      const [, index = "", ...rest] = name.split(".");
      const member = /^\d+$/.test(index) ? members[Number(index)] : undefined;
      if (member === undefined)
        throw new ResourceError("NotFound", `Member '${index}' not found in group resource '${made.name}'.`);
      const [attribute, ...inside] = [...(rest.length === 0 ? [] : [rest.join(".")]), ...path];
      return attribute === undefined ? member.reference() : member.attribute(String(attribute), inside);
    }
    return null;
  },
};
