import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { internalContext } from "../../../src/kernel/auth/context.ts";
import { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import { blockStorage } from "../../../src/services/block-storage/index.ts";
import type { PowerState } from "../../../src/services/compute/driver/driver.ts";
import { fakeMemory } from "../../../src/services/compute/driver/fake-memory.ts";
import { type ComputeLab, computeLab } from "./support.ts";

let t: ComputeLab;
let fails = "";
const lab = (resumeGuestsOnBoot: boolean) =>
  computeLab({
    before: (verb) => {
      if (verb === fails) throw new Error(`${verb} fails`);
    },
    settings: { settings: { compute: { resumeGuestsOnBoot } } },
    services: [blockStorage({ driver: () => new FakeVolumeDriver(), hostname: "box" })],
  });
const show = async (id: string) => (await t.api("GET", `/servers/${id}`)).body.server;
const setPower = (id: string, power: PowerState) => {
  const guest = t.driver.guests.get(id);
  if (guest !== undefined) guest.power = power;
};
/** What every start does. */
const start = async () => {
  for (const { instance } of t.cloud.services) await instance.reconcile?.(() => {}, AbortSignal.any([]));
  await t.idle();
};

describe("a start finds the host as somebody left it", () => {
  beforeEach(async () => {
    t = await lab(true);
  });
  afterEach(async () => {
    fails = "";
    await t.close();
  });

  test("a guest that belongs to no server is taken away, one that does is left alone", async () => {
    const [kept, gone] = [await t.boot(), await t.boot()];
    const guest = t.driver.guests.get(gone);
    assert.ok(guest !== undefined);
    await t.api("DELETE", `/servers/${gone}`);
    await t.idle();
    t.driver.guests.set(gone, guest);
    await start();
    assert.deepEqual([...t.driver.guests.keys()], [kept]);
  });

  test("guests that ran before a reboot run again, in the states their servers say", async () => {
    const ids = { active: await t.boot(), stopped: await t.boot(), paused: await t.boot() };
    await t.api("POST", `/servers/${ids.stopped}/action`, { body: { "os-stop": null } });
    await t.api("POST", `/servers/${ids.paused}/action`, { body: { pause: null } });
    await t.idle();
    for (const id of Object.values(ids)) setPower(id, "shutdown");
    await start();
    const states = await Promise.all(Object.values(ids).map(async (id) => (await show(id)).status));
    assert.deepEqual(states, ["ACTIVE", "SHUTOFF", "SHUTOFF"]);
    assert.equal(t.driver.guests.get(ids.active)?.power, "running");
    assert.equal(t.driver.guests.get(ids.stopped)?.power, "shutdown");
  });

  test("one that cannot be started again is in ERROR and tells why; it can be started later", async () => {
    const id = await t.boot();
    setPower(id, "shutdown");
    fails = "start";
    await start();
    const server = await show(id);
    assert.equal(server.status, "ERROR");
    assert.match(server.fault.message, /start fails/);
    assert.equal(server["OS-EXT-STS:power_state"], 4);
    fails = "";
    assert.equal((await t.api("POST", `/servers/${id}/action`, { body: { reboot: { type: "HARD" } } })).status, 202);
    await t.idle();
    assert.equal((await show(id)).status, "ACTIVE");
  });

  test("one that was paused meanwhile is PAUSED", async () => {
    const id = await t.boot();
    setPower(id, "paused");
    await start();
    assert.equal((await show(id)).status, "PAUSED");
  });
});

test("with resume_guests_state_on_host_boot off, guests that ran are SHUTOFF after a reboot", async () => {
  t = await lab(false);
  const id = await t.boot();
  setPower(id, "shutdown");
  await start();
  assert.equal((await show(id)).status, "SHUTOFF");
  assert.equal(t.driver.guests.get(id)?.power, "shutdown");
  await t.close();
});

test("guests of the fake driver that are paused, suspended or off are so after the daemon's end too, with what they had", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tenrec-fake-"));
  const t = await computeLab({ memory: fakeMemory(directory) });
  try {
    const ids = { PAUSED: await t.boot(), SUSPENDED: await t.boot(), SHUTOFF: await t.boot(), ACTIVE: await t.boot() };
    const act = (id: string, action: string) => t.api("POST", `/servers/${id}/action`, { body: { [action]: null } });
    for (const [id, action] of [
      [ids.PAUSED, "pause"],
      [ids.SUSPENDED, "suspend"],
      [ids.SHUTOFF, "os-stop"],
    ] as const)
      assert.equal((await act(id, action)).status, 202);
    await t.idle();
    const nics = [...(t.driver.guests.get(ids.PAUSED)?.nics.keys() ?? [])];
    // What a new process has of them.
    t.driver.guests.clear();
    for (const { instance } of t.cloud.services) await instance.reconcile?.(() => {}, AbortSignal.any([]));
    await t.idle();
    for (const [status, id] of Object.entries(ids))
      assert.equal((await t.api("GET", `/servers/${id}`)).body.server.status, status);
    assert.deepEqual([...(t.driver.guests.get(ids.PAUSED)?.nics.keys() ?? [])], nics);
    for (const [id, action] of [
      [ids.PAUSED, "unpause"],
      [ids.SUSPENDED, "resume"],
      [ids.SHUTOFF, "os-start"],
    ] as const)
      assert.equal((await act(id, action)).status, 202);
    await t.idle();
    for (const id of Object.values(ids)) {
      assert.equal(t.driver.guests.get(id)?.power, "running");
      assert.equal((await t.api("GET", `/servers/${id}`)).body.server.status, "ACTIVE");
    }
    assert.deepEqual(readdirSync(directory), []);
  } finally {
    await t.close();
    rmSync(directory, { recursive: true });
  }
});

describe("a volume that the guest does not take, or let go of", () => {
  const context = internalContext("req-test", "alpha");
  const storage = () => t.cloud.kernel.facade("block-storage");
  before(async () => {
    t = await lab(true);
  });
  after(() => t.close());

  test("is free again, or as it was", async () => {
    const id = await t.boot();
    const { id: volumeId } = storage().createVolume(context, { sizeGb: 1, name: "v" });
    await storage().waitForVolume(volumeId);
    const path = `/servers/${id}/os-volume_attachments`;
    const status = () => storage().findVolume(volumeId)?.status;
    fails = "attachVolume";
    assert.equal((await t.api("POST", path, { body: { volumeAttachment: { volumeId } } })).status, 200);
    await t.idle();
    assert.equal(status(), "available");
    assert.deepEqual(storage().listAttachments(id), []);
    assert.deepEqual((await t.api("GET", path)).body.volumeAttachments, []);
    fails = "";
    assert.equal((await t.api("POST", path, { body: { volumeAttachment: { volumeId } } })).status, 200);
    await t.idle();
    assert.equal(status(), "in-use");
    fails = "detachVolume";
    assert.equal((await t.api("DELETE", `${path}/${volumeId}`)).status, 202);
    await t.idle();
    assert.equal(status(), "in-use");
    assert.equal((await t.api("GET", `${path}/${volumeId}`)).status, 200);
    assert.equal((await show(id)).status, "ACTIVE");
    fails = "";
    await t.api("DELETE", `${path}/${volumeId}`);
    await t.idle();
    assert.equal(status(), "available");
  });
});
