import assert from "node:assert/strict";
import { Agent, request } from "node:http";
import { describe, test } from "node:test";
import { createApps } from "../../src/app.ts";
import { computeEnvelope, family } from "../../src/kernel/http/families.ts";
import { route } from "../../src/kernel/http/route.ts";
import { defineService } from "../../src/kernel/module.ts";
import { anyone } from "../../src/kernel/policy/policy.ts";
import { LoopDelay } from "../../src/kernel/turns/loop-delay.ts";
import { Turns } from "../../src/kernel/turns/turns.ts";
import { listen } from "../../src/listen.ts";
import { identityStub, testCloud } from "../support/cloud.ts";

/** Turns over a time that only work moves, and a loop that is turned by hand. */
class Loop {
  now = 0;
  readonly done: string[] = [];
  readonly turns: Turns;
  #next: (() => void) | null = null;

  constructor() {
    this.turns = new Turns({
      now: () => this.now,
      nextTurn: (body) => {
        assert.equal(this.#next, null, "one a turn is enough");
        this.#next = body;
      },
    });
  }

  ask(name: string, milliseconds: number, turn: Promise<void>): void {
    void turn.then(() => {
      this.done.push(name);
      this.now += milliseconds;
    });
  }

  /** What was worked on in the next turn of the loop; null when nothing is to come. */
  async turn(): Promise<string[] | null> {
    await this.rest();
    const next = this.#next;
    if (next === null) return null;
    const before = this.done.length;
    this.#next = null;
    next();
    await this.rest();
    return this.done.slice(before);
  }

  /** Until nothing goes on in this turn. */
  rest(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}

describe("whose turn it is", () => {
  test("a turn of the loop does 10 ms of work and no more, whatever waits", async () => {
    const loop = new Loop();
    for (let n = 0; n < 20; n += 1) loop.ask(`${n}`, 4, loop.turns.mine({}));
    await loop.rest();
    assert.deepEqual(loop.done, ["0", "1", "2"]);
    assert.deepEqual(await loop.turn(), ["3", "4", "5"]);
    while ((await loop.turn()) !== null);
    assert.equal(loop.done.length, 20);
  });

  test("where a turn ends is looked at once there was a millisecond of work", async () => {
    const loop = new Loop();
    loop.ask("short", 0.6, loop.turns.mine({}));
    assert.equal(await loop.turn(), null);
    loop.ask("short", 0.6, loop.turns.mine({}));
    assert.deepEqual(await loop.turn(), []);
    assert.equal(await loop.turn(), null);
    for (const name of ["long", "after"]) loop.ask(name, 12, loop.turns.mine({}));
    assert.deepEqual(await loop.turn(), ["after"]);
  });

  test("a new client goes before two hundred that keep the process busy", async () => {
    const loop = new Loop();
    const answered: object[] = [];
    const ask = (client: object) =>
      loop.ask(
        "busy",
        8,
        loop.turns.mine(client).then(() => void answered.push(client)),
      );
    for (let n = 0; n < 200; n += 1) ask({});
    while (loop.done.length < 450) {
      await loop.turn();
      // Each sends its next request right after the answer.
      for (const client of answered.splice(0)) ask(client);
    }
    loop.ask("new", 1, loop.turns.mine({}));
    const next = await loop.turn();
    assert.ok(next?.includes("new"), `${next}`);
  });

  test("a flood of new clients leaves half of the time to those that were there, and to work in the background", async () => {
    const loop = new Loop();
    const old = {};
    loop.ask("warm", 8, loop.turns.mine(old));
    while ((await loop.turn()) !== null);
    for (let n = 0; n < 100; n += 1) loop.ask("new", 5, loop.turns.mine({}));
    for (let n = 0; n < 10; n += 1) loop.ask("old", 5, loop.turns.mine(old));
    for (let n = 0; n < 10; n += 1) loop.ask("background", 5, loop.turns.background());
    while (loop.done.length < 31) await loop.turn();
    const count = (name: string) => loop.done.filter((done) => done === name).length;
    assert.ok(count("old") >= 8, `${loop.done}`);
    assert.ok(count("background") >= 8, `${loop.done}`);
  });
});

test("sixty connections that ask at once do not make one turn of the event loop, nor do sixty that write", async () => {
  const perTurn: number[] = [];
  let handled = 0;
  let isWatching = true;
  const watch = () => {
    if (handled > 0) perTurn.push(handled);
    handled = 0;
    if (isWatching) setImmediate(watch);
  };
  const work = () => {
    handled += 1;
    const end = performance.now() + 5;
    while (performance.now() < end);
    return {};
  };
  const slow = defineService({
    name: "slow" as never,
    endpoint: { prefix: "/slow", classicPorts: [], catalog: [] },
    api: family({ renderError: computeEnvelope }),
    policies: { "slow:any": anyone },
    migrations: [],
    create: () => ({
      facade: {} as never,
      routes: [
        route({ name: "read", method: "GET", path: "/", policy: "slow:any", success: 200, handler: work }),
        route({ name: "write", method: "POST", path: "/", policy: "slow:any", success: 200, handler: work }),
      ],
    }),
  });
  const cloud = await testCloud([identityStub(), slow()]);
  const listener = await listen(createApps(cloud.cloud).all, { host: "127.0.0.1", port: 0 });
  const agents = Array.from({ length: 60 }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const ask = (agent: Agent, method: string) =>
    new Promise<void>((resolve, reject) => {
      const options = { host: "127.0.0.1", port: listener.port, path: "/slow/", agent, method };
      const body = method === "POST" ? JSON.stringify({ text: "x".repeat(2_000) }) : undefined;
      request(options, (response) => response.resume().once("end", resolve))
        .once("error", reject)
        .end(body);
    });
  try {
    await Promise.all(agents.map((agent) => ask(agent, "GET")));
    watch();
    for (const method of ["GET", "POST"]) {
      perTurn.length = 0;
      await Promise.all(agents.map((agent) => ask(agent, method)));
      assert.ok(Math.max(...perTurn) <= 4, `${method}: ${perTurn}`);
    }
  } finally {
    isWatching = false;
    for (const agent of agents) agent.destroy();
    await listener.close();
    await cloud.close();
  }
});

test("how late the loop is is told, and only while there is work", async () => {
  const delay = new LoopDelay();
  const none = { p50: 0, p99: 0, max: 0, over: delay.read().over };
  assert.deepEqual(Object.values(none.over), Array(10).fill(0));
  assert.deepEqual(delay.read(), { looks: 0, ...none, own: none });
  delay.look();
  const end = performance.now() + 80;
  while (performance.now() < end);
  while (delay.read().looks === 0) await new Promise((resolve) => setImmediate(resolve));
  delay.stop();
  const { looks, max, over, own } = delay.read();
  assert.equal(looks, 1);
  assert.ok(max >= 69, `${max}`);
  assert.equal(over[50], 1);
  assert.ok(own.max > 0 && own.max <= max, `${own.max} of ${max}`);
  // Another program has the processor, as far as this loop can tell.
  delay.look();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  while (delay.read().looks === 1) await new Promise((resolve) => setImmediate(resolve));
  delay.stop();
  assert.ok(delay.read().max >= 189, `${delay.read().max}`);
  assert.equal(delay.read().own.max, own.max);
});
