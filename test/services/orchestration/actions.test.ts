import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { until } from "../../support/patience.ts";
import { type Heat, heat, hot } from "./support.ts";

const tester = (properties: Json = {}) => ({ type: "OS::Heat::TestResource", properties });

describe("what is done to whole stacks", () => {
  let t: Heat;
  before(async () => {
    t = await heat();
  });
  after(() => t.close());

  const act = (path: string, body: Json) => t.ask("POST", `${path}/actions`, body);

  test("check, suspend and resume answer nothing and set the stack's state; a suspended one is not updated", async () => {
    const stack = await t.make("act", hot({ a: tester() }));
    for (const [action, state] of [
      ["check", "CHECK_COMPLETE"],
      ["suspend", "SUSPEND_COMPLETE"],
    ] as const) {
      const answer = await act(stack.path, { [action]: null });
      assert.equal(answer.status, 200);
      assert.equal(answer.body, null);
      await t.idle();
      assert.equal((await stack.show()).stack_status, state);
    }
    const update = await t.ask("PUT", stack.path, { template: hot({}) });
    assert.equal(update.body.error.message, "Updating a stack when it is suspended is not supported.");
    await act(stack.path, { resume: null });
    await t.idle();
    assert.equal((await stack.show()).stack_status, "RESUME_COMPLETE");
    for (const [body, message] of [
      [{}, "No action specified"],
      [{ check: null, suspend: null }, "Multiple actions specified"],
      [{ bogus: null }, "Invalid action bogus specified"],
      [{ cancel_update: null }, "Cancelling update when stack is RESUME_COMPLETE is not supported."],
    ] as const) {
      const refused = await act(stack.path, body);
      assert.equal(refused.status, 400);
      assert.equal(refused.body.error.message, message);
    }
  });

  test("an update that is cancelled goes back, or stays where it was", async () => {
    const outputs = { a: { get_attr: ["a", "output"] } };
    const stack = await t.make("cancel", hot({ a: tester({ value: "one" }) }, outputs));
    const slow = hot(
      { a: tester({ value: "two" }), b: { ...tester({ action_wait_secs: { create: 600 } }), depends_on: "a" } },
      outputs,
    );
    assert.equal((await t.ask("PUT", stack.path, { template: slow })).status, 202);
    assert.equal((await act(stack.path, { cancel_update: null })).status, 200);
    await t.idle();
    assert.equal((await stack.show()).stack_status, "ROLLBACK_COMPLETE");
    assert.deepEqual(await stack.outputs(), { a: "one" });
    assert.deepEqual(Object.keys(await stack.resources()), ["a"]);
    assert.equal((await t.ask("PUT", stack.path, { template: slow })).status, 202);
    assert.equal((await act(stack.path, { cancel_without_rollback: null })).status, 200);
    await t.idle();
    const { stack_status, stack_status_reason } = await stack.show();
    assert.equal(stack_status, "UPDATE_FAILED");
    assert.equal(stack_status_reason, "User cancelled stack UPDATE operation");
    await stack.delete();
    assert.equal((await stack.show()).stack_status, "DELETE_COMPLETE");
  });

  test("a snapshot is a point to which the stack goes back", async () => {
    const template = (value: string) => hot({ m: tester({ value }) }, { m: { get_attr: ["m", "output"] } });
    const stack = await t.make("snap", template("one"));
    const made = await t.ask("POST", `${stack.path}/snapshots`, { name: "s1" });
    assert.equal(made.status, 200);
    assert.deepEqual(
      { ...made.body, id: "", creation_time: "" },
      { id: "", name: "s1", status: "IN_PROGRESS", status_reason: null, data: null, creation_time: "" },
    );
    await t.idle();
    const { snapshot } = (await t.ask("GET", `${stack.path}/snapshots/${made.body.id}`)).body;
    assert.equal(snapshot.status, "COMPLETE");
    assert.equal(snapshot.status_reason, "Stack SNAPSHOT completed successfully");
    assert.equal(snapshot.data.resources.m.resource_data.value, "one");
    await stack.update(template("two"));
    assert.deepEqual(await stack.outputs(), { m: "two" });
    const back = await t.ask("POST", `${stack.path}/snapshots/${made.body.id}/restore`);
    assert.equal(back.status, 202);
    assert.equal(back.body.code, "202 Accepted");
    await t.idle();
    assert.equal((await stack.show()).stack_status, "RESTORE_COMPLETE");
    assert.deepEqual(await stack.outputs(), { m: "one" });
    assert.equal((await t.ask("DELETE", `${stack.path}/snapshots/${made.body.id}`)).status, 204);
    const gone = await t.ask("GET", `${stack.path}/snapshots/${made.body.id}`);
    assert.equal(gone.body.error.message, `Snapshot with id ${made.body.id} not found`);
  });

  test("what an update would do is told without doing it", async () => {
    const value = (content: string) => ({ type: "OS::Heat::Value", properties: { value: content } });
    const random = (length: number) => ({ type: "OS::Heat::RandomString", properties: { length } });
    const stack = await t.make("pre", hot({ same: value("1"), other: value("1"), fixed: random(4), gone: value("1") }));
    const template = hot({ same: value("1"), other: value("2"), fixed: random(5), fresh: value("1") });
    const { resource_changes } = (await t.ask("PUT", `${stack.path}/preview`, { template })).body;
    const names = Object.fromEntries(
      Object.entries(resource_changes).map(([change, list]) => [
        change,
        (list as Json[]).map((one) => one.resource_name),
      ]),
    );
    assert.deepEqual(names, {
      unchanged: ["same"],
      updated: ["other"],
      replaced: ["fixed"],
      added: ["fresh"],
      deleted: ["gone"],
    });
    assert.equal((await stack.show()).stack_status, "CREATE_COMPLETE");
  });

  test("abandon and export are off unless heat.conf says otherwise", async () => {
    const stack = await t.make("keep", hot({}));
    for (const [method, path] of [
      ["GET", "export"],
      ["DELETE", "abandon"],
    ] as const) {
      const answer = await t.ask(method, `${stack.path}/${path}`);
      assert.equal(answer.status, 400);
      assert.equal(answer.body.error.message, "Stack Abandon is not supported.");
    }
  });

  test("a hook stops a resource until it is told to go on", async () => {
    const environment = { resource_registry: { resources: { "b*": { hooks: "pre-create" } } } };
    const template = hot({ a: tester(), bb: { ...tester(), depends_on: "a" } });
    const answer = await t.ask("POST", "stacks", { stack_name: "hook", template, environment });
    const path = `stacks/hook/${answer.body.stack.id}`;
    const paused = async () =>
      (await t.ask("GET", `${path}/events`)).body.events.some((one: Json) =>
        /^CREATE paused until Hook pre-create is cleared$/.test(one.resource_status_reason),
      );
    await until("the hook is reached", 10, paused);
    assert.equal((await t.ask("GET", path)).body.stack.stack_status, "CREATE_IN_PROGRESS");
    const cleared = await t.ask("POST", `${path}/resources/bb/signal`, { unset_hook: "pre-create" });
    assert.equal(cleared.status, 200);
    await t.idle();
    assert.equal((await t.ask("GET", path)).body.stack.stack_status, "CREATE_COMPLETE");
    const again = await t.ask("POST", `${path}/resources/bb/signal`, { unset_hook: "pre-create" });
    assert.equal(again.body.error.type, "InvalidBreakPointHook");
  });
});
