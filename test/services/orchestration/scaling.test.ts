import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { ManualClock } from "../../../src/kernel/time/clock.ts";
import { newCapacity, nextBatch } from "../../../src/services/orchestration/resource-types/heat/scaling.ts";
import type { Json } from "../../support/json.ts";
import { until } from "../../support/patience.ts";
import { type Heat, heat, hot, type Stack } from "./support.ts";

const group = (more: Json = {}, value = "one") => ({
  type: "OS::Heat::AutoScalingGroup",
  properties: {
    min_size: 1,
    max_size: 5,
    desired_capacity: 2,
    resource: { type: "OS::Heat::TestResource", properties: { value } },
    ...more,
  },
});
const policy = (more: Json = {}) => ({
  type: "OS::Heat::ScalingPolicy",
  properties: {
    adjustment_type: "change_in_capacity",
    auto_scaling_group_id: { get_resource: "asg" },
    scaling_adjustment: 1,
    ...more,
  },
});
const OUTPUTS = {
  url: { get_attr: ["up", "alarm_url"] },
  size: { get_attr: ["asg", "current_size"] },
  list: { get_attr: ["asg", "outputs_list", "output"] },
  map: { get_attr: ["asg", "outputs", "output"] },
  refs: { get_attr: ["asg", "refs"] },
  refs_map: { get_attr: ["asg", "refs_map"] },
};

