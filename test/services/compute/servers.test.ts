import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type ComputeLab, computeLab, INTERNAL } from "./support.ts";

let t: ComputeLab;
let fail: ((verb: string) => Promise<void> | void) | null = null;
before(async () => {
  t = await computeLab({ before: (verb) => fail?.(verb) });
});
after(() => t.close());

test("a server is accepted, built and shown as the real service shows it", async () => {
  const looked = Promise.withResolvers<void>();
  const spawn = t.driver.spawn.bind(t.driver);
  t.driver.spawn = async (...args) => {
    await looked.promise;
    t.driver.spawn = spawn;
    return spawn(...args);
  };
  const created = await t.api("POST", "/servers", {
    body: { server: { name: "first guest", imageRef: t.image.id, flavorRef: "42", metadata: { a: "b" } } },
  });
  assert.equal(created.status, 202);
  const { id } = created.body.server;
  assert.match(created.headers.get("location") ?? "", new RegExp(`^http://[^/]+/compute/v2.1/servers/${id}$`));
  assert.deepEqual(Object.keys(created.body.server), [
    "id",
    "links",
    "OS-DCF:diskConfig",
    "security_groups",
    "adminPass",
  ]);
  const building = await t.api("GET", `/servers/${id}`);
  looked.resolve();
  assert.equal(building.body.server.status, "BUILD");
  await t.idle();
  const { status, body } = await t.api("GET", `/servers/${id}`);
  assert.equal(status, 200);
  assert.equal(body.server.status, "ACTIVE");
  assert.equal(body.server["OS-EXT-STS:task_state"], null);
  assert.equal(body.server["OS-EXT-STS:power_state"], 1);
  assert.deepEqual(body.server.metadata, { a: "b" });
  assert.deepEqual((await t.api("GET", `/servers/${id}/metadata/a`)).body, { meta: { a: "b" } });
  assert.equal((await t.api("GET", `/servers/${id}/metadata/constructor`)).status, 404);
  assert.deepEqual(body.server.security_groups, [{ name: "default" }]);
  assert.match(body.server.hostId, /^[0-9a-f]{56}$/);
  assert.equal(body.server["OS-EXT-SRV-ATTR:host"], undefined);
  const [address] = body.server.addresses.private;
  assert.equal(address.version, 4);
  assert.equal(address["OS-EXT-IPS:type"], "fixed");
  assert.equal(t.driver.guests.get(id)?.spec.name, "instance-00000001");
  assert.equal(t.driver.guests.get(id)?.spec.hostname, "first-guest");
});

test("a renamed security group shows under its new name", async () => {
  const groupId = await t.addSecurityGroup("alpha", "web");
  const id = await t.boot({ security_groups: [{ name: "web" }] });
  const shown = async () => {
    const { body } = await t.api("GET", "/servers/detail");
    return body.servers.find((server: { id: string }) => server.id === id).security_groups;
  };
  assert.deepEqual(await shown(), [{ name: "web" }]);
  await t.request("PUT", `/networking/v2.0/security-groups/${groupId}`, {
    token: "member:alpha",
    body: { security_group: { name: "www" } },
  });
  await t.idle();
  assert.deepEqual(await shown(), [{ name: "www" }]);
});

test("a renamed network and a subnet's other name servers are what servers on it show", async () => {
  const networkId = await t.addNetwork("gamma", "before");
  const id = await t.boot({}, "member:gamma");
  const labels = async () =>
    Object.keys((await t.api("GET", `/servers/${id}`, { token: "member:gamma" })).body.server.addresses);
  assert.deepEqual(await labels(), ["before"]);
  const put = async (path: string, body: unknown) => {
    const answer = await t.request("PUT", `/networking/v2.0/${path}`, { token: "member:gamma", body });
    assert.equal(answer.status, 200);
    await t.cloud.kernel.events.idle();
    return answer.body;
  };
  const { network } = await put(`networks/${networkId}`, { network: { name: "after" } });
  assert.deepEqual(await labels(), ["after"]);
  await put(`subnets/${network.subnets[0]}`, { subnet: { dns_nameservers: ["192.0.2.53"] } });
  // Of what the guest's metadata is made.
  const row = t.cloud.kernel.db
    .prepare<[string], { vifs: string }>("SELECT vifs FROM compute_servers WHERE id = ?")
    .get(id);
  assert.deepEqual(JSON.parse(row?.vifs ?? "[]")[0].fixedIps[0].dnsNameservers, ["192.0.2.53"]);
});

