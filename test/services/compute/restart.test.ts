import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { createApps } from "../../../src/app.ts";
import { dashboardMigrations } from "../../../src/dashboard/server/index.ts";
import { type Cloud, createCloud } from "../../../src/kernel/kernel.ts";
import { ServerStore } from "../../../src/services/compute/store/servers.ts";
import type { Json } from "../../support/json.ts";
import { type ComputeLab, computeLab } from "./support.ts";

describe("the next start of a cloud, with the API open from its beginning", () => {
  let t: ComputeLab;
  let again: Cloud | null;
  /** What the driver was asked for, and whether guests may start yet. */
  let verbs: string[];
  let gate: PromiseWithResolvers<void> | null;
  beforeEach(async () => {
    again = null;
    gate = null;
    verbs = [];
    t = await computeLab({
      before: async (verb, { uuid }) => {
        verbs.push(`${verb} ${uuid}`);
        if (verb === "start") await gate?.promise;
      },
    });
  });
  afterEach(async () => {
    gate?.resolve();
    await again?.stop();
    await t.close();
  });

  /** The host was rebooted and a new process begins; no guest starts before `gate` opens. */
  async function restart(
    how: "reboot" | "the guests go on" = "reboot",
  ): Promise<(method: string, path: string, body?: unknown) => Promise<Json>> {
    await t.idle();
    await t.cloud.stop();
    if (how === "reboot") for (const guest of t.driver.guests.values()) guest.power = "shutdown";
    verbs.length = 0;
    t.networkDriver.calls.length = 0;
    gate = Promise.withResolvers();
    const { settings, db } = t.cloud.kernel;
    const services = t.cloud.services.map(({ definition }) => definition);
    const cloud = createCloud({ settings, db, services, migrations: dashboardMigrations, sink: () => {} });
    again = cloud;
    let wasOpen = false;
    await cloud.open(async () => {
      assert.deepEqual(verbs, [], "nothing is brought back before the ports are open");
      wasOpen = true;
    });
    assert.ok(wasOpen);
    const { all } = createApps(cloud);
    return async (method, path, body) => {
      const headers = { "x-auth-token": "member:alpha", "content-type": "application/json" };
      const answer = await all.request(`/compute/v2.1${path}`, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, ...(text === "" ? {} : JSON.parse(text)) };
    };
  }
  const until = async (what: () => Promise<boolean>) => {
    while (!(await what())) await new Promise((resolve) => setImmediate(resolve));
  };

  test("reads and new servers are served while guests are still to come; what is asked of those waits for them", async () => {
    const ids = [await t.boot(), await t.boot(), await t.boot()];
    const api = await restart();
    assert.deepEqual(
      again?.progress().filter(({ what }) => what === "guests"),
      [{ service: "compute", what: "guests", done: 0, total: 3 }],
    );
    assert.equal((await api("GET", "/servers")).servers.length, 3);

    const made = await api("POST", "/servers", {
      server: { name: "new", imageRef: t.image.id, flavorRef: "42", networks: [{ uuid: t.networkId }] },
    });
    assert.equal(made.status, 202);
    await until(async () => (await api("GET", `/servers/${made.server.id}`)).server.status === "ACTIVE");

    assert.equal((await api("POST", `/servers/${ids[2]}/action`, { "os-stop": null })).status, 202);
    assert.equal((await api("DELETE", `/servers/${ids[1]}`)).status, 204);
    await until(async () => verbs.filter((verb) => verb.startsWith("start")).length === 3);
    assert.deepEqual(
      verbs.filter((verb) => /^(stop|destroy)/.test(verb)),
      [],
      "not before its guest is back",
    );

    gate?.resolve();
    await until(async () => again?.progress().length === 0);
    await again?.kernel.operations.idle();
    const of = (id = "") => verbs.filter((verb) => verb.endsWith(id)).map((verb) => verb.split(" ")[0]);
    assert.deepEqual(of(ids[0]), ["start"]);
    assert.deepEqual(of(ids[1]), ["start", "destroy"]);
    assert.deepEqual(of(ids[2]), ["start", "stop"]);
    assert.equal((await api("GET", `/servers/${ids[0]}`)).server.status, "ACTIVE");
    assert.equal((await api("GET", `/servers/${ids[1]}`)).status, 404);
    assert.equal((await api("GET", `/servers/${ids[2]}`)).server.status, "SHUTOFF");
  });

  test("rules are made once for all guests that come back, and servers' rows are left alone", async () => {
    for (let n = 0; n < 10; n += 1) await t.boot();
    const api = await restart();
    const stamps = async () => (await api("GET", "/servers/detail")).servers.map((server: Json) => server.updated);
    const before = await stamps();
    gate?.resolve();
    await until(async () => again?.progress().length === 0);
    assert.equal([...t.driver.guests.values()].filter(({ power }) => power === "running").length, 10);
    const count = (call: string) => t.networkDriver.calls.filter((made) => made.startsWith(call)).length;
    assert.equal(count("applyFirewall"), 1);
    assert.equal(count("applyNetwork"), 1);
    assert.deepEqual(await stamps(), before);
  });

  test("servers whose guests went on meanwhile are not even read", async (context) => {
    const ids = [await t.boot(), await t.boot()];
    const read = context.mock.method(ServerStore.prototype, "get");
    const many = context.mock.method(ServerStore.prototype, "list");
    await restart("the guests go on");
    await until(async () => again?.progress().length === 0);
    assert.deepEqual(verbs, []);
    assert.equal(read.mock.calls.filter(({ arguments: [id] }) => ids.includes(id)).length, 0);
    assert.equal(many.mock.callCount(), 0);
  });

  test("it ends in the midst of that, and the next start goes on", async () => {
    const ids = [await t.boot(), await t.boot()];
    const api = await restart();
    await until(async () => verbs.length === 2);
    assert.equal((await api("POST", `/servers/${ids[0]}/action`, { "os-stop": null })).status, 202);
    const stopped = again?.stop();
    gate?.resolve();
    await stopped;
    again = null;
    const { settings, db } = t.cloud.kernel;
    const services = t.cloud.services.map(({ definition }) => definition);
    const last = createCloud({ settings, db, services, migrations: dashboardMigrations, sink: () => {} });
    await last.start();
    await last.kernel.operations.idle();
    const power = ids.map((id) => t.driver.guests.get(id)?.power);
    await last.stop();
    assert.deepEqual(power, ["shutdown", "running"]);
  });
});
