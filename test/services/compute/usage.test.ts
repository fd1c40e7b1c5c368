import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { copyRows, costlyPlans, rowsRead } from "../../support/rows-read.ts";
import { type ComputeLab, computeLab } from "./support.ts";

/** Usage is summed by sqlite where only sums are asked for, and read in pages where servers are. */

let t: ComputeLab;
const DAY = 86_400_000;
const NEW_YEAR = Date.UTC(2026, 0, 1);

before(async () => {
  t = await computeLab();
  const id = await t.boot();
  const { db } = t.cloud.kernel;
  copyRows(
    db,
    "compute_servers",
    id,
    { from: 1, to: 60 },
    {
      number: "1000 + @n",
      project_id: "'project-' || (@n % 3)",
      launched_at: `CASE WHEN @n % 7 = 0 THEN NULL ELSE ${NEW_YEAR} + (@n % 10) * ${DAY} END`,
      terminated_at: `CASE WHEN @n % 4 = 0 THEN ${NEW_YEAR} + (@n % 10 + @n % 5) * ${DAY} END`,
      flavor:
        "json_set(one.flavor, '$.vcpus', 1 + @n % 3, '$.ram', 64 * (1 + @n % 5), '$.disk', @n % 4, '$.ephemeral', @n % 2)",
    },
  );
});
after(() => t.close());

const ask = async (query: string, version?: string): Promise<Json> => {
  const more = version === undefined ? {} : { version };
  const { status, body } = await t.api("GET", `/os-simple-tenant-usage?${query}`, { token: "admin:ops", ...more });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};

const period = (from: number, to: number): string => {
  const text = (day: number) => new Date(NEW_YEAR + day * DAY).toISOString().slice(0, 19);
  return `start=${text(from)}&end=${text(to)}`;
};

const SUMS = ["total_hours", "total_memory_mb_usage", "total_vcpus_usage", "total_local_gb_usage"] as const;
/** By project; of what is the same but for the order of adding. */
const rounded = (usages: readonly Json[]) =>
  usages.map((one) => [one.tenant_id, ...SUMS.map((name) => Math.round(one[name] * 1000) / 1000)]);

test("sums are what the servers of a list add up to, in every period", async () => {
  for (const [from, to] of [
    [0, 30],
    [0, 1],
    [3, 6],
    [5, 5.5],
    [9, 40],
    [-9, -1],
    [12, 13],
  ] as const) {
    const sums = (await ask(`${period(from, to)}&detailed=0`)).tenant_usages;
    const listed = (await ask(`${period(from, to)}&detailed=1`)).tenant_usages;
    assert.deepEqual(rounded(sums), rounded(listed), `days ${from} to ${to}`);
    assert.deepEqual(
      Object.keys(sums[0] ?? {}),
      Object.keys(listed[0] ?? {}).filter((name) => name !== "server_usages"),
    );
    for (const { server_usages, total_hours } of listed) {
      const hours = server_usages.reduce((sum: number, one: Json) => sum + one.hours, 0);
      assert.ok(Math.abs(hours - total_hours) < 1e-6);
    }
  }
  assert.equal((await ask(period(0, 30))).tenant_usages.filter(({ total_hours }: Json) => total_hours > 0).length, 3);
});

test("pages hold the same servers, each in its order", async () => {
  const all = (await ask(`${period(0, 30)}&detailed=1`)).tenant_usages.flatMap(
    ({ server_usages }: Json) => server_usages,
  );
  const found: string[] = [];
  let marker = "";
  for (;;) {
    const body = await ask(`${period(0, 30)}&detailed=1&limit=7${marker}`, "2.40");
    const ids = body.tenant_usages
      .flatMap(({ server_usages }: Json) => server_usages)
      .map((one: Json) => one.instance_id);
    found.push(...ids);
    assert.equal(body.tenant_usages_links !== undefined, found.length < all.length);
    if (body.tenant_usages_links === undefined) break;
    marker = `&marker=${ids.at(-1)}`;
  }
  assert.deepEqual(
    found,
    all.map((one: Json) => one.instance_id),
  );
});

test("a page reads what is on it, and sums no rows at all", async () => {
  const { db } = t.cloud.kernel;
  const page = await rowsRead(db, () => ask(`${period(0, 30)}&limit=7`, "2.40"));
  assert.deepEqual(costlyPlans(db, page), []);
  assert.ok(page.rows < 40, `${page.rows} rows`);
  const sums = await rowsRead(db, () => ask(`${period(0, 30)}`));
  assert.ok(sums.rows < 10, `${sums.rows} rows`);
  assert.deepEqual(
    sums.read.filter(({ sql }) => sql.includes("compute_servers")),
    [],
    "servers are not looked at",
  );
});
