import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { forbidden } from "../../../src/kernel/errors.ts";
import { ManualClock } from "../../../src/kernel/time/clock.ts";
import { type ComputeLab, computeLab } from "./support.ts";

const clock = new ManualClock();
let t: ComputeLab;
before(async () => {
  t = await computeLab({ settings: { clock, settings: { compute: { shelvedOffloadTime: 100 } } } });
});
after(() => t.close());

const status = async (id: string) => (await t.api("GET", `/servers/${id}`)).body.server.status;
const act = async (id: string, action: string) => {
  const answer = await t.api("POST", `/servers/${id}/action`, { token: "admin:alpha", body: { [action]: null } });
  await t.idle();
  return answer.status;
};

test("with shelved_offload_time a shelved server keeps its disks on the host for a while", async () => {
  const id = await t.boot();
  assert.equal(await act(id, "shelveOffload"), 409);
  assert.equal(await act(id, "shelve"), 202);
  assert.equal(await status(id), "SHELVED");
  assert.equal(t.driver.guests.get(id)?.power, "shutdown");
  assert.equal(await act(id, "unshelve"), 202);
  assert.equal(await status(id), "ACTIVE");
  assert.equal(t.driver.guests.get(id)?.power, "running");
  assert.ok(!t.images.list().some(({ name }) => name === "guest-shelved"), "the image has done its work");

  await act(id, "shelve");
  clock.advance(60_000);
  await t.idle();
  assert.equal(await status(id), "SHELVED");
  clock.advance(60_000);
  await t.idle();
  assert.equal(await status(id), "SHELVED_OFFLOADED");
  assert.equal(t.driver.guests.has(id), false);
  assert.equal(await act(id, "unshelve"), 202);
  assert.equal(await status(id), "ACTIVE");
});

test("an administrator may take it off the host at once", async () => {
  const id = await t.boot();
  await act(id, "shelve");
  assert.equal(await act(id, "shelveOffload"), 202);
  assert.equal(await status(id), "SHELVED_OFFLOADED");
});

test("a server that is deleted takes the image it was shelved as along, or finds it gone", async () => {
  const [first, second] = [await t.boot({ name: "one" }), await t.boot({ name: "two" })];
  for (const id of [first, second]) assert.equal(await act(id, "shelve"), 202);
  const imageOf = (name: string) => t.images.list().find((image) => image.name === name)?.id;
  assert.ok(imageOf("one-shelved"));
  await t.api("DELETE", `/servers/${first}`);
  await t.idle();
  assert.equal(imageOf("one-shelved"), undefined);

  // As the step finds it that a crash interrupted.
  t.images.images.delete(imageOf("two-shelved") ?? "");
  await t.api("DELETE", `/servers/${second}`);
  await t.idle();
  assert.equal((await t.api("GET", `/servers/${second}`)).status, 404);
});

test("an image that may not be deleted does not keep its server", async () => {
  const id = await t.boot({ name: "three" });
  await act(id, "shelve");
  const { delete: forget } = t.images;
  t.images.delete = async () => {
    throw forbidden("Image is protected and cannot be deleted.");
  };
  await t.api("DELETE", `/servers/${id}`);
  await t.idle();
  t.images.delete = forget;
  assert.equal((await t.api("GET", `/servers/${id}`)).status, 404);
});
