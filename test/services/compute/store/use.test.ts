import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import fc from "fast-check";
import { uuid } from "../../../../src/kernel/ids/ids.ts";
import { needOf } from "../../../../src/services/compute/scheduler/scheduler.ts";
import { type Server, type ServerChanges, ServerStore } from "../../../../src/services/compute/store/servers.ts";
import { type ComputeLab, computeLab } from "../support.ts";

let t: ComputeLab;
let servers: ServerStore;
let model: Server;
before(async () => {
  t = await computeLab();
  servers = new ServerStore(t.cloud.kernel.db);
  model = servers.get(await t.boot()) as Server;
});
after(() => t.close());

const PROJECTS = ["alpha", "beta"];
const NAMES = ["web-1", "web-12", "db-1"];
const USERS = ["one", "other"];

/** As they were counted before they were kept: from every row. */
function summed() {
  const all = servers.list({ projectId: null, deleted: "no" });
  const project = (id: string) => {
    const own = all.filter(
      ({ projectId, vmState }) => projectId === id && !["soft-delete", "deleted"].includes(vmState),
    );
    const sum = (one: (server: Server) => number) => own.reduce((total, server) => total + one(server), 0);
    return { instances: own.length, cores: sum(({ flavor }) => flavor.vcpus), ram: sum(({ flavor }) => flavor.ram) };
  };
  const host = (except: string | null) => {
    const there = all.filter(
      ({ id, host, vmState }) => id !== except && host !== null && vmState !== "shelved_offloaded",
    );
    const sum = (one: (server: Server) => number) => there.reduce((total, server) => total + one(server), 0);
    return {
      servers: there.length,
      busy: there.filter(({ taskState }) => taskState !== null).length,
      vcpus: sum((server) => needOf(server).vcpus),
      memoryMb: sum((server) => needOf(server).memoryMb),
      diskGb: sum((server) => needOf(server).diskGb),
    };
  };
  const owner = (projectId: string, userId: string | null) => {
    const own = all.filter(
      (one) =>
        one.projectId === projectId &&
        (userId === null || one.userId === userId) &&
        one.host !== null &&
        one.vmState !== "shelved_offloaded",
    );
    const sum = (one: (server: Server) => number) => own.reduce((total, server) => total + one(server), 0);
    return {
      servers: own.length,
      vcpus: sum((server) => needOf(server).vcpus),
      memoryMb: sum((server) => needOf(server).memoryMb),
      diskGb: sum((server) => needOf(server).diskGb),
    };
  };
  return { project, host, owner };
}

const HOUR = 3_600_000;
/** Two in one day, and of other days. */
const MOMENTS = [0, 5, 9, 30, 30.5, 100, 101].map((hours) => 20_000 * 24 * HOUR + hours * HOUR);
const PERIODS = [-1, 0, 7, 9, 24, 30.2, 96, 150].map((hours) => 20_000 * 24 * HOUR + hours * HOUR);

/** What was used in a period, as it is added up from every server. */
function usedIn(start: number, end: number) {
  const all = servers.list({ projectId: null, deleted: "also" });
  const there = all.filter(
    ({ launchedAt, terminatedAt }) =>
      launchedAt !== null && launchedAt <= end && (terminatedAt === null || terminatedAt >= start),
  );
  const byProject = [...Map.groupBy(there, ({ projectId }) => projectId)].sort(([one], [other]) =>
    one < other ? -1 : 1,
  );
  return byProject.map(([projectId, own]) => {
    const sum = (one: (server: Server) => number) =>
      own.reduce((total, server) => {
        const { launchedAt, terminatedAt } = server;
        const hours = (Math.min(terminatedAt ?? end, end) - Math.max(launchedAt ?? end, start)) / HOUR;
        return total + Math.max(0, hours) * one(server);
      }, 0);
    return {
      projectId,
      hours: sum(() => 1),
      memoryMbHours: sum(({ flavor }) => flavor.ram),
      vcpuHours: sum(({ flavor }) => flavor.vcpus),
      localGbHours: sum(({ flavor }) => flavor.disk + flavor.ephemeral),
    };
  });
}

const rounded = (uses: readonly object[]) =>
  uses.map((use) =>
    Object.fromEntries(
      Object.entries(use).map(([name, value]) => [
        name,
        typeof value === "number" ? Math.round(value * 1e4) / 1e4 : value,
      ]),
    ),
  );

