import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { copyRows, costlyPlans, rowsRead, workPerTurn } from "../../support/rows-read.ts";
import { type ComputeLab, computeLab } from "./support.ts";

/** A page costs what is on it: as many rows are read of 60 servers as of 2,000, whatever they are sorted and looked for by. */

let t: ComputeLab;
let server: string;
const token = "admin:alpha";

before(async () => {
  t = await computeLab({});
  server = await t.boot({ name: "copied" }, token);
});
after(() => t.close());

/** So many more, as if each had been made after the one before it, with an address of its own. */
function grow(from: number, to: number): void {
  copyRows(
    t.cloud.kernel.db,
    "compute_servers",
    server,
    { from, to },
    {
      number: "NULL",
      name: "'p' || @n || '-of-many'",
      created_at: "one.created_at + @n",
      vifs: "json_set(one.vifs, '$[0].fixedIps[0].address', '10.0.' || (@n / 250) || '.' || (@n % 250))",
      addresses: "'10.0.' || (@n / 250) || '.' || (@n % 250)",
    },
  );
}

const QUERIES = () => [
  "",
  "name=p7-of",
  "name=^p7-of",
  "name=P7.of",
  "name=of-many",
  "name=nobody",
  "tags=nobody",
  "tags-any=nobody",
  "locked=true",
  "name=p7.*many",
  "name=p.7-of",
  "ip=10.0.0.57",
  "ip=^10\\.0\\.0\\.57$",
  "status=ACTIVE",
  "sort_key=display_name&sort_dir=asc",
  "sort_key=display_name&sort_dir=desc",
  `uuid=${server}`,
  "all_tenants=1&name=p7-of",
  `marker=${server}`,
];

test("a page reads as many rows of 60 servers as of 2,000", async () => {
  let renamed = 0;
  const read = async () => {
    const costs = new Map<string, { rows: number; found: number }>();
    for (const query of QUERIES()) {
      // What was read before a write is not kept.
      renamed += 1;
      const body = { server: { name: `copied-${renamed}` } };
      assert.equal((await t.api("PUT", `/servers/${server}`, { token, body })).status, 200);
      let found = 0;
      const { rows } = await rowsRead(t.cloud.kernel.db, async () => {
        const answer = await t.api("GET", `/servers/detail?limit=20&${query.replaceAll("^", "%5E")}`, { token });
        assert.equal(answer.status, 200, `${query}: ${JSON.stringify(answer.body)}`);
        found = answer.body.servers.length;
      });
      costs.set(query, { rows, found });
    }
    return costs;
  };
  grow(1, 60);
  await read();
  const few = await read();
  assert.deepEqual(
    ["name=p7-of", "name=^p7-of", "name=P7.of", "ip=10.0.0.57", "ip=^10\\.0\\.0\\.57$", "name=nobody"].map(
      (query) => few.get(query)?.found,
    ),
    [1, 1, 1, 1, 1, 0],
  );
  grow(61, 240);
  // Those are found by the page before them: it is kept in memory.
  await read();
  const more = await read();
  grow(241, 2_000);
  await read();
  const many = await read();
  for (const query of QUERIES()) {
    const [one, other] = [more.get(query), many.get(query)];
    assert.ok((other?.rows ?? 0) <= (one?.rows ?? 0) + 2 * ((other?.found ?? 0) - (one?.found ?? 0)) + 2, query);
    assert.ok((other?.rows ?? 0) <= 60, `${query}: ${JSON.stringify(other)}`);
  }
});

test("a page of flavors reads as many rows of 60 as of 2,000", async () => {
  const { db } = t.cloud.kernel;
  const [flavor] = (await t.api("GET", "/flavors?limit=1", { token })).body.flavors;
  const more = (from: number, to: number) =>
    copyRows(
      db,
      "compute_flavors",
      flavor.id,
      { from, to },
      { number: "NULL", name: "'f' || @n", ram: "@n", is_public: "1" },
    );
  const read = async () => {
    const costs = new Map<string, number>();
    for (const query of [
      "",
      "minRam=7&",
      "sort_key=memory_mb&",
      "sort_dir=desc&is_public=none&",
      `marker=${flavor.id}&`,
    ])
      for (const as of [token, "member:alpha"]) {
        // What was read before a write is not kept.
        const body = { flavor: { description: `read for ${as} ${query}` } };
        assert.equal((await t.api("PUT", `/flavors/${flavor.id}`, { token, body, version: "2.55" })).status, 200);
        const { rows } = await rowsRead(db, async () => {
          const { body } = await t.api("GET", `/flavors/detail?${query}limit=20`, { token: as });
          assert.equal(body.flavors.length, 20, query);
          assert.equal(body.flavors_links.length, 1, query);
        });
        costs.set(`${as} ${query}`, rows);
      }
    return costs;
  };
  more(1, 60);
  const few = await read();
  more(61, 2_000);
  assert.deepEqual(await read(), few);
  assert.ok(
    [...few.values()].every((rows) => rows <= 25),
    JSON.stringify([...few]),
  );
});

