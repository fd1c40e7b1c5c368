import { randomBytes } from "node:crypto";
import { isMap, same } from "../../values/python.ts";
import type { Made, Member, NestedTemplate, Run } from "../types.ts";

/** What groups that scale have in common: heat/scaling and heat/engine/resources/openstack/heat/instance_group.py. */

const LETTERS = "abcdefghijklmnopqrstuvwxyz234567";

/** A member's name: 12 letters and digits. */
const memberName = (): string => [...randomBytes(12)].map((byte) => LETTERS[byte % LETTERS.length]).join("");

export interface Policy {
  readonly minInService: number;
  readonly batchSize: number;
  /** Seconds between two batches. */
  readonly pause: number;
}

/** Definitions by the names of members, the oldest first. */
type Definitions = readonly (readonly [name: string, definition: unknown])[];

/** Members in the order they were made, those that failed first, so that they go first. */
function inAge(members: readonly Member[]): Member[] {
  const failed = ({ status }: Member) => (status === "FAILED" ? 0 : 1);
  return [...members].sort(
    (one, other) => failed(one) - failed(other) || one.createdAt - other.createdAt || (one.name < other.name ? -1 : 1),
  );
}

/** How many there are that did not fail. */
export const sizeOf = (made: Made): number =>
  made.nested.members().filter(({ status, action }) => status !== "FAILED" && action !== "DELETE").length;

const definitionsIn = (made: Made): Readonly<Record<string, unknown>> => {
  const template = made.nested.template();
  const found = template?.resources ?? template?.Resources;
  return isMap(found) ? found : {};
};

/**
 * heat/scaling/template.py member_definitions: so many members, of which `replaced` may get the new definition and the others keep theirs.
 * When there are to be fewer, the oldest go.
 */
function membersOf(made: Made, definition: unknown, count: number, replaced: number): Definitions {
  const known = definitionsIn(made);
  const old = inAge(made.nested.members()).filter(({ name }) => Object.hasOwn(known, name));
  const kept = old.slice(Math.max(0, old.length - count));
  const created = Math.max(0, count - kept.length);
  // New members count among those that get the new definition.
  const changing = Math.max(0, replaced - created);
  let left = changing;
  const present = kept.map(({ name }) => {
    const before = known[name];
    if (same(before, definition) || left === 0) return [name, before] as const;
    left -= 1;
    return [name, definition] as const;
  });
  return [...present, ...Array.from({ length: created }, () => [memberName(), definition] as const)];
}

const templateOf = (definitions: Definitions): NestedTemplate => ({
  template: { heat_template_version: "2015-04-30", resources: Object.fromEntries(definitions) },
  parameters: {},
});

/** A group that begins. */
export const firstTemplate = (definition: unknown, count: number): NestedTemplate =>
  templateOf(Array.from({ length: count }, () => [memberName(), definition] as const));

/** The next size of the group, and how many members get the new definition: heat/scaling/rolling_update.py. */
export function nextBatch(
  target: number,
  current: number,
  updated: number,
  { batchSize, minInService }: Policy,
): { size: number; updates: number } | null {
  if (updated >= current && current === target) return null;
  const least = Math.min(minInService, target, current);
  const updates = Math.min(batchSize, Math.max(target - updated, 0));
  return { size: updates + Math.max(Math.min(current, target - updates), least), updates };
}

/** Members that have the definition already. */
const upToDate = (made: Made, definition: unknown): number =>
  Object.values(definitionsIn(made)).filter((one) => same(one, definition)).length;

/**
 * A change of a group in steps, each an update of its nested stack. How far it is stands in the resource's data and in the nested stack, so a
 * restart goes on. `rolling` null: all at once.
 */
export interface Change {
  readonly size: number;
  readonly rolling: Policy | null;
}

/** Begins it. `size`: what the group is to have in the end. */
export function beginChange(run: Run, definition: unknown, { size, rolling }: Change): void {
  run.together(() => {
    run.setData("pause_until", null);
    if (rolling === null) {
      run.setData("rolling", null);
      // Who is there stays as it is; who is new is as they are to be.
      run.nested.update(templateOf(membersOf(run, definition, size, 0)));
    } else {
      run.setData("rolling", { size, definition });
      step(run, rolling);
    }
  });
}