const changes = fc.record(
  {
    projectId: fc.constantFrom(...PROJECTS),
    vmState: fc.constantFrom("active", "building", "stopped", "shelved_offloaded", "soft-delete", "deleted", "error"),
    taskState: fc.constantFrom(null, "spawning", "deleting"),
    host: fc.constantFrom(null, "node1", "node2"),
    imageId: fc.constantFrom("", "some-image"),
    deletedAt: fc.constantFrom(null, 1_000),
    launchedAt: fc.constantFrom(null, ...MOMENTS),
    terminatedAt: fc.constantFrom(null, ...MOMENTS),
    name: fc.constantFrom(...NAMES),
    size: fc.integer({ min: 1, max: 5 }),
    swap: fc.constantFrom(0, 512, 2_048),
  },
  { requiredKeys: [] },
);
const step = fc.record({
  do: fc.constantFrom("insert", "update", "update", "update", "remove", "rollback"),
  at: fc.nat(20),
  changes,
});

test("kept sums are what adding up every server gives, after whatever happened to them", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const { db } = t.cloud.kernel;
      const ids = [model.id];
      const valuesOf = ({ size, swap, ...rest }: (typeof steps)[number]["changes"]) => {
        const flavor = { ...model.flavor, ...(swap === undefined ? {} : { swap }) };
        if (size !== undefined)
          Object.assign(flavor, { vcpus: size, ram: size * 512, disk: size, ephemeral: size - 1 });
        const { launchedAt, terminatedAt } = rest;
        if (launchedAt != null && terminatedAt != null && terminatedAt < launchedAt)
          Object.assign(rest, { launchedAt: terminatedAt, terminatedAt: launchedAt });
        return { ...rest, flavor } as ServerChanges;
      };
      for (const one of steps) {
        const id = ids[one.at % ids.length] ?? model.id;
        if (one.do === "insert") {
          const { number: _, ...columns } = model;
          const userId = USERS[one.at % USERS.length] ?? "";
          const copy = { ...columns, ...valuesOf(one.changes), userId, id: uuid() };
          servers.insert(copy);
          ids.push(copy.id);
        } else if (one.do === "update") servers.update(id, valuesOf(one.changes), 1);
        else if (one.do === "remove" && id !== model.id) {
          db.prepare("DELETE FROM compute_servers WHERE id = ?").run(id);
          ids.splice(ids.indexOf(id), 1);
        } else if (one.do === "rollback")
          assert.throws(() =>
            db.transaction(() => {
              servers.update(id, valuesOf(one.changes), 1);
              throw new Error("broken");
            }),
          );
        const sums = summed();
        for (const project of PROJECTS) {
          assert.deepEqual(servers.usage(project), sums.project(project));
          for (const user of [null, ...USERS])
            assert.deepEqual(servers.ownerUsage(project, user), sums.owner(project, user));
        }
        for (const [index, start] of PERIODS.entries()) {
          const end = PERIODS[index + (one.at % 3)] ?? start;
          assert.deepEqual(rounded(servers.periodUse(start, end)), rounded(usedIn(start, end)), `${start} to ${end}`);
        }
        const live = db.prepare("SELECT number FROM compute_servers WHERE deleted_at IS NULL ORDER BY 1").all();
        assert.deepEqual(db.prepare("SELECT rowid AS number FROM compute_server_texts ORDER BY 1").all(), live);
        for (const name of NAMES)
          assert.deepEqual(
            db
              .prepare("SELECT rowid FROM compute_server_texts WHERE compute_server_texts MATCH ?")
              .pluck()
              .all(`{name} : "${name}"`),
            db
              .prepare("SELECT number FROM compute_servers WHERE deleted_at IS NULL AND instr(name, ?) ORDER BY 1")
              .pluck()
              .all(name),
          );
        assert.deepEqual(servers.hostUsage(), sums.host(null));
        assert.deepEqual(servers.hostUsage(id), sums.host(id));
      }
      for (const id of ids) if (id !== model.id) db.prepare("DELETE FROM compute_servers WHERE id = ?").run(id);
    }),
    { numRuns: 100 },
  );
});

test("what one more server takes is known without a look at those that are there", () => {
  const { db } = t.cloud.kernel;
  const plans: string[] = [];
  const prepare = db.prepare.bind(db);
  db.prepare = ((sql: string) => {
    const plan = db.raw.prepare<[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql.replaceAll("?", "''")}`).all();
    plans.push(...plan.map(({ detail }) => detail));
    return prepare(sql);
  }) as typeof db.prepare;
  try {
    const fresh = new ServerStore(db);
    fresh.usage("alpha");
    fresh.hostUsage(model.id);
  } finally {
    db.prepare = prepare as typeof db.prepare;
  }
  assert.ok(plans.length > 0);
  assert.deepEqual(
    plans.filter((plan) => /compute_servers|SCAN/.test(plan) && !/one USING INDEX|SCAN use/.test(plan)),
    [],
  );
});
