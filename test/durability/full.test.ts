import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { FaultyDatabase } from "./support/faulty.ts";
import { violations } from "./support/invariants.ts";
import { type Moment, RecordedDatabase, Recorder, revive } from "./support/recorder.ts";
import { type Base, prepareBase, Scene, scenarios, settingsOf } from "./support/scenarios.ts";
import { live, login, World } from "./support/world.ts";

/** Of so many writes, one is tried. */
const EVERY = Number(process.env.FULL_EVERY ?? 9);

/**
 * The disk is full at one write of a scenario, whichever: a request is told so and may be sent again, work behind requests waits and
 * goes on. Every scenario comes to the end it has otherwise, with nothing half done and no server in ERROR.
 */
describe("a disk that is full at any write", () => {
  let root: string;
  let dataDir: string;
  let base: Moment;
  let known: Base;

  before(async () => {
    root = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "tenrec-full-"));
    dataDir = join(root, "data");
    mkdirSync(dataDir);
    const world = new World();
    const recorder = new Recorder(dataDir, world);
    let token = "";
    const db = new RecordedDatabase(join(dataDir, "tenrec.db"), recorder);
    const life = live({ db, dataDir, world, token: () => token });
    await life.cloud.start();
    await life.cloud.seed();
    token = await login(life);
    known = await prepareBase(life, token);
    recorder.recording = true;
    recorder.note("base");
    await life.end();
    base = recorder.moments[0] as Moment;
  });
  after(() => rmSync(root, { recursive: true, force: true }));

  /** Runs a scenario with the disk full at write `failAt`. Answers how many writes there were, and how many requests were refused. */
  async function run(name: string, failAt: number): Promise<{ writes: number; refused: number; problems: string[] }> {
    revive(base, dataDir);
    const world = World.of(base.outside);
    const db = new FaultyDatabase({ path: join(dataDir, "tenrec.db") });
    const life = live({ db, dataDir, world, token: () => known.token, settings: settingsOf[name] ?? {} });
    await life.cloud.start();
    db.failAt = failAt;
    db.writes = 0;
    const scene = new Scene(life, world, known, () => 0);
    let problems: string[] = [];
    try {
      await scenarios[name]?.(scene);
      await life.idle();
      problems = violations(db, dataDir, world);
    } catch (error) {
      problems = [error instanceof Error ? error.message : String(error)];
    }
    const { writes } = db;
    db.writes = -1;
    await life.end();
    return { writes, refused: scene.refused, problems };
  }

  for (const name of Object.keys(scenarios)) {
    test(name, async () => {
      const calm = await run(name, -1);
      assert.deepEqual(calm.problems, [], "with room");
      assert.ok(calm.writes > 2);
      const found: string[] = [];
      for (let at = 0; at < calm.writes; at += EVERY) {
        const { problems } = await run(name, at);
        found.push(...problems.map((what) => `${what} [write ${at} of ${calm.writes}]`));
      }
      assert.deepEqual(found, []);
    });
  }
});
