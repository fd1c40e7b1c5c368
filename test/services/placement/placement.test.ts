import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { computeEnvelope, family } from "../../../src/kernel/http/families.ts";
import { defineService } from "../../../src/kernel/module.ts";
import type { ComputeAllocation, ComputeFacade } from "../../../src/services/compute/facade.ts";
import { placement } from "../../../src/services/placement/index.ts";
import { identityStub, type TestCloud, testCloud } from "../../support/cloud.ts";

const HOST = "11111111-1111-1111-1111-111111111111";
const SERVER = "22222222-2222-2222-2222-222222222222";
const OTHER = "33333333-3333-3333-3333-333333333333";
const CONSUMER = "44444444-4444-4444-4444-444444444444";

const servers: ComputeAllocation[] = [];
/** How often every server was asked for. */
let lists = 0;
const facade: Pick<ComputeFacade, "inventory" | "listAllocations" | "taken"> = {
  inventory: async () => ({
    providerId: HOST,
    hostname: "box",
    info: {} as never,
    resources: {
      VCPU: { total: 4, reserved: 0, allocationRatio: 2 },
      MEMORY_MB: { total: 4096, reserved: 512, allocationRatio: 1 },
      DISK_GB: { total: 100, reserved: 0, allocationRatio: 1 },
    },
  }),
  listAllocations() {
    lists += 1;
    return servers;
  },
  taken(owner) {
    const own = servers.filter(
      ({ projectId, userId }) =>
        owner === undefined || (projectId === owner.projectId && (owner.userId === null || userId === owner.userId)),
    );
    const sum = (name: keyof ComputeAllocation["resources"]) =>
      own.reduce((total, { resources }) => total + resources[name], 0);
    return {
      servers: own.length,
      resources: { VCPU: sum("VCPU"), MEMORY_MB: sum("MEMORY_MB"), DISK_GB: sum("DISK_GB") },
    };
  },
};
const computeStub = defineService({
  name: "compute",
  endpoint: { prefix: "/compute", classicPorts: [], catalog: [] },
  api: family({ renderError: computeEnvelope }),
  policies: {},
  migrations: [],
  create: () => ({ facade: facade as ComputeFacade, routes: [] }),
});

let t: TestCloud;
before(async () => {
  t = await testCloud([identityStub(), computeStub(), placement()]);
});
after(() => t.close());

const call = (method: string, path: string, body?: unknown, version = "1.39", token = "admin:ops") =>
  t.request(method, `/placement${path}`, {
    token,
    ...(body === undefined ? {} : { body }),
    headers: { "openstack-api-version": `placement ${version}`, host: "cloud.test" },
  });

test("usages and candidates are sums that compute keeps: no server is looked at", async () => {
  lists = 0;
  const one = {
    serverId: SERVER,
    projectId: "alpha",
    userId: "ann",
    resources: { VCPU: 2, MEMORY_MB: 512, DISK_GB: 0 },
  };
  servers.push(one, { ...one, serverId: OTHER, userId: "bob", resources: { VCPU: 1, MEMORY_MB: 64, DISK_GB: 3 } });
  const usages = async (path: string, version?: string) => (await call("GET", path, undefined, version)).body.usages;
  assert.deepEqual(await usages(`/resource_providers/${HOST}/usages`), { VCPU: 3, MEMORY_MB: 576, DISK_GB: 3 });
  assert.deepEqual(await usages("/usages?project_id=alpha", "1.30"), { VCPU: 3, MEMORY_MB: 576, DISK_GB: 3 });
  assert.deepEqual(await usages("/usages?project_id=alpha&user_id=ann", "1.30"), { VCPU: 2, MEMORY_MB: 512 });
  assert.deepEqual(await usages("/usages?project_id=beta", "1.30"), {});
  assert.deepEqual(await usages("/usages?project_id=alpha&user_id=bob"), {
    INSTANCE: { consumer_count: 1, VCPU: 1, MEMORY_MB: 64, DISK_GB: 3 },
  });
  assert.deepEqual(await usages("/usages?project_id=alpha&consumer_type=all"), {
    all: { consumer_count: 2, VCPU: 3, MEMORY_MB: 576, DISK_GB: 3 },
  });
  const found = await call("GET", "/allocation_candidates?resources=VCPU:1,MEMORY_MB:64");
  assert.equal(found.body.allocation_requests.length, 1);
  assert.equal(lists, 0);
  servers.length = 0;
});

