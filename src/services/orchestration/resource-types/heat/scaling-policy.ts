import { valueMistake } from "../../language/mistakes.ts";
import type { Schema } from "../../language/schema.ts";
import { isMap } from "../../values/python.ts";
import { signalUrl, signedUrl, withUser } from "../signals.ts";
import { ResourceError, type ResourceType, type Values } from "../types.ts";
import { adjustGroup, autoScalingGroup } from "./auto-scaling-group.ts";
import { ADJUSTMENTS } from "./scaling.ts";

/** heat/engine/resources/openstack/heat/scaling_policy.py: what a signal, or an alarm, does to a group. */

interface Names {
  readonly group: string;
  readonly adjustment: string;
  readonly kind: string;
  readonly cooldown: string;
  readonly step: string;
  readonly kinds: readonly string[];
}

function policy(names: Names, whole: "number" | "integer") {
  const percent = names.kinds[2];
  const properties: Record<string, Schema> = {
    [names.group]: { type: "string", required: true, description: "The group." },
    [names.adjustment]: { type: whole, required: true, update_allowed: true, description: "By how much, or to what." },
    [names.kind]: {
      type: "string",
      required: true,
      update_allowed: true,
      constraints: [{ allowed_values: [...names.kinds] }],
      description: "What the adjustment is.",
    },
    [names.cooldown]: { type: whole, update_allowed: true, description: "Seconds until the group is scaled again." },
    [names.step]: {
      type: "integer",
      update_allowed: true,
      constraints: [{ range: { min: 0 } }],
      description: "How many come or go at least, where the adjustment is a percentage.",
    },
  };
  return {
    service: null,
    properties,
    validate({ properties: given }) {
      const values = given as Values;
      if ((values[names.step] ?? null) === null || values[names.kind] === percent) return;
      throw valueMistake(`${names.step} property should only be specified for ${names.kind} with value ${percent}.`);
    },
    create(run) {
      const id = run.user.make();
      signedUrl(run, "signal");
      run.setPhysicalId(id);
    },
    update() {},
    ...withUser,
    signal(run, details) {
      const values = run.properties as Values;
      const group = run.sibling(values[names.group]);
      if (group === null || group.type !== autoScalingGroup) {
        const said = `Alarm ${run.name} could not find scaling group named "${String(values[names.group])}"`;
        throw new ResourceError("NotFound", said);
      }
      if (details !== null && details !== undefined && !isMap(details))
        throw new ResourceError("AttributeError", "A signal is a map");
      const kind = String(values[names.kind]);
      const adjustment = Number(values[names.adjustment]);
      const does = adjustGroup(group.run, {
        adjustment,
        kind: ADJUSTMENTS[kind] ?? "change",
        leastStep: (values[names.step] as number | null) ?? null,
        cooldown: (values[names.cooldown] as number | null) ?? null,
        reason: `${kind} : ${adjustment}`,
      });
      return does ? "" : null;
    },
  } satisfies Partial<ResourceType>;
}

const text = { type: "string" } as const;

export const scalingPolicy: ResourceType = {
  name: "OS::Heat::ScalingPolicy",
  description: "Makes a group larger or smaller when it gets a signal.",
  className: "AutoScalingPolicy",
  ...policy(
    {
      group: "auto_scaling_group_id",
      adjustment: "scaling_adjustment",
      kind: "adjustment_type",
      cooldown: "cooldown",
      step: "min_adjustment_step",
      kinds: ["change_in_capacity", "exact_capacity", "percent_change_in_capacity"],
    },
    "number",
  ),
  attributes: {
    alarm_url: { ...text, description: "A signed URL that signals are sent to." },
    signal_url: { ...text, description: "Where heat's own API takes signals." },
  },
  attribute(made, name) {
    if (made.physicalId === null) return null;
    if (name === "alarm_url") return made.data.ec2_signed_url ?? null;
    return name === "signal_url" ? signalUrl(made) : null;
  },
};
