import assert from "node:assert/strict";
import { test } from "node:test";
import { computeLab } from "./support.ts";

const resize = { body: { resize: { flavorRef: "1" } } };

test("NOVA_ALLOW_MOVE_TO_SAME_HOST=False leaves no host to resize to", async () => {
  const t = await computeLab({ settings: { settings: { compute: { allowResizeToSameHost: false } } } });
  try {
    const id = await t.boot();
    const refused = await t.api("POST", `/servers/${id}/action`, resize);
    assert.equal(refused.status, 400);
    assert.match(refused.body.badRequest.message, /No valid host was found/);
    const { server } = (await t.api("GET", `/servers/${id}`)).body;
    assert.deepEqual([server.status, server["OS-EXT-STS:task_state"]], ["ACTIVE", null]);
  } finally {
    await t.close();
  }
});

test("NOVA_ENFORCE_NEW_DEFAULTS=False: any role in a project is enough there, and none elsewhere", async () => {
  const body = { server: { name: "x", flavorRef: "42" } };
  for (const [nova, status] of [
    [true, 403],
    [false, 202],
  ] as const) {
    const t = await computeLab({
      settings: { settings: { newDefaults: nova ? ["identity", "image", "network", "compute"] : ["identity"] } },
    });
    try {
      const request = { token: "anotherrole:alpha", body: { server: { ...body.server, imageRef: t.image.id } } };
      assert.equal((await t.api("POST", "/servers", request)).status, status);
      const hypervisors = await t.api("GET", "/os-hypervisors", { token: "anotherrole:alpha" });
      assert.equal(hypervisors.status, 403);
    } finally {
      await t.close();
    }
  }
});

test("MAX_REQUEST_BODY_SIZE bounds requests of JSON", async () => {
  const t = await computeLab({ settings: { settings: { api: { maxRequestBodySize: 1000 } } } });
  try {
    const flavor = (description: string) => ({
      token: "admin:admin",
      version: "2.55",
      body: { flavor: { name: "wordy", ram: 64, vcpus: 1, disk: 0, description } },
    });
    assert.equal((await t.api("POST", "/flavors", flavor("x".repeat(2000)))).status, 413);
    assert.equal((await t.api("POST", "/flavors", flavor("x".repeat(100)))).status, 200);
  } finally {
    await t.close();
  }
});