test("this host is a provider, and its servers are its allocations", async () => {
  servers.push({
    serverId: SERVER,
    projectId: "alpha",
    userId: "ann",
    resources: { VCPU: 2, MEMORY_MB: 512, DISK_GB: 0 },
  });
  const list = await call("GET", "/resource_providers");
  assert.equal(list.headers.get("openstack-api-version"), "placement 1.39");
  const [provider] = list.body.resource_providers;
  assert.equal(provider.uuid, HOST);
  assert.equal(provider.name, "box");
  assert.equal(provider.root_provider_uuid, HOST);
  assert.equal(provider.links[0].href, `/placement/resource_providers/${HOST}`);
  const inventories = await call("GET", `/resource_providers/${HOST}/inventories`);
  assert.deepEqual(inventories.body.inventories.VCPU, {
    total: 4,
    reserved: 0,
    min_unit: 1,
    max_unit: 4,
    step_size: 1,
    allocation_ratio: 2,
  });
  const usages = await call("GET", `/resource_providers/${HOST}/usages`);
  assert.deepEqual(usages.body.usages, { VCPU: 2, MEMORY_MB: 512, DISK_GB: 0 });
  const allocation = await call("GET", `/allocations/${SERVER}`);
  assert.deepEqual(allocation.body.allocations[HOST].resources, { VCPU: 2, MEMORY_MB: 512 });
  assert.equal(allocation.body.project_id, "alpha");
  assert.equal(allocation.body.consumer_type, "INSTANCE");
  const own = await call("GET", "/usages?project_id=alpha", undefined, "1.9", "reader:alpha");
  assert.deepEqual(own.body.usages, { VCPU: 2, MEMORY_MB: 512 });
  assert.equal((await call("GET", "/usages?project_id=alpha", undefined, "1.9", "reader:beta")).status, 403);
  const byType = await call("GET", "/usages?project_id=alpha");
  assert.deepEqual(byType.body.usages, { INSTANCE: { consumer_count: 1, VCPU: 2, MEMORY_MB: 512 } });
  // The scheduler would not see it, so it is refused.
  const body = { resource_provider_generation: 1, inventories: {} };
  assert.equal((await call("PUT", `/resource_providers/${HOST}/inventories`, body)).status, 409);
  assert.equal((await call("DELETE", `/allocations/${SERVER}`)).status, 409);
  assert.equal((await call("DELETE", `/resource_providers/${HOST}`)).status, 409);
});

test("allocation candidates: capacity with ratio and reserve, traits", async () => {
  const candidates = (query: string, version?: string) =>
    call("GET", `/allocation_candidates?${query}`, undefined, version);
  const fits = await candidates("resources=VCPU:4,MEMORY_MB:3072");
  assert.deepEqual(fits.body.allocation_requests, [
    { allocations: { [HOST]: { resources: { VCPU: 4, MEMORY_MB: 3072 } } }, mappings: { "": [HOST] } },
  ]);
  assert.deepEqual(fits.body.provider_summaries[HOST].resources.MEMORY_MB, { capacity: 3584, used: 512 });
  assert.deepEqual((await candidates("resources=MEMORY_MB:3073")).body.allocation_requests, []);
  assert.deepEqual((await candidates("resources=VCPU:5")).body.allocation_requests, []);
  assert.equal((await candidates("resources=VCPU:1&required=COMPUTE_NODE")).body.allocation_requests.length, 1);
  assert.equal((await candidates("resources=VCPU:1&required=!COMPUTE_NODE")).body.allocation_requests.length, 0);
  assert.equal((await candidates("resources=VCPU:x")).status, 400);
  assert.equal((await candidates("resources=NOTHING:1")).status, 400);
  const old = await candidates("resources=VCPU:1", "1.10");
  assert.deepEqual(old.body.allocation_requests[0].allocations, [
    { resource_provider: { uuid: HOST }, resources: { VCPU: 1 } },
  ]);
});