test("what a version adds is absent before it", async () => {
  const id = await t.boot();
  const at = async (version: string, token = "member:alpha") =>
    (await t.api("GET", `/servers/${id}`, { version, token })).body.server;
  assert.equal((await at("2.8")).locked, undefined);
  assert.equal((await at("2.9")).locked, false);
  assert.equal((await at("2.18")).description, undefined);
  assert.deepEqual((await at("2.26")).tags, []);
  assert.equal((await at("2.46")).flavor.id, "42");
  assert.equal((await at("2.47")).flavor.original_name, "m1.nano");
  assert.deepEqual((await at("2.71")).server_groups, []);
  assert.equal((await at("2.90"))["OS-EXT-SRV-ATTR:hostname"], "guest");
  assert.equal((await at("2.96")).pinned_availability_zone, null);
  const admin = await at("2.1", "admin:alpha");
  assert.equal(admin["OS-EXT-SRV-ATTR:host"], "node1");
  assert.equal(admin["OS-EXT-SRV-ATTR:hostname"], undefined);
});

test("a deleted server is gone, its port too, and changes-since shows it", async () => {
  const since = new Date(Date.now() - 60_000).toISOString().slice(0, 19);
  const id = await t.boot();
  const ports = t.network.listPorts(INTERNAL).length;
  assert.equal((await t.api("DELETE", `/servers/${id}`)).status, 204);
  await t.idle();
  const shown = await t.api("GET", `/servers/${id}`);
  assert.equal(shown.status, 404);
  assert.equal(shown.body.itemNotFound.message, `Instance ${id} could not be found.`);
  assert.equal(t.network.listPorts(INTERNAL).length, ports - 1);
  assert.equal(t.driver.guests.has(id), false);
  const changed = await t.api("GET", `/servers/detail?changes-since=${since}Z`);
  const found = changed.body.servers.find((server: { id: string }) => server.id === id);
  assert.equal(found.status, "DELETED");
});

test("a delete during the build undoes what was built", async () => {
  let release: () => void = () => {};
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  fail = (verb) => (verb === "spawn" ? gate : undefined);
  const ports = t.network.listPorts(INTERNAL).length;
  const created = await t.api("POST", "/servers", {
    body: { server: { name: "doomed", imageRef: t.image.id, flavorRef: "42" } },
  });
  const { id } = created.body.server;
  assert.equal((await t.api("DELETE", `/servers/${id}`)).status, 204);
  release();
  await t.idle();
  fail = null;
  assert.equal((await t.api("GET", `/servers/${id}`)).status, 404);
  assert.equal(t.network.listPorts(INTERNAL).length, ports);
  assert.equal(t.driver.guests.has(id), false);
});

test("a build that fails ends in ERROR with its fault, and can be deleted", async () => {
  fail = (verb) => {
    if (verb === "spawn") throw new Error("no more bits");
  };
  const id = await t.boot();
  fail = null;
  const { body } = await t.api("GET", `/servers/${id}`);
  assert.equal(body.server.status, "ERROR");
  assert.equal(body.server.fault.code, 500);
  assert.equal(body.server.fault.message, "no more bits");
  assert.equal(body.server.fault.details, undefined);
  assert.deepEqual(body.server.addresses, {});
  await t.api("DELETE", `/servers/${id}`);
  await t.idle();
  assert.equal((await t.api("GET", `/servers/${id}`)).status, 404);
});

test("nothing fits: No valid host was found", async () => {
  await t.api("POST", "/flavors", {
    token: "admin:admin",
    body: { flavor: { name: "huge", id: "huge", ram: 2_000_000, vcpus: 1, disk: 1 } },
  });
  await t.api("PUT", "/os-quota-sets/alpha", { token: "admin:admin", body: { quota_set: { ram: -1 } } });
  const id = await t.boot({ flavorRef: "huge" }, "admin:alpha");
  const { body } = await t.api("GET", `/servers/${id}`);
  assert.equal(body.server.status, "ERROR");
  assert.match(body.server.fault.message, /^No valid host was found\./);
});

