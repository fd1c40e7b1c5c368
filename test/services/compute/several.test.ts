import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { workPerTurn } from "../../support/rows-read.ts";
import { type ComputeLab, computeLab } from "./support.ts";

/** Many servers of one request are made in slices: nobody waits for all of them. */

let t: ComputeLab;
const token = "member:alpha";
const quota = async (limits: Record<string, number>) => {
  const body = { quota_set: { ...limits, force: true } };
  assert.equal((await t.api("PUT", "/os-quota-sets/alpha", { token: "admin:ops", body })).status, 200);
};
const several = (min_count: number, max_count: number, networks: unknown = "none") => {
  const wanted = { name: "many", imageRef: t.image.id, flavorRef: "42", networks, min_count, max_count };
  return t.api("POST", "/servers", { token, version: "2.37", body: { server: wanted } });
};
const present = async () => (await t.api("GET", "/servers?limit=1000", { token })).body.servers.length;

before(async () => {
  t = await computeLab();
  await quota({ instances: -1, cores: -1, ram: -1 });
});
after(() => t.close());

test("200 servers of one request: no more than 25 of them in one turn, each with its place among them", async () => {
  const work = await workPerTurn(t.cloud.kernel, async () => {
    assert.equal((await several(200, 200)).status, 202);
  });
  // Their builds begin in turns of their own.
  const most = Math.max(...work);
  assert.ok(work.length >= 200 / 25, `${work.length} turns`);
  assert.ok(most <= 25 * 30, `${most} rows and statements in one turn`);
  await t.idle();
  const { servers } = (await t.api("GET", "/servers/detail?limit=1000", { token, version: "2.37" })).body;
  assert.equal(servers.length, 200);
  assert.deepEqual(
    new Set(servers.map(({ name }: { name: string }) => name)),
    new Set(Array.from({ length: 200 }, (_, index) => `many-${index + 1}`)),
  );
});

test("100 servers on one network are built in turns of their own", async () => {
  const unlimited = { quota: { port: -1 } };
  const { request } = t;
  await request("PUT", "/networking/v2.0/quotas/alpha", { token: "admin:ops", body: unlimited });
  const work = await workPerTurn(t.cloud.kernel, async () => {
    assert.equal((await several(100, 100, [{ uuid: t.networkId }])).status, 202);
    await t.idle();
  });
  const { servers } = (await t.api("GET", "/servers?limit=1000&status=ACTIVE", { token })).body;
  assert.equal(servers.length, 300);
  const most = Math.max(...work);
  assert.ok(most <= 1_500, `${most} rows and statements in one turn`);
});

test("a quota that others use up meanwhile ends it: with enough of them, or with none", async () => {
  const { turns } = t.cloud.kernel;
  const there = await present();
  for (const [least, made] of [
    [1, true],
    [100, false],
  ] as const) {
    const before = await present();
    await quota({ instances: before + 100 });
    const mine = turns.mine;
    let calls = 0;
    turns.mine = async (client) => {
      calls += 1;
      // After the first two slices, what is left is a handful.
      if (calls === 4) {
        turns.mine = mine;
        await quota({ instances: before + 20 });
      }
      return mine.call(turns, client);
    };
    const { status } = await several(least, 100);
    turns.mine = mine;
    assert.ok(calls >= 4);
    await t.idle();
    const after = await present();
    if (made) {
      assert.equal(status, 202);
      assert.ok(after > before && after <= before + 20, `${after - before} are made`);
    } else {
      assert.equal(status, 403);
      assert.equal(after, before);
    }
  }
  assert.ok((await present()) > there);
});