test("pages of migrations, actions and server groups read as many rows of 60 as of 2,000", async () => {
  const { db } = t.cloud.kernel;
  db.raw.exec(
    `INSERT INTO compute_migrations (uuid, server_id, type, status, host, old_flavor, new_flavor, user_id, project_id, created_at)
       VALUES ('m0', '${server}', 'resize', 'finished', 'h', 1, 2, 'u', 'alpha', 1)`,
  );
  const body = { server_group: { name: "copied", policies: ["affinity"] } };
  const group = (await t.api("POST", "/os-server-groups", { token, body, version: "2.1" })).body.server_group.id;
  const more = (from: number, to: number) => {
    const numbers = `WITH RECURSIVE numbers (n) AS (SELECT ${from} UNION ALL SELECT n + 1 FROM numbers WHERE n < ${to})`;
    db.raw.exec(
      `${numbers} INSERT INTO compute_migrations (uuid, server_id, type, status, host, old_flavor, new_flavor, user_id, project_id, created_at)
         SELECT 'm' || n, server_id, type, status, host, 1, 2, user_id, project_id, n FROM compute_migrations, numbers WHERE uuid = 'm0';
       ${numbers} INSERT INTO compute_actions (server_id, action, request_id, started_at, updated_at)
         SELECT '${server}', 'reboot', 'req-' || n, n, n FROM numbers;`,
    );
    copyRows(db, "compute_server_groups", group, { from, to }, { created_at: "one.created_at + @n" });
  };
  const read = async () => {
    const costs = new Map<string, number>();
    for (const [path, key] of [
      ["/os-migrations?", "migrations"],
      ["/os-migrations?marker=m50&", "migrations"],
      ["/os-migrations?status=finished&project_id=alpha&", "migrations"],
      [`/servers/${server}/os-instance-actions?`, "instanceActions"],
      [`/servers/${server}/os-instance-actions?marker=req-50&`, "instanceActions"],
      ["/os-server-groups?offset=7&", "server_groups"],
    ] as const) {
      const { rows } = await rowsRead(db, async () => {
        const answer = await t.api("GET", `${path}limit=20`, { token, version: "2.90" });
        assert.equal(answer.body[key]?.length, 20, `${path}: ${JSON.stringify(answer.body)}`);
      });
      costs.set(path, rows);
    }
    return costs;
  };
  more(1, 60);
  await read();
  const few = await read();
  more(61, 2_000);
  assert.deepEqual(await read(), few);
  assert.ok(
    [...few.values()].every((rows) => rows <= 25),
    JSON.stringify([...few]),
  );
});

test("a server's group and what one server takes are found without the other servers", async () => {
  const { db } = t.cloud.kernel;
  const groups = await rowsRead(db, async () => {
    assert.equal((await t.api("GET", "/os-server-groups?limit=1", { token })).status, 200);
  });
  assert.deepEqual(costlyPlans(db, groups), []);
  const plan = db.raw
    .prepare(
      "EXPLAIN QUERY PLAN SELECT id FROM compute_servers WHERE group_id = 'x' AND deleted_at IS NULL ORDER BY number",
    )
    .all() as { detail: string }[];
  assert.deepEqual(
    plan.map(({ detail }) => detail),
    ["SEARCH compute_servers USING INDEX compute_servers_group (group_id=?)"],
  );
  const taken = await rowsRead(db, async () => {
    assert.equal(t.cloud.kernel.facade("compute").listAllocations(server).length, 1);
  });
  assert.ok(taken.rows <= 3, `${taken.rows} rows`);
});

test("a long page, and a look through all servers for few, take a slice a turn", async () => {
  for (const [query, found] of [
    ["limit=1000", 1_000],
    ["limit=1000&sort_key=display_name&sort_dir=asc", 1_000],
    // What sqlite cannot look for.
    ["name=[n]obody", 0],
  ] as const) {
    let length = -1;
    const work = await workPerTurn(t.cloud.kernel, async () => {
      const { status, body } = await t.api("GET", `/servers/detail?${query}`, { token });
      assert.equal(status, 200, JSON.stringify(body));
      length = body.servers.length;
    });
    assert.equal(length, found, query);
    assert.ok(Math.max(...work) <= 450, `${query}: ${Math.max(...work)} rows in one turn`);
    assert.ok(work.length >= 5, `${query}: ${work.length} turns`);
  }
});

test("a page of images under nova's old names reads what is on it, and pages amount to all", async () => {
  const { db } = t.cloud.kernel;
  copyRows(db, "images", t.image.id, { from: 1, to: 600 }, { name: "'i' || @n", created_at: "one.created_at + @n" });
  const page = async (query: string): Promise<{ ids: string[]; rows: number }> => {
    let ids: string[] = [];
    const { rows } = await rowsRead(db, async () => {
      const { status, body } = await t.api("GET", `/images/detail?${query}`, { token, version: "2.1" });
      assert.equal(status, 200, JSON.stringify(body));
      ids = body.images.map(({ id }: { id: string }) => id);
    });
    return { ids, rows };
  };
  for (const [query, found] of [
    ["limit=20", 20],
    ["name=i7", 1],
    ["name=in:i7", 0],
    ["server=nobody", 0],
    ["property-os_distro=nobody", 0],
    ["minRam=100000", 0],
  ] as const) {
    const { ids, rows } = await page(query);
    assert.equal(ids.length, found, query);
    assert.ok(rows <= 40, `${query}: ${rows} rows`);
  }
  const all: string[] = [];
  for (let marker = ""; ; marker = `&marker=${all.at(-1)}`) {
    const { ids } = await page(`limit=250&type=base${marker}`);
    all.push(...ids);
    if (ids.length < 250) break;
  }
  assert.deepEqual(all, (await page("")).ids);
  assert.ok(all.length > 600);
});
