import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ManualClock } from "../../../src/kernel/time/clock.ts";
import { type ComputeLab, computeLab, INTERNAL } from "./support.ts";

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
  assert.ok(!t.images.list(INTERNAL).some(({ name }) => name === "guest-shelved"), "the image has done its work");

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
  const imageOf = (name: string) => t.images.list(INTERNAL).find((image) => image.name === name)?.id;
  assert.ok(imageOf("one-shelved"));
  await t.api("DELETE", `/servers/${first}`);
  await t.idle();
  assert.equal(imageOf("one-shelved"), undefined);

  // As the step finds it that a crash interrupted.
  await t.images.delete(INTERNAL, imageOf("two-shelved") ?? "");
  await t.api("DELETE", `/servers/${second}`);
  await t.idle();
  assert.equal((await t.api("GET", `/servers/${second}`)).status, 404);
});

test("an image that may not be deleted does not keep its server", async () => {
  const id = await t.boot({ name: "three" });
  await act(id, "shelve");
  const { id: imageId = "" } = t.images.list(INTERNAL).find(({ name }) => name === "three-shelved") ?? {};
  const protect = [{ op: "replace", path: "/protected", value: true }];
  const headers = { "content-type": "application/openstack-images-v2.1-json-patch" };
  const patched = await t.request("PATCH", `/image/v2/images/${imageId}`, {
    token: "admin:ops",
    body: protect,
    headers,
  });
  assert.equal(patched.status, 200);
  await t.api("DELETE", `/servers/${id}`);
  await t.idle();
  assert.equal((await t.api("GET", `/servers/${id}`)).status, 404);
  assert.equal(t.images.find(imageId)?.status, "active");
});

test("where a server is to be when it comes back", async () => {
  const id = await t.boot();
  const hypervisors = await t.api("GET", "/os-hypervisors", { token: "admin:alpha" });
  const host = hypervisors.body.hypervisors[0].hypervisor_hostname;
  const unshelve = async (value: unknown, version: string, token = "admin:alpha") => {
    const body = { unshelve: value };
    const answer = await t.api("POST", `/servers/${id}/action`, { token, version, body });
    await t.idle();
    const fault = answer.body?.badRequest ?? answer.body?.conflictingRequest ?? answer.body?.forbidden;
    return [answer.status, fault?.message ?? ""];
  };
  const early = `Specifying an availability zone or a host when unshelving server "${id}" with status "shelved" is not supported. The server status must be SHELVED_OFFLOADED.`;
  await act(id, "shelve");
  assert.deepEqual(await unshelve({ availability_zone: "nova" }, "2.77"), [409, early]);
  await act(id, "shelveOffload");
  assert.equal((await unshelve({}, "2.77"))[0], 400, "nothing is said");
  assert.equal((await unshelve({ host }, "2.90"))[0], 400, "hosts came with 2.91");
  assert.deepEqual(await unshelve({ availability_zone: "moon" }, "2.77"), [
    400,
    "The requested availability zone is not available",
  ]);
  assert.deepEqual(await unshelve({ host: "far" }, "2.91"), [400, "Compute host far could not be found."]);
  assert.equal((await unshelve({ host }, "2.91", "member:alpha"))[0], 403);
  assert.deepEqual(await unshelve({ availability_zone: "nova", host }, "2.91"), [202, ""]);
  assert.equal(await status(id), "ACTIVE");
  await act(id, "shelve");
  await act(id, "shelveOffload");
  assert.deepEqual(await unshelve({ availability_zone: null }, "2.91"), [202, ""]);
  assert.equal(await status(id), "ACTIVE");
});
