import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ManualClock } from "../../../src/kernel/time/clock.ts";
import type { BackendHealth } from "../../../src/services/block-storage/driver/driver.ts";
import { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import { until } from "../../support/patience.ts";
import { type Storage, storage } from "./support.ts";

/** What a backend says of its health, one after the other, and how often it was asked. */
class AilingDriver extends FakeVolumeDriver {
  state: BackendHealth = { lostSnapshots: [], usedPercent: null };
  looks = 0;
  isBlind = false;
  override async health(): Promise<BackendHealth> {
    this.looks += 1;
    if (this.isBlind) throw new Error("the volume group is not there");
    return this.state;
  }
}

const driver = new AilingDriver();
const clock = new ManualClock();
let s: Storage;
before(async () => {
  s = await storage({ driver: () => driver, clock });
});
after(() => s.close());

/** Resolves once a look that begins now has ended: the next one has begun. */
async function looked(): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    const before = driver.looks;
    clock.advance(60_000);
    await until("a look at the backend", 10, () => driver.looks > before);
  }
}

const snapshotOf = async (volumeId: string): Promise<string> => {
  const { body } = await s.request("POST", "/snapshots", { body: { snapshot: { volume_id: volumeId } } });
  await s.idle();
  return body.snapshot.id;
};
const statusOf = async (id: string) => (await s.request("GET", `/snapshots/${id}`)).body.snapshot.status;
const problems = async () => {
  const found = s.t.cloud.services.find(({ definition }) => definition.name === "block-storage");
  return (await found?.instance.examine?.()) ?? [];
};

test("a snapshot whose data is lost is in error, in the log and in doctor's findings, until it is deleted", async () => {
  const { id } = await s.volume();
  const [lost, kept] = [await snapshotOf(id), await snapshotOf(id)];
  await looked();
  assert.deepEqual([await statusOf(lost), await problems()], ["available", []]);
  driver.state = { lostSnapshots: [lost, "somebody else's"], usedPercent: null };
  await looked();
  assert.deepEqual([await statusOf(lost), await statusOf(kept)], ["error", "available"]);
  const errors = s.t.logs.filter(({ level }) => level === "error");
  assert.deepEqual(
    errors.map(({ message }) => message),
    [`snapshot ${lost} of volume ${id} is lost`],
  );
  assert.deepEqual(
    (await problems()).map(({ key }) => key),
    [`snapshot-lost:${lost}`],
  );
  const made = await s.request("POST", "/volumes", { body: { volume: { snapshot_id: lost } } });
  assert.equal(made.status, 400);
  await s.request("DELETE", `/snapshots/${lost}`);
  await s.idle();
  assert.deepEqual(await problems(), []);
});

test("a pool that is nearly full is a warning, told once in the log, for as long as it is", async () => {
  const warnings = () => s.t.cloud.kernel.warnings.list().filter(({ key }) => key.startsWith("volume-pool-full:"));
  const said = () => s.t.logs.filter(({ level, message }) => level === "warning" && message.includes("% full")).length;
  for (const [usedPercent, message] of [
    [79.9, undefined],
    [80, "the pool of storage backend lvmdriver-1 is 80 % full"],
    [97.6, "the pool of storage backend lvmdriver-1 is 97 % full"],
    [12, undefined],
  ] as const) {
    driver.state = { lostSnapshots: [], usedPercent };
    await looked();
    assert.equal(warnings()[0]?.message, message);
  }
  assert.equal(said(), 1);
});

test("a backend that cannot be looked at is a finding of doctor's and a warning in the log, and nothing is called lost", async () => {
  driver.isBlind = true;
  await looked();
  const [problem] = await problems();
  assert.equal(problem?.key, "storage-backend-unreadable:lvmdriver-1");
  assert.match(problem?.message ?? "", /the volume group is not there/);
  assert.ok(s.t.logs.some(({ level, message }) => level === "warning" && message.includes("not there")));
  driver.isBlind = false;
  assert.deepEqual(await problems(), []);
});
