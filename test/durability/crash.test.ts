import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Database } from "../../src/kernel/db/database.ts";
import { violations } from "./support/invariants.ts";
import { type Moment, RecordedDatabase, Recorder, revive } from "./support/recorder.ts";
import { type Base, prepareBase, Scene, scenarios, settingsOf } from "./support/scenarios.ts";
import { type Life, type LifeSettings, live, login, World } from "./support/world.ts";

/** Of so many moments, one is also tried with a reboot instead of a kill, and with a second kill while the first is recovered from. */
const EVERY = Number(process.env.CRASH_EVERY ?? 6);

/**
 * A kill at every moment of every kind of work: each scenario is run once, with a copy of database, files and outside world taken
 * before and after each transaction and each effect. Then every copy is given to a new process, which must come to rest with
 * nothing half done, nothing orphaned and nothing missing that was acknowledged.
 */
describe("killed at any moment", () => {
  let root: string;
  let dataDir: string;
  let base: Moment;
  let known: Base;
  const kindsRun = new Set<string>();
  let kinds: readonly string[] = [];

  before(async () => {
    // In memory where there is such a place: it is about processes that die, not about disks.
    root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "tenrec-crash-"));
    dataDir = join(root, "data");
    mkdirSync(dataDir);
    const world = new World();
    const recorder = new Recorder(dataDir, world);
    const db = new RecordedDatabase(join(dataDir, "tenrec.db"), recorder);
    let token = "";
    const life = live({ db, dataDir, world, token: () => token });
    await life.cloud.start();
    await life.cloud.seed();
    token = await login(life);
    known = await prepareBase(life, token);
    kinds = life.cloud.kernel.operations.kinds;
    recorder.recording = true;
    recorder.note("base");
    await life.end();
    base = recorder.moments[0] as Moment;
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  interface Waking {
    recorder?: Recorder | undefined;
    settings?: LifeSettings | undefined;
  }
  const waken = async (moment: Moment, world: World, options: Waking): Promise<{ life: Life; db: Database }> => {
    const { recorder, settings = {} } = options;
    revive(moment, dataDir);
    const path = join(dataDir, "tenrec.db");
    const db = recorder === undefined ? new Database({ path }) : new RecordedDatabase(path, recorder);
    const more = recorder === undefined ? {} : { recorder };
    const life = live({ db, dataDir, world, token: () => known.token, settings, ...more });
    return { life, db };
  };

  for (const [name, scenario] of Object.entries(scenarios)) {
    test(name, async () => {
      const world = World.of(base.outside);
      const recorder = new Recorder(dataDir, world);
      const settings = settingsOf[name];
      const first = await waken(base, world, { recorder, settings });
      await first.life.cloud.start();
      recorder.recording = true;
      const scene = new Scene(first.life, world, known, () => recorder.moments.length);
      await scenario(scene);
      await first.life.idle();
      recorder.recording = false;
      const kindsOf = (db: Database) => db.prepare<[], string>("SELECT DISTINCT kind FROM operations").pluck().all();
      for (const kind of kindsOf(first.db)) kindsRun.add(kind);
      const calm = violations(first.db, dataDir, world);
      await first.life.end();
      assert.deepEqual(calm, [], "without a crash");
      assert.ok(recorder.moments.length > 2, "there are moments");

      const problems: string[] = [];
      const check = async (moment: Moment, index: number, options: { reboot?: boolean; recorder?: Recorder }) => {
        const second = World.of(moment.outside);
        if (options.reboot === true) second.reboot();
        const again = options.recorder ?? null;
        again?.surround(second);
        const { life, db } = await waken(moment, second, { recorder: options.recorder, settings });
        if (again !== null) again.recording = true;
        await life.cloud.start();
        await life.idle();
        if (again !== null) again.recording = false;
        const found = violations(db, dataDir, second);
        for (const kind of kindsOf(db)) kindsRun.add(kind);
        for (const { since, what, check } of scene.acknowledged) {
          if (since > index) continue;
          const answer = await check(life);
          if (answer !== null) found.push(`${what}: ${answer}`);
        }
        await life.end();
        const how = options.reboot === true ? "reboot" : again === null ? "kill" : "recorded";
        problems.push(...found.map((what) => `${what} [${how} ${index} ${moment.label}]`));
      };
      for (const [index, moment] of recorder.moments.entries()) {
        if (index % EVERY !== 0) {
          await check(moment, index, {});
          continue;
        }
        await check(moment, index, { reboot: true });
        // Killed once more, while it recovers.
        const again = new Recorder(dataDir);
        await check(moment, index, { recorder: again });
        const next = again.moments[(index * 7) % Math.max(1, again.moments.length)];
        if (next !== undefined) await check({ ...next, label: `${moment.label}, then ${next.label}` }, index, {});
      }
      assert.deepEqual(summary(problems), []);
    });
  }

  test("every kind of operation was among them", () => {
    assert.deepEqual(
      kinds.filter((kind) => !kindsRun.has(kind)),
      [],
    );
  });
});

/** The same problem at many moments is one line. */
function summary(problems: readonly string[]): string[] {
  const byWhat = new Map<string, string[]>();
  for (const problem of problems) {
    const [, what = problem, when = ""] = /^(.*) \[(.*)\]$/s.exec(problem) ?? [];
    byWhat.set(what, [...(byWhat.get(what) ?? []), when]);
  }
  return [...byWhat].map(([what, when]) => `${what}: ${when.length} times, e.g. ${when.slice(0, 2).join("; ")}`);
}
