import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type ComputeLab, computeLab } from "./support.ts";

let t: ComputeLab;
before(async () => {
  t = await computeLab();
});
after(() => t.close());

const show = async (id: string) => (await t.api("GET", `/servers/${id}`)).body.server;

test("a port that its owner takes away, or deletes whatever it says of its device, is no NIC any more", async () => {
  const onPort = (port: unknown) => ({ token: "member:alpha", body: { port } });
  for (const taken of [{ device_id: "" }, { device_id: "elsewhere" }, { device_owner: "" }]) {
    const id = await t.boot();
    const [nic] = (await t.api("GET", `/servers/${id}/os-interface`)).body.interfaceAttachments;
    const path = `/networking/v2.0/ports/${nic.port_id}`;
    assert.equal((await t.request("PUT", path, onPort(taken))).status, 200);
    await t.idle();
    const left = taken.device_owner === undefined ? 0 : 1;
    assert.equal(t.driver.guests.get(id)?.nics.size, left);
    assert.equal((await t.request("DELETE", path, { token: "member:alpha" })).status, 204);
    await t.idle();
    assert.deepEqual((await show(id)).addresses, {});
    for (const [verb, status] of [
      ["os-stop", "SHUTOFF"],
      ["os-start", "ACTIVE"],
    ] as const) {
      await t.api("POST", `/servers/${id}/action`, { body: { [verb]: null } });
      await t.idle();
      assert.equal((await show(id)).status, status);
    }
    assert.equal(t.driver.guests.get(id)?.nics.size, 0);
  }
});

test("a port of another project that says it is this server's is none of it", async () => {
  const id = await t.boot();
  const network_id = await t.addNetwork("beta");
  const port = { network_id, device_id: id, device_owner: "compute:nova" };
  const made = await t.request("POST", "/networking/v2.0/ports", { token: "member:beta", body: { port } });
  assert.equal(made.status, 201);
  const { interfaceAttachments } = (await t.api("GET", `/servers/${id}/os-interface`)).body;
  assert.equal(interfaceAttachments.length, 1);
  for (const method of ["GET", "DELETE"]) {
    const answer = await t.api(method, `/servers/${id}/os-interface/${made.body.port.id}`);
    assert.equal(answer.status, 404);
  }
});