/** The next batch; false where there is none. */
function step(run: Run, policy: Policy): boolean {
  const { size, definition } = run.data.rolling as { size: number; definition: unknown };
  const members = run.nested.members().length;
  const target = Math.min(size, members);
  const next = nextBatch(target, members, Math.min(upToDate(run, definition), members), policy);
  if (next === null) {
    run.setData("rolling", null);
    // Size follows when all members are as they are to be.
    if (members === size) return false;
    run.nested.update(templateOf(membersOf(run, definition, size, 0)));
    return true;
  }
  run.nested.update(templateOf(membersOf(run, definition, next.size, next.updates)));
  return true;
}

/** Asked again and again. Errors: what failed in the nested stack. */
export function isChangeDone(run: Run, policy: Policy): boolean {
  const until = run.data.pause_until as number | undefined;
  if (until !== undefined) {
    if (run.now() < until) return false;
    run.together(() => {
      run.setData("pause_until", null);
      step(run, policy);
    });
    return false;
  }
  if (!run.nested.isDone("UPDATE") && !run.nested.isDone("CREATE")) return false;
  if (run.data.rolling === undefined) return true;
  if (policy.pause > 0) {
    run.setData("pause_until", run.now() + policy.pause * 1000);
    return false;
  }
  let more = false;
  run.together(() => {
    more = step(run, policy);
  });
  return !more;
}

export type Adjustment = "exact" | "change" | "percent";

/** heat/scaling/scalingutil.py */
export function newCapacity(
  current: number,
  adjustment: number,
  kind: Adjustment,
  leastStep: number | null,
  { min, max }: { min: number; max: number },
): number {
  const stepped = (by: number) =>
    leastStep !== null && leastStep > Math.abs(by) ? (adjustment > 0 ? leastStep : -leastStep) : by;
  const wanted =
    kind === "exact"
      ? adjustment
      : kind === "change"
        ? current + adjustment
        : current + stepped(percentOf(current, adjustment));
  return Math.max(Math.min(wanted, max), min);
}

/** Less than one is one; else what is behind the point is left out. */
function percentOf(current: number, percent: number): number {
  const delta = (current * percent) / 100;
  if (Math.abs(delta) < 1) return Math.trunc(delta > 0 ? Math.ceil(delta) : Math.floor(delta));
  return Math.trunc(delta > 0 ? Math.floor(delta) : Math.ceil(delta));
}

/** When a group may be scaled again; what stands in its metadata, as heat has it. */
export const cooldownEnd = ({ metadata }: Pick<Made, "metadata">): number => {
  const end = isMap(metadata.cooldown_end) ? Object.keys(metadata.cooldown_end)[0] : undefined;
  return end === undefined ? 0 : Date.parse(`${end}Z`);
};

/** A change that is over: nothing more for so many seconds. */
export function startCooldown(run: Run, seconds: number, reason: string): void {
  run.changeMetadata((now) => {
    const end = Math.max(cooldownEnd({ metadata: now }), run.now() + Math.max(0, seconds) * 1000);
    return { ...now, cooldown_end: { [isoOf(end)]: reason }, scaling_in_progress: false };
  });
}

const isoOf = (moment: number): string => new Date(moment).toISOString().replace("Z", "000");

/** A signal's: what it asks for, of a group that may not be scaled just now. False: nothing is done. */
export function adjust(run: Run, definition: unknown, size: number, cooldown: number, reason: string): boolean {
  if (run.status !== "COMPLETE" || size === sizeOf(run)) return false;
  if (run.metadata.scaling_in_progress === true || run.now() < cooldownEnd(run)) return false;
  run.together(() => {
    run.changeMetadata((now) => ({ ...now, scaling_in_progress: true }));
    run.setData("scaling", { cooldown, reason });
    run.nested.update(templateOf(membersOf(run, definition, size, 0)));
  });
  return true;
}

/** The nested stack is done with what a signal asked for. */
export function scaled(run: Run, succeeded: boolean): void {
  const scaling = run.data.scaling as { cooldown: number; reason: string } | undefined;
  if (scaling === undefined) return;
  run.setData("scaling", null);
  if (succeeded) startCooldown(run, scaling.cooldown, scaling.reason);
  else run.changeMetadata((now) => ({ ...now, scaling_in_progress: false }));
}

export const ADJUSTMENTS: Readonly<Record<string, Adjustment>> = {
  exact_capacity: "exact",
  change_in_capacity: "change",
  percent_change_in_capacity: "percent",
  ExactCapacity: "exact",
  ChangeInCapacity: "change",
  PercentChangeInCapacity: "percent",
};
