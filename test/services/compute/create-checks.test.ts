import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { internalContext } from "../../../src/kernel/auth/context.ts";
import { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import { blockStorage } from "../../../src/services/block-storage/index.ts";
import { type ComputeLab, computeLab } from "./support.ts";

let t: ComputeLab;
let network = "";
before(async () => {
  t = await computeLab({ services: [blockStorage({ driver: () => new FakeVolumeDriver(), hostname: "box" })] });
  network = t.networkId;
});
after(() => t.close());

const context = internalContext("req-test", "alpha");
const storage = () => t.cloud.kernel.facade("block-storage");
async function volume(more: { imageId?: string; sizeGb?: number } = {}): Promise<string> {
  const { id } = storage().createVolume(context, { sizeGb: 1, name: "v", ...more });
  await storage().waitForVolume(id);
  return id;
}
const GIB = 1024 ** 3;
const ID = "3d98574a-ff77-4d30-94c8-7c3e10b77e9f";
const INVALID = "Block Device Mapping is Invalid: ";
const SEQUENCE = `${INVALID}Boot sequence for the instance and image/block device mapping combination is not valid.`;

type Server = Record<string, unknown>;
/** A POST of a server with these attributes: its status, and the error's words. None may be left of a refused one. */
async function post(server: Server, version = "2.67"): Promise<[number, string]> {
  const before = (await t.api("GET", "/servers")).body.servers.length;
  const { status, body } = await t.api("POST", "/servers", {
    version,
    body: { server: { name: "s", flavorRef: "42", networks: "none", ...server } },
  });
  await t.idle();
  if (status !== 202) assert.equal((await t.api("GET", "/servers")).body.servers.length, before);
  return [status, (body.badRequest ?? body.forbidden ?? body.conflictingRequest)?.message ?? ""];
}
const refused = async (server: Server, message: string, version?: string) =>
  assert.deepEqual(await post(server, version), [400, message], JSON.stringify(server));
const root = (more: Server = {}) => ({
  source_type: "image",
  destination_type: "volume",
  boot_index: 0,
  uuid: t.image.id,
  volume_size: 1,
  ...more,
});
const booting = (more: Server = {}, ...others: Server[]) => ({ block_device_mapping_v2: [root(more), ...others] });

test("an image that the flavor or the root volume is too small for is refused at once", async () => {
  const large = await t.addImage({ minDisk: 10 });
  const smaller = `minimum size is ${10 * GIB} bytes.`;
  await refused(
    { imageRef: large.id },
    `Flavor's disk is smaller than the minimum size specified in image metadata. Flavor disk is ${GIB} bytes, ${smaller}`,
  );
  await refused(
    booting({ uuid: large.id, volume_size: 5 }),
    `Volume is smaller than the minimum size specified in image metadata. Volume size is ${5 * GIB} bytes, ${smaller}`,
  );
  assert.equal((await post(booting({ uuid: large.id, volume_size: 10 })))[0], 202);
  await refused(
    booting({ volume_size: null }),
    "Images with destination_type 'volume' need to have a non-zero size specified",
  );
  const hungry = await t.addImage({ minRam: 1_000_000 });
  const memory = "Flavor's memory is too small for requested image.";
  await refused({ imageRef: hungry.id }, memory);
  await refused(booting({ uuid: hungry.id }), memory);
  const uuid = await volume({ imageId: hungry.id });
  await refused(booting({ source_type: "volume", uuid, volume_size: null }), memory);
});

test("an image that cannot be booted is refused at once", async () => {
  const queued = t.images.create(context, { name: "queued" });
  await refused({ imageRef: queued.id }, `Image ${queued.id} is not active.`);
  await refused(booting({ uuid: queued.id }), `Image ${queued.id} is not active.`);
  await refused({ imageRef: ID }, "Can not find requested image");
  await refused({}, "Missing imageRef attribute");
  const odd = await t.addImage({ properties: { img_config_drive: "maybe" } });
  await refused({ imageRef: odd.id }, "Image's config drive option 'maybe' is invalid");
  const secret = await t.addImage({ properties: { cinder_encryption_key_id: ID } });
  await refused(
    { imageRef: secret.id },
    `Image ${secret.id} is unacceptable: Direct booting of an image uploaded from an encrypted volume is unsupported.`,
  );
  const fixed = await t.addImage({ properties: { auto_disk_config: "disabled" } });
  await refused(
    { imageRef: fixed.id, "OS-DCF:diskConfig": "AUTO" },
    `Requested image ${fixed.id} has automatic disk resize disabled.`,
  );
});

test("block devices that contradict themselves or each other", async () => {
  const blank = { source_type: "blank", destination_type: "local", guest_format: "swap" };
  const local = { source_type: "image", destination_type: "local", uuid: t.image.id };
  const imageRef = t.image.id;
  const data = await volume();
  for (const [server, message] of [
    [booting({ source_type: "blank" }), `${INVALID}Invalid device UUID.`],
    [booting({ uuid: null }), `${INVALID}Missing device UUID.`],
    [{ block_device_mapping_v2: [{ ...local, boot_index: 0 }] }, `${INVALID}Mapping image to local is not supported.`],
    [booting({}, local), `${INVALID}Mapping image to local is not supported.`],
    [
      booting({ destination_type: "local", source_type: "blank", uuid: null, volume_type: "lvmdriver-1" }),
      `${INVALID}Specifying a volume_type with destination_type=local is not supported.`,
    ],
    [
      booting({ source_type: "volume", uuid: data, volume_type: "lvmdriver-1" }),
      `${INVALID}Specifying volume type to existing volume is not supported.`,
    ],
    [booting({ volume_type: "nonesuch" }), "Volume type nonesuch could not be found."],
    [booting({ disk_bus: "unheard-of" }), "Block Device Mapping is Invalid."],
    [booting({ uuid: ID }), `${INVALID}failed to get image ${ID}.`],
    [booting({ source_type: "volume", uuid: ID }), `${INVALID}failed to get volume ${ID}.`],
    [booting({ source_type: "snapshot", uuid: ID }), `${INVALID}failed to get snapshot ${ID}.`],
    [booting({ source_type: "volume", uuid: data }), `Block Device ${data} is not bootable.`],
    [booting({ boot_index: 1 }), SEQUENCE],
    [booting({}, root({ boot_index: 2 })), SEQUENCE],
    [booting({}, root()), SEQUENCE],
    // An image beside devices is a disk only when one of them says so.
    [{ imageRef, ...booting({ boot_index: -1 }) }, SEQUENCE],
    [
      { imageRef, ...booting({ device_name: "/dev/vda" }) },
      "The volume cannot be assigned the same device name as the root device vda",
    ],
    [
      {
        imageRef,
        block_device_mapping_v2: [
          { ...local, boot_index: 0 },
          { ...blank, volume_size: 4096 },
        ],
      },
      "Swap drive requested is larger than instance type allows.",
    ],
    [booting({}, blank, blank), `${INVALID}More than one swap drive requested.`],
    [
      booting({}, { ...blank, guest_format: "ext4", volume_size: 1 }),
      "Ephemeral disks requested are larger than the instance type allows. If no size is given in one block device mapping, flavor ephemeral size will be used.",
    ],
    [
      booting({}, { source_type: "blank", destination_type: "volume" }),
      "Blank volumes (source: 'blank', dest: 'volume') need to have non-zero size",
    ],
    [
      { ...booting(), block_device_mapping: [{ volume_id: data, device_name: "vdb" }] },
      "Using different block_device_mapping syntaxes is not allowed in the same request.",
    ],
    [{ imageRef, block_device_mapping: [{ device_name: "vdb" }] }, `${INVALID}Unrecognized legacy format.`],
    [{ block_device_mapping: [{ volume_id: data, device_name: "vdb" }] }, SEQUENCE],
    [
      { ...booting({ source_type: "volume", uuid: await volume({ imageId: imageRef }) }), max_count: 2 },
      "Cannot attach one or more volumes to multiple instances",
    ],
  ] as const) {
    await refused(server, message);
  }
});

test("a volume that a server is made with is its own at once, and free again when nothing comes of it", async () => {
  const uuid = await volume({ imageId: t.image.id });
  const server = booting({ source_type: "volume", uuid, volume_size: null });
  const create = () =>
    t.api("POST", "/servers", {
      version: "2.67",
      body: { server: { name: "s", flavorRef: "42", networks: "none", ...server } },
    });
  const [first, second] = await Promise.all([create(), create()]);
  assert.deepEqual([first.status, second.status], [202, 400]);
  assert.match(second.body.badRequest.message, /^Invalid volume: volume '.*' status must be 'available'/);
  await t.idle();
  await t.api("DELETE", `/servers/${first.body.server.id}`);
  await t.idle();
  // No host has such a processor.
  t.cloud.kernel.db
    .prepare("UPDATE block_storage_volumes SET image_metadata = ? WHERE id = ?")
    .run(JSON.stringify({ hw_architecture: "s390x" }), uuid);
  const nowhere = await create();
  await t.idle();
  assert.equal((await t.api("GET", `/servers/${nowhere.body.server.id}`)).body.server.status, "ERROR");
  assert.equal(storage().findVolume(uuid)?.status, "available");
});

test("addresses, ports and names that one server only can have", async () => {
  const port = t.network.createPort(context, {
    networkId: network,
    projectId: "alpha",
    fixedIps: [{ address: "10.0.0.99" }],
    deviceId: "",
  });
  const imageRef = t.image.id;
  const single = "Failed to launch instances: ";
  for (const [server, message] of [
    [
      { networks: [{ uuid: network, fixed_ip: "10.0.0.99" }] },
      "Fixed IP address 10.0.0.99 is already in use on instance .",
    ],
    [
      { networks: [{ uuid: network, fixed_ip: "10.0.0.98" }], max_count: 2 },
      `${single}max_count cannot be greater than 1 if an fixed_ip is specified.`,
    ],
    [
      { networks: [{ port: port.id }], min_count: 2 },
      `${single}Unable to launch multiple instances with a single configured port ID. Please launch your instance one by one with different ports.`,
    ],
    [
      { networks: [{ port: port.id }, { port: port.id }] },
      `Port ID '${port.id}' was specified twice: you cannot attach a port multiple times.`,
    ],
    [
      { networks: [{ port: port.id, fixed_ip: "10.0.0.98" }] },
      `Specified Fixed IP '10.0.0.98' cannot be used with port '${port.id}': the two cannot be specified together.`,
    ],
    [{ networks: [{ tag: "x" }] }, "Bad network format: missing 'uuid'"],
    [{ min_count: 2, max_count: 1 }, "min_count must be <= max_count"],
    [{ key_name: "nobody's" }, "Invalid key_name provided."],
    [{ flavorRef: "none" }, "Flavor none could not be found."],
  ] as const) {
    await refused({ imageRef, ...server }, message);
  }
  await refused(
    { imageRef, hostname: "one", max_count: 2 },
    "Unable to allocate a single hostname to multiple instances",
    "2.90",
  );
});

test("limits: ports, metadata, personality", async () => {
  const imageRef = t.image.id;
  const networks = [{ uuid: network }, { uuid: network }];
  const quota = (method: string, body?: unknown) =>
    t.request(method, "/networking/v2.0/quotas/alpha", { token: "admin:ops", body });
  const { used } = t.network.quotas("alpha").port ?? {};
  await quota("PUT", { quota: { port: Number(used) + 5 } });
  assert.deepEqual(await post({ imageRef, networks, min_count: 3 }), [403, "Maximum number of ports exceeded"]);
  const count = async () => (await t.api("GET", "/servers?name=ports")).body.servers.length;
  assert.equal((await post({ imageRef, networks, name: "ports", min_count: 1, max_count: 3 }))[0], 202);
  assert.equal(await count(), 2, "as many as there are ports for");
  await quota("DELETE");
  const metadata = Object.fromEntries(Array.from({ length: 129 }, (_, index) => [`k${index}`, "v"]));
  assert.deepEqual(await post({ imageRef, metadata }), [403, "Maximum number of metadata items exceeds 128"]);
  const file = (path: string, bytes: number) => ({ path, contents: Buffer.alloc(bytes).toString("base64") });
  for (const [personality, message] of [
    [Array.from({ length: 6 }, (_, index) => file(`/f${index}`, 1)), "Personality file limit exceeded"],
    [[file(`/${"p".repeat(255)}`, 1)], "Personality file path exceeds maximum 255"],
    [[file("/f", 10_241)], "Personality file content exceeds maximum 10240"],
  ] as const) {
    const { networks: _, ...rest } = { imageRef, personality, networks: "none" };
    assert.deepEqual(await post({ ...rest, networks: undefined }, "2.1"), [403, message]);
    const [server] = (await t.api("GET", "/servers?name=ports")).body.servers;
    const rebuilt = await t.api("POST", `/servers/${server.id}/action`, {
      body: { rebuild: { imageRef, personality } },
    });
    assert.deepEqual([rebuilt.status, rebuilt.body.forbidden?.message], [403, message]);
  }
});

test("where a server is to be is said in one way", async () => {
  const admin = { token: "admin:alpha", version: "2.74" };
  const { body } = await t.api("GET", "/os-hypervisors", admin);
  const host = body.hypervisors[0].hypervisor_hostname;
  for (const [server, message] of [
    [
      { availability_zone: `nova:${host}`, host },
      "One mechanism with host and/or hypervisor_hostname and another mechanism with zone:host:node are mutually exclusive.",
    ],
    [{ host, hypervisor_hostname: "far" }, "Compute host far could not be found."],
    [{ availability_zone: "moon" }, "The requested availability zone is not available"],
  ] as const) {
    const answer = await t.api("POST", "/servers", {
      ...admin,
      body: { server: { name: "s", flavorRef: "42", imageRef: t.image.id, networks: "none", ...server } },
    });
    assert.deepEqual([answer.status, answer.body.badRequest?.message], [400, message]);
  }
});

test("of any number wanted, as many are made as the quota has room for, at once", async () => {
  const instances = async () => (await t.api("GET", "/os-quota-sets/alpha/detail")).body.quota_set.instances;
  const { limit, in_use } = await instances();
  const free = limit - in_use;
  assert.ok(free > 1);
  const server = { imageRef: t.image.id };
  for (const max_count of [1_000_000_000, "9".repeat(20)])
    assert.equal((await post({ ...server, min_count: free + 1, max_count }))[0], 403);
  assert.equal((await post({ ...server, max_count: 1_000_000_000 }))[0], 202);
  assert.equal((await instances()).in_use, limit);
});

test("where quotas have no end, one request makes no more servers than the cloud bears at once", async () => {
  const t = await computeLab();
  try {
    const unlimited = { quota_set: { instances: -1, cores: -1, ram: -1 } };
    const set = await t.api("PUT", "/os-quota-sets/alpha", { token: "admin:admin", body: unlimited });
    assert.equal(set.status, 200);
    const ask = (counts: object) => {
      const server = { name: "many", imageRef: t.image.id, flavorRef: "42", networks: "none", ...counts };
      return t.api("POST", "/servers", { body: { server }, version: "2.60" });
    };
    const refused = await ask({ min_count: 501, max_count: 1_000_000_000 });
    assert.equal(refused.status, 400);
    assert.match(refused.body.badRequest.message, /^min_count must be <= 500/);
    assert.equal((await ask({ max_count: 1_000_000_000 })).status, 202);
    const { body } = await t.api("GET", "/limits");
    assert.equal(body.limits.absolute.totalInstancesUsed, 500);
  } finally {
    await t.close();
  }
});