describe("groups that scale", () => {
  let t: Heat;
  const clock = new ManualClock(Date.now());
  before(async () => {
    t = await heat({ clock });
  });
  after(() => t.close());

  const signal = async (stack: Stack, name = "up", body?: unknown) => {
    const answer = await t.ask("POST", `${stack.path}/resources/${name}/signal`, body);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    assert.equal(answer.body, null);
    await t.idle();
  };
  const size = async (stack: Stack) => (await stack.outputs()).size;
  const reasons = async (stack: Stack, name: string) => {
    const { events } = (await t.ask("GET", `${stack.path}/resources/${name}/events?sort_dir=asc`)).body;
    const signals = events.filter((event: Json) => event.resource_status.startsWith("SIGNAL"));
    return signals.map((event: Json) => `${event.resource_status} ${event.resource_status_reason}`);
  };

  test("a signal makes it larger; within the cooldown none does anything, nor is it told of", async () => {
    const stack = await t.make("up", hot({ asg: group(), up: policy({ cooldown: 60 }) }, OUTPUTS));
    const first = await stack.outputs();
    assert.equal(first.size, 2);
    assert.deepEqual(first.list, ["one", "one"]);
    assert.deepEqual(Object.values(first.map), ["one", "one"]);
    assert.deepEqual(Object.keys(first.refs_map).sort(), Object.keys(first.map).sort());
    assert.match(Object.keys(first.map)[0] ?? "", /^[a-z0-9]{12}$/);
    await signal(stack);
    assert.equal(await size(stack), 3);
    await signal(stack);
    await signal(stack, "up", { previous: "ok", current: "alarm", reason: "why" });
    assert.equal(await size(stack), 3);
    clock.advance(60_000);
    // As an alarm sends it, by the signed URL.
    const { pathname, search, host } = new URL(first.url);
    const sent = await t.fetch(pathname + search, {
      method: "POST",
      body: JSON.stringify({ previous: "ok", current: "alarm", reason: "why" }),
      headers: { host },
    });
    assert.equal(sent.status, 200, await sent.text());
    await t.idle();
    assert.equal(await size(stack), 4);
    assert.deepEqual(await reasons(stack, "up"), [
      "SIGNAL_COMPLETE No signal details provided",
      "SIGNAL_COMPLETE alarm state changed from ok to alarm (why)",
    ]);
    const none = await t.ask("POST", `${stack.path}/resources/asg/signal`);
    assert.equal(none.body.error.message, "signal is not supported for resource.");
    await stack.delete();
    assert.equal((await stack.show()).stack_status, "DELETE_COMPLETE");
  });

  test("the cooldown is the group's: another policy without one waits, too; sizes stay within bounds", async () => {
    const stack = await t.make(
      "bounds",
      hot(
        {
          asg: group(),
          up: policy({ cooldown: 60, scaling_adjustment: 10 }),
          one: policy({ adjustment_type: "exact_capacity", scaling_adjustment: 1, cooldown: 0 }),
          half: policy({
            adjustment_type: "percent_change_in_capacity",
            scaling_adjustment: -10,
            min_adjustment_step: 2,
          }),
        },
        OUTPUTS,
      ),
    );
    await signal(stack);
    assert.equal(await size(stack), 5);
    await signal(stack, "one");
    assert.equal(await size(stack), 5);
    clock.advance(60_000);
    const oldest = (await stack.outputs()).refs[0];
    await signal(stack, "half");
    assert.equal(await size(stack), 3);
    assert.ok(!(await stack.outputs()).refs.includes(oldest), "the oldest go first");
    await signal(stack, "one");
    assert.equal(await size(stack), 1);
    // There is no change left to make.
    await signal(stack, "one");
    assert.deepEqual((await reasons(stack, "one")).length, 1);
  });

  test("what members are changes batch by batch, with pauses, and with enough of them in service", async () => {
    const more = { rolling_updates: { min_in_service: 2, max_batch_size: 1, pause_time: 30 } };
    const stack = await t.make("rolling", hot({ asg: group(more), up: policy() }, OUTPUTS));
    const template = hot({ asg: group(more, "two"), up: policy() }, OUTPUTS);
    assert.equal((await t.ask("PUT", stack.path, { template })).status, 202);
    const seen: string[] = [];
    await until("it is done", 60, async () => {
      const { list } = await stack.outputs();
      const now = (list as string[]).join(",");
      if (seen.at(-1) !== now) seen.push(now);
      clock.advance(10_000);
      return (await stack.show()).stack_status === "UPDATE_COMPLETE";
    });
    const after = (await stack.outputs()).map;
    assert.deepEqual(Object.values(after), ["two", "two"]);
    assert.ok(
      seen.some((list) => list.includes("one") && list.includes("two")),
      `one by one: ${seen.join(" | ")}`,
    );
    for (const list of seen) assert.ok(list.split(",").length >= 2, `enough in service: ${seen.join(" | ")}`);
  });

  test("an update without a desired capacity keeps the size, within the new bounds", async () => {
    const sized = (more: Json) => hot({ asg: group({ desired_capacity: undefined, ...more }), up: policy() }, OUTPUTS);
    const stack = await t.make("keeps", sized({}));
    assert.equal(await size(stack), 1);
    await signal(stack);
    assert.equal(await size(stack), 2);
    await stack.update(sized({ max_size: 4 }));
    assert.equal(await size(stack), 2);
    await stack.update(sized({ min_size: 3 }));
    assert.equal(await size(stack), 3);
  });

  test("sizes that do not go together are refused", async () => {
    for (const [more, message] of [
      [{ min_size: 6 }, /MinSize can not be greater than MaxSize/],
      [{ desired_capacity: 9 }, /DesiredCapacity must be between MinSize and MaxSize/],
    ] as const) {
      const refused = await t.ask("POST", "stacks", { stack_name: "bad", template: hot({ asg: group(more) }) });
      assert.equal(refused.status, 400);
      assert.match(refused.body.error.message, message);
    }
    const step = hot({ asg: group(), up: policy({ min_adjustment_step: 2 }) });
    const refused = await t.ask("POST", "stacks", { stack_name: "bad", template: step });
    assert.match(
      refused.body.error.message,
      /min_adjustment_step property should only be specified for adjustment_type/,
    );
  });

  test("capacities and batches are those of heat's own arithmetic", () => {
    const bounds = { min: 0, max: 100 };
    assert.equal(newCapacity(10, 15, "percent", null, bounds), 11);
    assert.equal(newCapacity(3, 10, "percent", null, bounds), 4);
    assert.equal(newCapacity(3, -10, "percent", null, bounds), 2);
    assert.equal(newCapacity(10, -15, "percent", 3, bounds), 7);
    assert.equal(newCapacity(10, 200, "change", null, bounds), 100);
    const policy = { batchSize: 2, minInService: 1, pause: 0 };
    assert.deepEqual(nextBatch(3, 3, 0, policy), { size: 3, updates: 2 });
    assert.deepEqual(nextBatch(3, 3, 0, { ...policy, minInService: 3 }), { size: 5, updates: 2 });
    assert.equal(nextBatch(3, 3, 3, policy), null);
  });

  test("a chain makes one after another", async () => {
    const chain = (concurrent: boolean) => ({
      type: "OS::Heat::ResourceChain",
      properties: {
        resources: ["OS::Heat::TestResource", "OS::Heat::TestResource"],
        concurrent,
        resource_properties: { value: "v" },
      },
    });
    const outputs = { refs: { get_attr: ["c", "refs"] }, all: { get_attr: ["c", "attributes", "output"] } };
    const stack = await t.make("chain", hot({ c: chain(false) }, outputs));
    const found = await stack.outputs();
    assert.equal(found.refs.length, 2);
    assert.deepEqual(found.all, { 0: "v", 1: "v" });
  });
});
