import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { internalContext } from "../../../src/kernel/auth/context.ts";
import { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import { blockStorage } from "../../../src/services/block-storage/index.ts";
import type { Json } from "../../support/json.ts";
import { type ComputeLab, computeLab } from "./support.ts";

interface List {
  path: string;
  /** The list's key in the body, and its items' way to be told apart. */
  key: string;
  id(item: Json): string;
  version?: string;
  /** How many there are at least. */
  least: number;
  /** Key of the links to the next page. */
  links: string;
  /** What an unknown marker is answered. */
  missing: string;
}

const NONE = "3d98574a-ff77-4d30-94c8-7c3e10b77e9f";
const bracketed = `marker [${NONE}] not found`;
const plain = `Marker ${NONE} could not be found.`;
const byId = ({ id }: Json) => String(id);
const ROOT = "admin:alpha";

let t: ComputeLab;
let server: string;
before(async () => {
  t = await computeLab({ services: [blockStorage({ driver: () => new FakeVolumeDriver(), hostname: "box" })] });
  const servers = [await t.boot({}, ROOT), await t.boot({}, ROOT), await t.boot({}, ROOT)];
  server = servers[0] ?? "";
  const storage = t.cloud.kernel.facade("block-storage");
  const context = internalContext("req-test", "alpha");
  for (let index = 0; index < 3; index += 1) {
    const { id } = storage.createVolume(context, { sizeGb: 1, name: `v${index}` });
    await storage.waitForVolume(id);
    await storage.waitForSnapshot(storage.createSnapshot(context, id, { name: `s${index}` }).id);
    const attach = { volumeAttachment: { volumeId: id } };
    await t.api("POST", `/servers/${server}/os-volume_attachments`, { token: ROOT, body: attach });
    await t.idle();
    for (const [path, body] of [
      ["/os-keypairs", { keypair: { name: `k${index}` } }],
      ["/os-server-groups", { server_group: { name: `g${index}`, policies: ["affinity"] } }],
    ] as const) {
      assert.equal((await t.api("POST", path, { token: ROOT, body })).status, 200);
    }
    await t.addSecurityGroup("alpha", `g${index}`);
  }
  for (const id of servers.slice(1)) {
    const resize = { resize: { flavorRef: "84" } };
    assert.equal((await t.api("POST", `/servers/${id}/action`, { token: ROOT, body: resize })).status, 202);
    await t.idle();
  }
});
after(() => t.close());

const usageIds = (body: Json): string[] =>
  [body.tenant_usages ?? [body.tenant_usage]]
    .flat()
    .flatMap((usage) => (usage.server_usages ?? []).map(({ instance_id }: Json) => instance_id));

/** Every list of nova 26.2 that pages by a marker. */
const lists = (): List[] => [
  { path: "/servers", key: "servers", id: byId, least: 3, links: "servers_links", missing: bracketed },
  { path: "/servers/detail", key: "servers", id: byId, least: 3, links: "servers_links", missing: bracketed },
  {
    path: "/servers/detail?sort_key=display_name&sort_dir=asc",
    key: "servers",
    id: byId,
    least: 3,
    links: "servers_links",
    missing: bracketed,
  },
  { path: "/flavors", key: "flavors", id: byId, least: 3, links: "flavors_links", missing: bracketed },
  { path: "/flavors/detail", key: "flavors", id: byId, least: 3, links: "flavors_links", missing: bracketed },
  {
    path: "/os-keypairs",
    key: "keypairs",
    id: ({ keypair }) => keypair.name,
    version: "2.35",
    least: 3,
    links: "keypairs_links",
    missing: plain,
  },
  ...["2.33", "2.53"].flatMap((version) =>
    ["/os-hypervisors", "/os-hypervisors/detail"].map((path) => ({
      path,
      key: "hypervisors",
      id: byId,
      version,
      least: 1,
      links: "hypervisors_links",
      missing: bracketed,
    })),
  ),
  {
    path: `/servers/${server}/os-instance-actions`,
    key: "instanceActions",
    id: ({ request_id }) => request_id,
    version: "2.58",
    least: 4,
    links: "links",
    missing: plain,
  },
  {
    path: "/os-migrations",
    key: "migrations",
    id: ({ uuid }) => uuid,
    version: "2.59",
    least: 2,
    links: "migrations_links",
    missing: plain,
  },
  { path: "/images", key: "images", id: byId, least: 1, links: "images_links", missing: bracketed },
];

const page = async (path: string, version: string | undefined, query: string) => {
  const target = `${path}${path.includes("?") ? "&" : "?"}${query}`;
  return t.api("GET", target, { token: ROOT, ...(version === undefined ? {} : { version }) });
};

test("every list that pages is the same in pages of one, by links and by markers, and ends", async () => {
  for (const { path, key, id, version, least, links } of lists()) {
    const whole = (await page(path, version, "limit=1000")).body[key].map(id);
    assert.ok(whole.length >= least, `${path}: ${whole}`);
    const linked: string[] = [];
    let query = "limit=1";
    for (;;) {
      const { status, body } = await page(path, version, query);
      assert.equal(status, 200, path);
      linked.push(...body[key].map(id));
      const next = body[links]?.find(({ rel }: Json) => rel === "next")?.href;
      if (next === undefined) break;
      query = new URL(next).search.slice(1);
      assert.ok(linked.length <= whole.length, `${path} has no end`);
    }
    assert.deepEqual(linked, whole, path);
    const marked: string[] = [];
    for (;;) {
      const marker = marked.length === 0 ? "" : `&marker=${marked.at(-1)}`;
      const { body } = await page(path, version, `limit=1${marker}`);
      if (body[key].length === 0) break;
      marked.push(...body[key].map(id));
      assert.ok(marked.length <= whole.length, `${path} has no end`);
    }
    assert.deepEqual(marked, whole, path);
  }
});

test("a marker that is not there and a limit that is none", async () => {
  for (const { path, version, missing } of lists()) {
    const unknown = await page(path, version, `marker=${NONE}`);
    assert.deepEqual([unknown.status, unknown.body.badRequest?.message], [400, missing], path);
    assert.equal((await page(path, version, "limit=-1")).status, 400, path);
    assert.equal((await page(path, version, "limit=x")).status, 400, path);
  }
});

test("usage pages by server: pages add up, and an empty one is the last", async () => {
  const range = "start=2020-01-01T00:00:00&detailed=1";
  for (const path of ["/os-simple-tenant-usage", "/os-simple-tenant-usage/alpha"]) {
    const whole = await page(path, "2.40", range);
    assert.equal(usageIds(whole.body).length, 3);
    const found: string[] = [];
    let hours = 0;
    for (;;) {
      const marker = found.length === 0 ? "" : `&marker=${found.at(-1)}`;
      const { body } = await page(path, "2.40", `${range}&limit=1${marker}`);
      const ids = usageIds(body);
      if (ids.length === 0) {
        assert.deepEqual(body, path.endsWith("alpha") ? { tenant_usage: {} } : { tenant_usages: [] });
        break;
      }
      const links = body.tenant_usages_links ?? body.tenant_usage_links ?? [];
      found.push(...ids);
      assert.equal(links.length, found.length < 3 ? 1 : 0);
      if (links.length > 0) assert.match(links[0].href, new RegExp(`/v2.1${path}\\?.*marker=${found.at(-1)}`));
      hours += [body.tenant_usages ?? [body.tenant_usage]].flat()[0].total_vcpus_usage;
      assert.ok(found.length <= 3);
    }
    assert.deepEqual(found, usageIds(whole.body));
    assert.ok(hours > 0);
    const unknown = await page(path, "2.40", `${range}&marker=${NONE}`);
    assert.deepEqual([unknown.status, unknown.body.badRequest.message], [400, plain]);
    // Before, there are no pages.
    assert.equal(usageIds((await page(path, "2.39", `${range}&limit=1`)).body).length, 3);
  }
});

test("the older lists page by offset", async () => {
  for (const [path, key] of [
    ["/os-server-groups", "server_groups"],
    [`/servers/${server}/os-volume_attachments`, "volumeAttachments"],
    ["/os-volumes", "volumes"],
    ["/os-volumes/detail", "volumes"],
    ["/os-snapshots", "snapshots"],
    ["/os-snapshots/detail", "snapshots"],
    ["/os-security-groups", "security_groups"],
  ] as const) {
    const whole = (await page(path, undefined, "")).body[key].map(byId);
    assert.ok(whole.length >= 3, path);
    const found: string[] = [];
    for (;;) {
      const { body } = await page(path, undefined, `limit=1&offset=${found.length}`);
      if (body[key].length === 0) break;
      found.push(...body[key].map(byId));
    }
    assert.deepEqual(found, whole, path);
    assert.deepEqual((await page(path, undefined, "limit=0")).body[key].map(byId), whole, path);
    assert.equal((await page(path, undefined, "offset=-1")).status, 400, path);
  }
});

test("a marker that was deleted since keeps its place", async () => {
  const ids: string[] = [];
  for (const name of ["aa", "bb", "cc"]) ids.push(await t.boot({ name }, ROOT));
  await t.api("DELETE", `/servers/${ids[1]}`, { token: ROOT });
  await t.idle();
  const next = async (query: string) =>
    (await page("/servers", undefined, `${query}&marker=${ids[1]}&limit=1`)).body.servers.map(({ name }: Json) => name);
  assert.deepEqual(await next("sort_key=display_name&sort_dir=asc"), ["cc"]);
  assert.deepEqual(await next("sort_key=display_name&sort_dir=desc"), ["aa"]);
  assert.deepEqual(await next("sort_dir=desc"), ["aa"]);
  // Another project's is no place in this list.
  const other = await t.boot({}, "member:beta");
  assert.equal((await t.api("GET", `/servers?marker=${other}`)).status, 400);
});