test("power: the states and what they allow", async () => {
  const id = await t.boot();
  const act = (name: string, value: unknown = null) =>
    t.api("POST", `/servers/${id}/action`, { body: { [name]: value } });
  const status = async () => (await t.api("GET", `/servers/${id}`)).body.server.status;
  for (const [action, becomes] of [
    ["os-stop", "SHUTOFF"],
    ["os-start", "ACTIVE"],
    ["pause", "PAUSED"],
    ["unpause", "ACTIVE"],
    ["suspend", "SUSPENDED"],
    ["resume", "ACTIVE"],
  ] as const) {
    assert.equal((await act(action)).status, 202, action);
    await t.idle();
    assert.equal(await status(), becomes, action);
  }
  const seen = Promise.withResolvers<void>();
  fail = (verb) => (verb === "rebootHard" ? seen.promise : undefined);
  assert.equal((await act("reboot", { type: "HARD" })).status, 202);
  assert.equal(await status(), "HARD_REBOOT");
  seen.resolve();
  fail = null;
  await t.idle();
  assert.equal(await status(), "ACTIVE");
  const wrong = await act("unpause");
  assert.equal(wrong.status, 409);
  assert.equal(wrong.body.conflictingRequest.message, `Cannot 'unpause' instance ${id} while it is in vm_state active`);
  await act("lock");
  assert.equal((await act("os-stop")).body.conflictingRequest.message, `Instance ${id} is locked`);
  assert.equal((await t.api("DELETE", `/servers/${id}`)).status, 409);
  await act("unlock");
  assert.equal((await t.api("DELETE", `/servers/${id}`)).status, 204);
});

test("a guest that powers itself off is SHUTOFF", async () => {
  const id = await t.boot();
  t.driver.happen(id, "stopped", "shutdown");
  assert.equal((await t.api("GET", `/servers/${id}`)).body.server.status, "SHUTOFF");
});

test("create requests that cannot work say why", async () => {
  const create = async (more: Record<string, unknown>) => {
    const { status, body } = await t.api("POST", "/servers", {
      body: { server: { name: "x", imageRef: t.image.id, flavorRef: "42", ...more } },
    });
    return [status, (Object.values(body)[0] as { message: string }).message];
  };
  assert.deepEqual(await create({ flavorRef: "nope" }), [400, "Flavor nope could not be found."]);
  assert.deepEqual(await create({ key_name: "nope" }), [400, "Invalid key_name provided."]);
  assert.deepEqual(await create({ min_count: 3, max_count: 2 }), [400, "min_count must be <= max_count"]);
  assert.deepEqual(await create({ security_groups: [{ name: "does_not_exist" }] }), [
    400,
    "Unable to find security_group with name or id 'does_not_exist'",
  ]);
  assert.deepEqual(await create({ imageRef: "00000000-0000-0000-0000-000000000000" }), [
    400,
    "Can not find requested image",
  ]);
  assert.deepEqual(await create({ availability_zone: "mars" }), [
    400,
    "The requested availability zone is not available",
  ]);
  assert.deepEqual(await create({ name: "a".repeat(256) }), [
    400,
    `Invalid input for field/attribute name. Value: ${"a".repeat(256)}. '${"a".repeat(256)}' is too long`,
  ]);
  const big = await t.addImage({ minRam: 100_000 });
  assert.deepEqual(await create({ imageRef: big.id }), [400, "Flavor's memory is too small for requested image."]);
  const metadata = Object.fromEntries(Array.from({ length: 129 }, (_, index) => [`k${index}`, "v"]));
  assert.deepEqual(await create({ metadata }), [403, "Maximum number of metadata items exceeds 128"]);
});

test("another project's server does not exist; a reader may look but not touch", async () => {
  const id = await t.boot();
  assert.equal((await t.api("GET", `/servers/${id}`, { token: "member:beta" })).status, 404);
  assert.equal((await t.api("DELETE", `/servers/${id}`, { token: "member:beta" })).status, 404);
  assert.equal((await t.api("GET", `/servers/${id}`, { token: "reader:alpha" })).status, 200);
  const deleted = await t.api("DELETE", `/servers/${id}`, { token: "reader:alpha" });
  assert.equal(deleted.body.forbidden.message, "Policy doesn't allow os_compute_api:servers:delete to be performed.");
});

test("update changes the name; old versions answer without the extended attributes", async () => {
  const id = await t.boot();
  const old = await t.api("PUT", `/servers/${id}`, { body: { server: { name: "renamed", accessIPv4: "1.2.3.4" } } });
  assert.equal(old.status, 200);
  assert.equal(old.body.server.name, "renamed");
  assert.equal(old.body.server.accessIPv4, "1.2.3.4");
  assert.equal(old.body.server["OS-EXT-STS:vm_state"], undefined);
  const full = await t.api("PUT", `/servers/${id}`, { body: { server: { name: "again" } }, version: "2.75" });
  assert.equal(full.body.server["OS-EXT-STS:vm_state"], "active");
});

test("a guest has no NUMA nodes of its own, as its topology says since 2.78", async () => {
  const id = await t.boot();
  const answer = await t.api("GET", `/servers/${id}/topology`, { version: "2.78" });
  assert.deepEqual(answer.body, { nodes: [], pagesize_kb: null });
  assert.equal((await t.api("GET", `/servers/${id}/topology`, { version: "2.77" })).status, 404);
});
