import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { Damage } from "../../src/host/box/wiring.ts";
import { isRuleChange } from "../../src/host/watch/host-watch.ts";
import { Watch } from "../../src/host/watch/watch.ts";
import { systemClock } from "../../src/kernel/time/clock.ts";

const MINUTE = 60_000;
const route: Damage = { key: "route r", what: "route r was gone", why: "" };
const rule: Damage = { key: "iptables-rule m", what: "rule m was gone", why: "" };

/** A host that a test damages, with a clock of its own. */
function lab(t: TestContext) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const damaged = new Map<string, Damage>();
  const said: string[] = [];
  const state = { now: 0, busy: false, broken: false, looks: 0, hostile: new Set<string>() };
  const keys = (damage: readonly Damage[]) => damage.map(({ key }) => key).join(",");
  const watch = new Watch({
    look: async () => {
      state.looks += 1;
      return [...damaged.values()];
    },
    mend: async (leave) => {
      if (state.broken) throw new Error("no iptables");
      for (const key of damaged.keys()) if (!leave.has(key) && !state.hostile.has(key)) damaged.delete(key);
    },
    isBusy: () => state.busy,
    says: {
      mended: (damage) => said.push(`mended ${keys(damage)}`),
      contested: ({ key }, times, until) => said.push(`contested ${key} ${times} ${until - state.now}`),
      settled: (key) => said.push(`settled ${key}`),
      failed: (damage, error) =>
        said.push(`failed ${keys(damage)} ${error instanceof Error ? error.message : ""}`.trim()),
      recovered: () => said.push("recovered"),
    },
    clock: { ...systemClock, now: () => state.now },
    monotonic: () => state.now,
    lookEveryMs: MINUTE,
  });
  t.after(() => watch.stop());
  /** Time passes, in steps of 100 ms. */
  const pass = async (ms: number) => {
    for (let step = 0; step < ms; step += 100) {
      state.now += 100;
      t.mock.timers.tick(100);
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    }
  };
  const damage = (one: Damage) => {
    damaged.set(one.key, one);
    watch.changed();
  };
  /** What was said since the last time. */
  const heard = () => said.splice(0);
  watch.start();
  return { watch, damaged, state, pass, damage, heard };
}

test("what is removed is put back at once and said; nothing runs while nothing happens", async (t) => {
  const { state, pass, damage, damaged, heard } = lab(t);
  await pass(59_000);
  assert.equal(state.looks, 0);
  damage(route);
  damage(rule);
  await pass(300);
  assert.deepEqual(heard(), ["mended route r,iptables-rule m"]);
  assert.equal(damaged.size, 0);
  // A change that the kernel does not tell of is found by the look that comes by itself.
  damaged.set(rule.key, rule);
  await pass(MINUTE + 1_000);
  assert.deepEqual(heard(), ["mended iptables-rule m"]);
});

test("a storm of events costs a look a second", async (t) => {
  const { watch, state, pass } = lab(t);
  for (let event = 0; event < 100; event += 1) {
    watch.changed();
    await pass(100);
  }
  assert.ok(state.looks >= 9 && state.looks <= 11, `${state.looks} looks in 10 s`);
});

test("what another program removes again and again is left alone for longer each time, the rest is not", async (t) => {
  const { pass, damage, damaged, heard } = lab(t);
  for (let round = 0; round < 3; round += 1) {
    damage(rule);
    await pass(2_000);
  }
  assert.deepEqual(heard(), [
    "mended iptables-rule m",
    "mended iptables-rule m",
    "mended iptables-rule m",
    `contested iptables-rule m 3 ${MINUTE}`,
  ]);
  damage(rule);
  await pass(10_000);
  damage(route);
  await pass(2_000);
  assert.deepEqual(heard(), ["mended route r"]);
  assert.ok(damaged.has(rule.key));
  await pass(MINUTE);
  assert.deepEqual(heard(), ["mended iptables-rule m", `contested iptables-rule m 4 ${2 * MINUTE}`]);
  // It gives in.
  await pass(14 * MINUTE);
  assert.deepEqual(heard(), ["settled iptables-rule m"]);
  damage(rule);
  await pass(2_000);
  assert.deepEqual(heard(), ["mended iptables-rule m"]);
});

test("nothing is put back while a command takes it away", async (t) => {
  const { pass, damage, damaged, heard, state } = lab(t);
  state.busy = true;
  damage(route);
  await pass(30_000);
  assert.deepEqual(heard(), []);
  state.busy = false;
  await pass(2_000);
  assert.deepEqual(heard(), ["mended route r"]);
  assert.equal(damaged.size, 0);
});

test("what cannot be put back is said, tried again later each time, and said when it is well", async (t) => {
  const { pass, damage, heard, state, damaged } = lab(t);
  state.broken = true;
  damage(route);
  await pass(10_000);
  const first = heard();
  assert.ok(first.length >= 3 && first.length <= 5, first.join());
  assert.equal(first[0], "failed route r no iptables");
  state.broken = false;
  // Gone again before anybody has looked: that is no mending either.
  state.hostile.add(route.key);
  await pass(10_000);
  assert.deepEqual([...new Set(heard())], ["failed route r"]);
  state.hostile.clear();
  await pass(MINUTE);
  assert.deepEqual(heard(), ["mended route r", "recovered"]);
  assert.equal(damaged.size, 0);
});

test("of what nft tells, only rules, chains and tables matter", () => {
  for (const line of [
    "delete rule ip nat POSTROUTING handle 2",
    "delete chain ip nat POSTROUTING",
    "delete table ip nat",
    "add chain ip filter FORWARD { type filter hook forward priority filter; policy drop; }",
    "add rule ip filter DOCKER-USER counter packets 0 bytes 0 return",
    "add chain inet firewalld filter_FORWARD { type filter hook forward priority filter + 10; policy accept; }",
    "add rule inet firewalld filter_FORWARD reject with icmpx admin-prohibited",
    "# ERROR: We lost some netlink events!",
  ])
    assert.equal(isRuleChange(line), true, line);
  for (const line of [
    "add element inet f2b-table addr-set-sshd { 192.0.2.7 }",
    "add rule inet mine input accept",
    "# new generation 4 by process 20984 (nft)",
    "\tchain x {",
  ])
    assert.equal(isRuleChange(line), false, line);
});
