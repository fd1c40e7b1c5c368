import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ServerStore } from "../../../src/services/compute/store/servers.ts";
import { type ComputeLab, computeLab } from "./support.ts";

let t: ComputeLab;
const ids: string[] = [];
before(async () => {
  t = await computeLab();
  for (const name of ["web-1", "web-2", "db"]) ids.push(await t.boot({ name, metadata: { name } }));
  await t.api("POST", `/servers/${ids[2]}/action`, { body: { "os-stop": null } });
  await t.idle();
});
after(() => t.close());

const names = (body: { servers: { name: string }[] }) => body.servers.map(({ name }) => name);

test("newest first, filters, sort and pages with a next link", async () => {
  assert.deepEqual(names((await t.api("GET", "/servers")).body), ["db", "web-2", "web-1"]);
  assert.deepEqual(names((await t.api("GET", "/servers?name=web")).body), ["web-2", "web-1"]);
  assert.deepEqual(names((await t.api("GET", "/servers?name=^d")).body), ["db"]);
  assert.deepEqual(names((await t.api("GET", "/servers?status=SHUTOFF")).body), ["db"]);
  assert.deepEqual(names((await t.api("GET", "/servers?status=nonsense")).body), []);
  assert.deepEqual(names((await t.api("GET", "/servers?flavor=42&image=none")).body), []);
  assert.deepEqual(names((await t.api("GET", "/servers?sort_key=display_name&sort_dir=asc")).body), [
    "db",
    "web-1",
    "web-2",
  ]);
  const first = await t.api("GET", "/servers?limit=2");
  assert.deepEqual(names(first.body), ["db", "web-2"]);
  const [next] = first.body.servers_links;
  const second = await t.request("GET", next.href.replace("http://localhost", ""), { token: "member:alpha" });
  assert.deepEqual(names(second.body), ["web-1"]);
  assert.equal(second.body.servers_links, undefined);
  assert.equal((await t.api("GET", "/servers?marker=nope")).status, 400);
});

test("all_tenants is for admins", async () => {
  assert.equal((await t.api("GET", "/servers?all_tenants=1")).status, 403);
  const all = await t.api("GET", "/servers/detail?all_tenants=1", { token: "admin:beta" });
  assert.equal(all.body.servers.length, 3);
  assert.deepEqual(names((await t.api("GET", "/servers", { token: "admin:beta" })).body), []);
});

test("invalid parameters are named", async () => {
  const limit = await t.api("GET", "/servers?limit=testing");
  assert.equal(
    limit.body.badRequest.message,
    "Invalid input for query parameters limit. Value: testing. 'testing' does not match '^[0-9]*$'",
  );
  assert.equal((await t.api("GET", "/servers?changes-since=2011/01/01")).status, 400);
  assert.equal((await t.api("GET", "/servers?unknown=1")).status, 200);
  assert.equal((await t.api("GET", "/servers?unknown=1", { version: "2.75" })).status, 400);
});

test("fifty servers are active within a second, a hundred listed fast", async () => {
  await t.api("PUT", "/os-quota-class-sets/default", {
    token: "admin:admin",
    body: { quota_class_set: { instances: -1, cores: -1, ram: -1 } },
  });
  const start = performance.now();
  const created = await t.api("POST", "/servers", {
    body: { server: { name: "many", imageRef: t.image.id, flavorRef: "42", min_count: 50, max_count: 50 } },
  });
  assert.equal(created.status, 202);
  await t.idle();
  const built = performance.now() - start;
  const list = await t.api("GET", "/servers/detail?name=many");
  assert.equal(list.body.servers.length, 50);
  assert.ok(list.body.servers.every(({ status }: { status: string }) => status === "ACTIVE"));
  // The target is a second on an idle machine; the limit leaves room for a busy one.
  assert.ok(built < 5000, `took ${built} ms`);
  console.log(`50 servers: ${built.toFixed(0)} ms`);
  const times: number[] = [];
  for (let round = 0; round < 20; round += 1) {
    const began = performance.now();
    await t.api("GET", "/servers/detail");
    times.push(performance.now() - began);
  }
  console.log(`list of 53 in detail: ${Math.min(...times).toFixed(2)} ms with parsing by the test`);
});

test("pages of servers made at once, with and without a filter, are the whole list in order", async () => {
  const walk = async (query: string): Promise<string[]> => {
    const found: string[] = [];
    for (let path: string | undefined = `/servers?limit=7&${query}`; path !== undefined; ) {
      const { body } = await t.api("GET", path);
      found.push(...names(body));
      path = body.servers_links?.[0].href.replace(/^.*(?=\/servers)/, "");
    }
    return found;
  };
  const sorted = names((await t.api("GET", "/servers?sort_key=created_at&sort_dir=asc")).body).reverse();
  assert.equal(sorted.length, 53);
  assert.deepEqual(await walk(""), sorted);
  const active = sorted.filter((name) => name !== "db");
  assert.deepEqual(await walk("status=ACTIVE"), active);
  assert.deepEqual(await walk("name=^web"), ["web-2", "web-1"]);
});

test("a list that is longer than what is kept in memory has every server", () => {
  const store = new ServerStore(t.cloud.kernel.db, 5);
  const ids = store.list({ projectId: null, deleted: "no" }).map(({ id }) => id);
  assert.equal(ids.length, 53);
  // The first ones are kept from above; loading the others pushes them out.
  store.many(ids.slice(0, 5));
  assert.deepEqual(
    store.list({ projectId: null, deleted: "no" }).map(({ id }) => id),
    ids,
  );
});

test("pages, quotas and the scheduler read no more of the table when it grows", async (context) => {
  const { db } = t.cloud.kernel;
  const asked = new Set<string>();
  const prepare = db.prepare.bind(db);
  context.mock.method(db, "prepare", (sql: string) => {
    asked.add(sql);
    return prepare(sql);
  });
  await t.api("GET", "/servers/detail?limit=2");
  await t.api("GET", "/servers/detail?limit=2&all_tenants=1", { token: "admin:admin" });
  await t.boot({ name: "one-more" });
  context.mock.restoreAll();
  const reads = [...asked].filter((sql) => /^\s*SELECT[\s\S]*compute_servers/.test(sql));
  assert.ok(reads.length >= 4, reads.join("\n"));
  for (const sql of reads) {
    const values = [...sql].filter((letter) => letter === "?").map(() => null);
    const plan = db.raw.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...values) as { detail: string }[];
    const text = plan.map(({ detail }) => detail).join("; ");
    // Those that are asked for by their ids are as many as the ids.
    if (text.includes("(id=?)")) continue;
    assert.doesNotMatch(text, /SCAN compute_servers(?! USING COVERING INDEX)|TEMP B-TREE/, sql);
  }
});
