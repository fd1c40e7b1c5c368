import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import BetterSqlite3 from "better-sqlite3";
import { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import { blockStorage } from "../../../src/services/block-storage/index.ts";
import { DriverError } from "../../../src/services/compute/driver/driver.ts";
import { type ComputeLab, computeLab, INTERNAL } from "./support.ts";

let t: ComputeLab;
const verbs: string[] = [];
let interfere: ((verb: string, id: string) => Promise<void> | void) | null = null;
before(async () => {
  t = await computeLab({
    before: async (verb, { uuid }) => {
      if (["snapshot", "freeze", "thaw"].includes(verb)) verbs.push(verb);
      await interfere?.(verb, uuid);
    },
    services: [blockStorage({ driver: () => new FakeVolumeDriver(), hostname: "box" })],
  });
});
beforeEach(async () => {
  verbs.length = 0;
  interfere = null;
  // Quotas are small.
  for (const id of t.driver.guests.keys()) await t.api("DELETE", `/servers/${id}`);
  await t.idle();
});
after(() => t.close());

const noAgent = new DriverError("agent", "The guest agent in the instance cannot freeze its file systems.");
const failing = (...which: string[]) => {
  interfere = (verb) => {
    if (which.includes(verb)) throw noAgent;
  };
};

async function bootWith(properties: Record<string, string>): Promise<string> {
  const image = await t.addImage({ name: "quiesced", properties });
  return t.boot({ imageRef: image.id });
}

/** Makes an image of the server: its status (null when it is gone), and what was asked of the driver. */
async function imageOf(id: string): Promise<[status: string | null, ...verbs: string[]]> {
  verbs.length = 0;
  const body = { createImage: { name: "i" } };
  const made = await t.api("POST", `/servers/${id}/action`, { version: "2.45", body });
  assert.equal(made.status, 202);
  await t.idle();
  assert.equal(t.driver.isFrozen(id), false, "whatever came of it, the guest is not frozen");
  assert.equal((await t.api("GET", `/servers/${id}`)).body.server.status, "ACTIVE");
  return [t.images.find(made.body.image_id)?.status ?? null, ...verbs];
}

test("file systems are frozen for the image where there is an agent, in each spelling of yes", async () => {
  for (const yes of ["yes", "True", "1", "on"])
    assert.deepEqual(await imageOf(await bootWith({ hw_qemu_guest_agent: yes })), [
      "active",
      "snapshot",
      "freeze",
      "thaw",
    ]);
  const others: Record<string, string>[] = [{}, { hw_qemu_guest_agent: "no" }, { os_require_quiesce: "False" }];
  for (const properties of others) assert.deepEqual(await imageOf(await bootWith(properties)), ["active", "snapshot"]);
});

test("an agent that cannot is done without, unless the image requires it; it is told to thaw all the same", async () => {
  const [easy, strict] = [
    await bootWith({ hw_qemu_guest_agent: "yes" }),
    await bootWith({ hw_qemu_guest_agent: "yes", os_require_quiesce: "True" }),
  ];
  failing("freeze");
  assert.deepEqual(await imageOf(easy), ["active", "snapshot", "freeze", "thaw"]);
  assert.ok(t.logs.some(({ message }) => message.startsWith("Skipping quiescing instance: ")));
  assert.deepEqual(await imageOf(strict), [null, "snapshot", "freeze", "thaw"]);
  interfere = null;
  assert.deepEqual(await imageOf(strict), ["active", "snapshot", "freeze", "thaw"]);
  assert.deepEqual(await imageOf(await bootWith({ os_require_quiesce: "1" })), [null, "snapshot"], "without an agent");
});

test("what is taken up again after a crash between freezing and thawing thaws first", async () => {
  const id = await bootWith({ hw_qemu_guest_agent: "yes" });
  // As after a crash, a step is taken up again once the database can be written.
  let left = 2;
  interfere = (verb) => {
    if (verb === "freeze" && left-- > 0) throw new BetterSqlite3.SqliteError("database or disk is full", "SQLITE_FULL");
  };
  assert.deepEqual(await imageOf(id), [
    "active",
    ...["snapshot", "freeze"],
    ...["thaw", "snapshot", "freeze"],
    ...["thaw", "snapshot", "freeze", "thaw"],
  ]);
});

test("a server on volumes is frozen while the snapshots of them are made; one that is off never", async () => {
  const image = await t.addImage({ name: "of the volume", properties: { hw_qemu_guest_agent: "yes" } });
  const device = {
    source_type: "image",
    destination_type: "volume",
    boot_index: 0,
    uuid: image.id,
    volume_size: 1,
  };
  const id = await t.boot({ imageRef: "", block_device_mapping_v2: [device] });
  assert.deepEqual(await imageOf(id), ["active", "freeze", "thaw"]);
  for (const off of [id, await bootWith({ hw_qemu_guest_agent: "yes", os_require_quiesce: "yes" })]) {
    await t.api("POST", `/servers/${off}/action`, { body: { "os-stop": null } });
    await t.idle();
    verbs.length = 0;
    await t.api("POST", `/servers/${off}/action`, { body: { createImage: { name: "off" } } });
    await t.idle();
    assert.deepEqual(
      verbs.filter((verb) => verb !== "snapshot"),
      [],
    );
    assert.equal(t.images.list(INTERNAL)[0]?.status, "active");
  }
});