test("a provider of one's own: inventory, generations, allocations within capacity, delete", async () => {
  const created = await call("POST", "/resource_providers", { name: "pool", uuid: OTHER });
  assert.equal(created.status, 200);
  assert.equal(created.body.generation, 0);
  assert.equal((await call("POST", "/resource_providers", { name: "pool" })).status, 409);
  assert.equal((await call("PUT", "/resource_classes/CUSTOM_CARD")).status, 201);
  assert.equal((await call("PUT", "/resource_classes/CUSTOM_CARD")).status, 204);
  assert.equal((await call("PUT", "/resource_classes/CARD")).status, 400);

  const inventories = `/resource_providers/${OTHER}/inventories`;
  const wish = (generation: number) => ({
    resource_provider_generation: generation,
    inventories: { CUSTOM_CARD: { total: 4 } },
  });
  assert.equal((await call("PUT", inventories, wish(7))).status, 409);
  const set = await call("PUT", inventories, wish(0));
  assert.equal(set.body.resource_provider_generation, 1);
  assert.equal((await call("PUT", inventories, { ...wish(1), inventories: { CUSTOM_NO: { total: 1 } } })).status, 400);

  const allocate = (amount: number, generation: number | null) =>
    call("PUT", `/allocations/${CONSUMER}`, {
      allocations: { [OTHER]: { resources: { CUSTOM_CARD: amount } } },
      project_id: "alpha",
      user_id: "ann",
      consumer_generation: generation,
      consumer_type: "THING",
    });
  assert.equal((await allocate(5, null)).status, 409);
  assert.equal((await allocate(3, null)).status, 204);
  const stale = await allocate(4, null);
  assert.equal(stale.status, 409);
  assert.equal(stale.body.errors[0].code, "placement.concurrent_update");
  assert.equal((await allocate(4, 1)).status, 204);
  assert.equal((await call("DELETE", `/resource_providers/${OTHER}`)).status, 409);
  assert.equal((await call("DELETE", inventories)).status, 409);
  assert.equal((await call("DELETE", "/resource_classes/CUSTOM_CARD")).status, 409);
  assert.equal((await call("DELETE", `/allocations/${CONSUMER}`)).status, 204);
  assert.equal((await call("DELETE", `/allocations/${CONSUMER}`)).status, 404);
  assert.equal((await call("DELETE", `/resource_providers/${OTHER}`)).status, 204);
  assert.equal((await call("DELETE", "/resource_classes/CUSTOM_CARD")).status, 204);
});

test("traits and aggregates of the host can be added to", async () => {
  assert.equal((await call("PUT", "/traits/CUSTOM_FAST")).status, 201);
  const traits = `/resource_providers/${HOST}/traits`;
  const { body } = await call("GET", traits);
  const set = await call("PUT", traits, {
    traits: ["CUSTOM_FAST"],
    resource_provider_generation: body.resource_provider_generation,
  });
  assert.equal(set.status, 200);
  const after = await call("GET", traits);
  assert.ok(after.body.traits.includes("CUSTOM_FAST"));
  assert.ok(after.body.traits.includes("COMPUTE_NODE"));
  const aggregates = await call("PUT", `/resource_providers/${HOST}/aggregates`, {
    aggregates: [OTHER],
    resource_provider_generation: after.body.resource_provider_generation,
  });
  assert.deepEqual(aggregates.body.aggregates, [OTHER]);
  const members = await call("GET", `/resource_providers?member_of=${OTHER}`);
  assert.equal(members.body.resource_providers.length, 1);
});

test("errors, versions, policy", async () => {
  const missing = await call("GET", "/resource_providers/1/inventories", undefined, "1.29");
  assert.equal(missing.status, 404);
  const { request_id, ...error } = missing.body.errors[0];
  assert.match(request_id, /^req-/);
  assert.deepEqual(error, {
    status: 404,
    title: "Not Found",
    detail:
      "The resource could not be found.\n\n No resource provider with uuid 1 found : No resource provider with uuid 1 found  ",
    code: "placement.undefined_code",
  });
  for (const [query, why] of [
    ["nonsense=1&limit=2", "Additional properties are not allowed ('nonsense', 'limit' were unexpected)"],
    ["associated=1", 'The query parameter "associated" only accepts "true" or "false"'],
  ] as const) {
    const refused = await call("GET", `/traits?${query}`, undefined, "1.29");
    assert.equal(refused.status, 400);
    assert.ok(refused.body.errors[0].detail.includes(why), refused.body.errors[0].detail);
  }
  const root = await t.request("GET", "/placement/");
  assert.equal(root.body.versions[0].max_version, "1.39");
  const late = await call("GET", "/resource_providers", undefined, "1.99");
  assert.equal(late.status, 406);
  assert.equal(late.body.errors[0].max_version, "1.39");
  assert.equal((await call("GET", "/traits", undefined, "1.5")).status, 404);
  assert.equal((await call("GET", "/resource_providers", undefined, "1.39", "member:alpha")).status, 403);
});

test("since 1.15 bodies are dated and may not be kept", async () => {
  const list = (version: string) =>
    t.request("GET", "/placement/resource_classes", {
      token: "admin:admin",
      headers: { "openstack-api-version": `placement ${version}` },
    });
  const dated = await list("1.15");
  assert.equal(dated.headers.get("cache-control"), "no-cache");
  assert.match(dated.headers.get("last-modified") ?? "", /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/);
  assert.equal((await list("1.14")).headers.get("last-modified"), null);
});
