import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import type { Identity } from "../../src/kernel/auth/context.ts";
import { formatMicroversion } from "../../src/kernel/http/microversion.ts";
import type { Json } from "../support/json.ts";
import { createWorld, type World } from "./support/world.ts";

const MEMBER = {
  roles: new Set(["member", "reader"]),
  projectId: "p",
  domainId: null,
  system: false,
  userId: "u",
  isAdmin: false,
} as unknown as Identity;
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
const ID = "6c1ef1f0-aaaa-4bbb-8ccc-000000000009";
/** Values that are well formed, so that only whose the thing is can be in the way; null where nothing is looked at. */
const GOOD: Readonly<Record<string, unknown>> = {
  reboot: { type: "HARD" },
  rebuild: { imageRef: ID },
  resize: { flavorRef: "84" },
  createImage: { name: "x" },
  createBackup: { name: "x", backup_type: "daily", rotation: 1 },
  changePassword: { adminPass: "x" },
  addSecurityGroup: { name: "default" },
  removeSecurityGroup: { name: "default" },
  addFloatingIp: { address: "10.0.0.1" },
  removeFloatingIp: { address: "10.0.0.1" },
  addFixedIp: { networkId: ID },
  removeFixedIp: { address: "10.0.0.1" },
  "os-getConsoleOutput": {},
  "os-getVNCConsole": { type: "novnc" },
  "os-getSerialConsole": { type: "serial" },
  "os-getSPICEConsole": { type: "spice-html5" },
  "os-getRDPConsole": { type: "rdp-html5" },
  "os-attach": { instance_uuid: ID, mountpoint: "/dev/vdb" },
  "os-initialize_connection": { connector: {} },
  "os-terminate_connection": { connector: {} },
  "os-extend": { new_size: 2 },
  "os-retype": { new_type: "t" },
  "os-reimage": { image_id: ID },
  "os-set_bootable": { bootable: true },
  "os-update_readonly_flag": { readonly: true },
  "os-set_image_metadata": { metadata: {} },
  "os-unset_image_metadata": { key: "x" },
  "os-show_image_metadata": {},
  "os-volume_upload_image": { image_name: "x" },
  "os-update_snapshot_status": { status: "available" },
  revert: { snapshot_id: ID },
};

/**
 * How it reads when whose the thing is was in the way: by policy, or as if it were not there, by its id or in words that nova, cinder
 * and neutron have for it. A complaint about the form of a body, or about a path that leads nowhere, is none of these.
 */
const BY_POLICY =
  /^403 .*(Policy doesn't allow|disallowed by policy|not allowed to create an interface on external network)/;
const NOT_THERE =
  /^40[04] .*(could not be found|does not exist|not found|failed to get|Unable to find|rescue image .* is not supported|included invalid subnet|is None or not the latest one)/;
const IN_WORDS = [
  "400 Can not find requested image",
  "400 Cannot find image for rebuild",
  "400 Invalid key_name provided.",
  "400 Invalid image identifier or unable to access requested image.",
  "400 Malformed request url",
  "400 Specifying 'project_id' other than the authenticated project in request is not allowed for the current user.",
  "400 Invalid input for operation: Only admins can manipulate policies on networks they do not own.",
];

/** What `policy.test.ts` cannot find by looking at one path: things of another project named in bodies, claimed, or half hidden. */
describe("a project's things in another one's hands", () => {
  let world: World;
  let own: Json;
  before(async () => {
    world = await createWorld();
    own = await must("POST", "/networking/v2.0/networks", { network: { name: "betas" } });
    own = own.network;
    const subnet = { network_id: own.id, ip_version: 4, cidr: "10.55.0.0/24" };
    await must("POST", "/networking/v2.0/subnets", { subnet });
  });
  after(() => world.close());

  const LATEST = { accept: "application/json", "openstack-api-version": "compute 2.96, volume 3.70" };
  const other = (method: string, path: string, body?: unknown) => world.as("other", method, path, body, LATEST);
  async function must(method: string, path: string, body?: unknown): Promise<Json> {
    const answer = await other(method, path, body);
    assert.ok(answer.status < 300, `${method} ${path} → ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
  async function refused(wishes: readonly (readonly [method: string, path: string, body?: unknown])[]) {
    const wrong: string[] = [];
    for (const [method, path, body] of wishes) {
      const { status, body: said } = await other(method, path, body);
      const [error] = Object.values(said) as { message?: string }[];
      const answer = `${status} ${error?.message}`;
      const namesTheirs = Object.values(world.ids).some((id) => answer.includes(id));
      if (!BY_POLICY.test(answer) && !(NOT_THERE.test(answer) && namesTheirs) && !IN_WORDS.includes(answer))
        wrong.push(`${method} ${path} ${JSON.stringify(body)} → ${status} ${JSON.stringify(said).slice(0, 300)}`);
    }
    assert.deepEqual(wrong, []);
  }

  test("servers are not made of another project's images, volumes, ports, networks, keys or groups", async () => {
    const { ids } = world;
    const image = { name: "mine", disk_format: "raw", container_format: "bare" };
    const mine = await must("POST", "/image/v2/images", image);
    const headers = { "content-type": "application/octet-stream", accept: "application/json" };
    await world.as("other", "PUT", `/image/v2/images/${mine.id}/file`, "x".repeat(512), headers);
    const wish = (more: Json, hints?: Json) => {
      const server = { name: "x", imageRef: mine.id, flavorRef: "42", networks: "none", ...more };
      return ["POST", "/compute/v2.1/servers", { server, ...hints }] as const;
    };
    const device = { boot_index: 0, destination_type: "volume", volume_size: 1 };
    await refused([
      wish({ imageRef: ids.image }),
      wish({ networks: [{ uuid: ids.network }] }),
      wish({ networks: [{ port: ids.port }] }),
      wish({ key_name: "k" }),
      wish({ networks: [{ uuid: own.id }], security_groups: [{ name: ids.security_group }] }),
      wish({ imageRef: "", block_device_mapping_v2: [{ ...device, source_type: "volume", uuid: ids.volume }] }),
      wish({ imageRef: "", block_device_mapping_v2: [{ ...device, source_type: "snapshot", uuid: ids.snapshot }] }),
      wish({ imageRef: "", block_device_mapping_v2: [{ ...device, source_type: "image", uuid: ids.image }] }),
      wish({}, { "os:scheduler_hints": { group: ids.server_group } }),
      wish({ availability_zone: "nova:host:host" }),
      wish({ host: ids.host }),
      wish({ hypervisor_hostname: ids.host }),
    ]);
    const server = (await must("POST", "/compute/v2.1/servers", wish({ networks: [{ uuid: own.id }] })[2])).server;
    await world.idle();
    const path = `/compute/v2.1/servers/${server.id}`;
    await refused([
      ["POST", `${path}/os-volume_attachments`, { volumeAttachment: { volumeId: ids.volume } }],
      ["POST", `${path}/os-interface`, { interfaceAttachment: { port_id: ids.port } }],
      ["POST", `${path}/os-interface`, { interfaceAttachment: { net_id: ids.network } }],
      ["POST", `${path}/os-interface`, { interfaceAttachment: { net_id: ids.public } }],
      ["POST", `${path}/action`, { rebuild: { imageRef: ids.image } }],
      ["POST", `${path}/action`, { rescue: { rescue_image_ref: ids.image } }],
      ["POST", `${path}/action`, { addSecurityGroup: { name: ids.security_group } }],
      ["POST", `${path}/action`, { "os-resetState": { state: "active" } }],
      ["POST", `${path}/action`, { shelveOffload: null }],
      ["POST", `${path}/action`, { evacuate: { onSharedStorage: false } }],
      ["POST", `${path}/action`, { migrate: null }],
    ]);
  });

  test("no action by body reaches another project's server, volume or snapshot", async () => {
    const { ids } = world;
    const targets: Record<string, string | undefined> = {
      server: ids.server,
      volume: ids.volume,
      snapshot: ids.snapshot,
    };
    const wrong: string[] = [];
    let tried = 0;
    for (const { service, route } of world.routes) {
      const kind = /\/(server|volume|snapshot)s\/:[^/]+\/action$/.exec(route.path)?.[1];
      const { action } = route;
      const scheme = service.api.microversions;
      if (kind === undefined || action === undefined || scheme === null || route.path.includes("url_project_id"))
        continue;
      tried += 1;
      const version = Math.min(scheme.max, route.microversions?.max ?? scheme.max);
      const value = Object.hasOwn(GOOD, action) ? GOOD[action] : null;
      const path = service.endpoint.prefix + route.path.replace(/:\w+_id/, targets[kind] ?? "");
      const { status } = await world.as(
        "other",
        "POST",
        path,
        { [action]: value },
        {
          "openstack-api-version": `${scheme.service} ${formatMicroversion(version)}`,
        },
      );
      const isAdmins = !world.cloud.kernel.policies.rule(route.policy).allows(MEMBER, null);
      // What nova has removed is gone for everybody.
      const expected = /resetNetwork|injectNetworkInfo/.test(action) ? 410 : isAdmins ? 403 : 404;
      if (status !== expected) wrong.push(`${kind} ${action}: ${status} instead of ${expected}`);
    }
    assert.ok(tried > 60, String(tried));
    assert.deepEqual(wrong, []);
  });

  test("volumes and attachments are not made of another project's", async () => {
    const { ids, projects } = world;
    const base = `/volume/v3/${projects.beta}`;
    const mine = (await must("POST", `${base}/volumes`, { volume: { size: 1 } })).volume;
    await world.idle();
    // With one of its own, so that the other one's is not refused for want of any.
    await must("POST", `${base}/snapshots`, { snapshot: { volume_id: mine.id } });
    await world.idle();
    const attachment = { volume_uuid: ids.volume, instance_uuid: ids.server };
    await refused([
      ["POST", `${base}/volumes`, { volume: { size: 1, snapshot_id: ids.snapshot } }],
      ["POST", `${base}/volumes`, { volume: { size: 1, source_volid: ids.volume } }],
      ["POST", `${base}/volumes`, { volume: { size: 1, imageRef: ids.image } }],
      ["POST", `${base}/snapshots`, { snapshot: { volume_id: ids.volume, force: true } }],
      ["POST", `${base}/attachments`, { attachment }],
      ["POST", `${base}/volumes/${mine.id}/action`, { revert: { snapshot_id: ids.snapshot } }],
      ["GET", `${base}/os-quota-sets/${projects.alpha}`],
      ["GET", `${base}/os-quota-sets/${projects.alpha}?usage=True`],
      ["PUT", `${base}/os-quota-sets/${projects.alpha}`, { quota_set: { volumes: 0 } }],
      ["DELETE", `${base}/os-quota-sets/${projects.alpha}`],
      ["PUT", `${base}/os-quota-class-sets/default`, { quota_class_set: { volumes: 99 } }],
      ["GET", `/volume/v3/${projects.alpha}/volumes`],
      ["GET", `/volume/v3/${projects.alpha}/volumes/${ids.volume}`],
    ]);
    // An attachment that names somebody's server is a note of its owner's, and nothing that server knows of.
    await must("POST", `${base}/attachments`, { attachment: { volume_uuid: mine.id, instance_uuid: ids.server } });
    const seen = await world.as("member", "GET", `/compute/v2.1/servers/${ids.server}/os-volume_attachments`);
    assert.deepEqual(seen.body.volumeAttachments, []);
  });

  test("quotas, usage, limits, keys and migrations of others are theirs", async () => {
    const { projects, ids } = world;
    const { alpha } = projects;
    await refused([
      ["GET", `/compute/v2.1/os-quota-sets/${alpha}`],
      ["GET", `/compute/v2.1/os-quota-sets/${alpha}/detail`],
      ["PUT", `/compute/v2.1/os-quota-sets/${alpha}`, { quota_set: { cores: 0 } }],
      ["PUT", `/compute/v2.1/os-quota-sets/${projects.beta}`, { quota_set: { cores: 1000 } }],
      ["GET", `/compute/v2.1/limits?tenant_id=${alpha}`],
      ["GET", `/compute/v2.1/os-simple-tenant-usage/${alpha}`],
      ["GET", "/compute/v2.1/os-simple-tenant-usage"],
      ["GET", `/compute/v2.1/os-keypairs?user_id=${ids.member}`],
      ["GET", `/compute/v2.1/os-keypairs/k?user_id=${ids.member}`],
      ["DELETE", `/compute/v2.1/os-keypairs/k?user_id=${ids.member}`],
      ["POST", "/compute/v2.1/os-keypairs", { keypair: { name: "y", user_id: ids.member, public_key: KEY } }],
      ["GET", "/compute/v2.1/os-migrations"],
      ["GET", "/compute/v2.1/servers?all_tenants=1"],
      [
        "POST",
        "/compute/v2.1/os-server-external-events",
        { events: [{ name: "network-changed", server_uuid: ids.server }] },
      ],
      ["GET", `/networking/v2.0/quotas/${alpha}`],
      ["GET", `/networking/v2.0/quotas/${alpha}/details`],
      ["GET", `/networking/v2.0/quotas/${alpha}/default`],
      ["PUT", `/networking/v2.0/quotas/${projects.beta}`, { quota: { port: -1 } }],
      ["DELETE", `/networking/v2.0/quotas/${alpha}`],
      ["GET", "/networking/v2.0/quotas"],
      ["GET", `/networking/v2.0/auto-allocated-topology/${alpha}`],
      ["DELETE", `/networking/v2.0/auto-allocated-topology/${alpha}`],
    ]);
  });

  test("nothing in the network service is made on, joined to, shared with or taken from others'", async () => {
    const { ids, projects } = world;
    const net = "/networking/v2.0";
    const mine = (await must("POST", `${net}/ports`, { port: { network_id: own.id } })).port;
    const router = (await must("POST", `${net}/routers`, { router: { name: "b" } })).router;
    const group = (await must("POST", `${net}/security-groups`, { security_group: { name: "b" } })).security_group;
    const fip = (await must("POST", `${net}/floatingips`, { floatingip: { floating_network_id: ids.public } }))
      .floatingip;
    const rule = { security_group_id: group.id, direction: "ingress" };
    const rbac = { action: "access_as_shared", target_tenant: projects.beta };
    const paths = ["networks", "subnets", "ports", "routers", "floatingips", "security-groups", "subnetpools"];
    const kinds = ["network", "subnet", "port", "router", "floatingip", "security_group", "subnetpool"];
    await refused([
      ["POST", `${net}/ports`, { port: { network_id: ids.network } }],
      ["POST", `${net}/ports`, { port: { network_id: ids.public } }],
      ["POST", `${net}/ports`, { port: { network_id: own.id, security_groups: [ids.security_group] } }],
      ["POST", `${net}/ports`, { port: { network_id: own.id, project_id: projects.alpha } }],
      ["POST", `${net}/ports`, { port: { network_id: own.id, fixed_ips: [{ subnet_id: ids.subnet }] } }],
      ["PUT", `${net}/ports/${mine.id}`, { port: { security_groups: [ids.security_group] } }],
      ["POST", `${net}/subnets`, { subnet: { network_id: ids.network, ip_version: 4, cidr: "10.1.0.0/24" } }],
      ["POST", `${net}/subnets`, { subnet: { network_id: own.id, ip_version: 4, subnetpool_id: ids.subnetpool } }],
      ["PUT", `${net}/routers/${router.id}/add_router_interface`, { subnet_id: ids.subnet }],
      ["PUT", `${net}/routers/${router.id}/add_router_interface`, { port_id: ids.port }],
      ["PUT", `${net}/routers/${router.id}`, { router: { external_gateway_info: { network_id: ids.network } } }],
      ["PUT", `${net}/routers/${ids.router}/add_router_interface`, { port_id: mine.id }],
      ["PUT", `${net}/routers/${ids.router}/remove_router_interface`, { subnet_id: ids.subnet }],
      ["PUT", `${net}/routers/${ids.router}/add_extraroutes`, { router: { routes: [] } }],
      ["PUT", `${net}/floatingips/${fip.id}`, { floatingip: { port_id: ids.port } }],
      ["PUT", `${net}/floatingips/${ids.floatingip}`, { floatingip: { port_id: mine.id } }],
      [
        "POST",
        `${net}/security-group-rules`,
        { security_group_rule: { ...rule, remote_group_id: ids.security_group } },
      ],
      [
        "POST",
        `${net}/security-group-rules`,
        { security_group_rule: { ...rule, security_group_id: ids.security_group } },
      ],
      ["POST", `${net}/rbac-policies`, { rbac_policy: { ...rbac, object_type: "network", object_id: ids.network } }],
      [
        "POST",
        `${net}/rbac-policies`,
        { rbac_policy: { ...rbac, object_type: "network", object_id: own.id, target_tenant: "*" } },
      ],
      ["PUT", `${net}/rbac-policies/${ids.rbac_policy}`, { rbac_policy: { target_tenant: projects.beta } }],
      ["PUT", `${net}/subnetpools/${ids.subnetpool}/add_prefixes`, { prefixes: ["10.9.9.0/24"] }],
      ...paths.map((path, index) => ["PUT", `${net}/${path}/${ids[kinds[index] ?? ""]}/tags/x`] as const),
      ...paths.map((path, index) => ["GET", `${net}/${path}/${ids[kinds[index] ?? ""]}/tags`] as const),
    ]);
  });

  test("a port that claims another project's server neither shows in it nor is told its metadata", async () => {
    const { ids } = world;
    const address = "10.55.0.66";
    const claim = { device_id: ids.server, device_owner: "compute:nova" };
    const port = { network_id: own.id, fixed_ips: [{ ip_address: address }], ...claim };
    const before = await world.as("member", "GET", `/compute/v2.1/servers/${ids.server}`);
    const made = (await must("POST", "/networking/v2.0/ports", { port })).port;
    await world.idle();
    const after = await world.as("member", "GET", `/compute/v2.1/servers/${ids.server}`);
    assert.deepEqual(after.body.server.addresses, before.body.server.addresses);
    assert.deepEqual(after.body.server.security_groups, before.body.server.security_groups);

    const facade = world.cloud.kernel.facade("network");
    assert.equal(facade.findPortBySource({ networkId: own.id, address })?.id, made.id);
    assert.match(await metadataAt(own.id, address), /^HTTP\/1\.1 404 /);
    // The same question from the server's own port is answered.
    const [nic] = facade.networkInfoForDevices([ids.server ?? ""]).get(ids.server ?? "") ?? [];
    const answer = await metadataAt(ids.network ?? "", nic?.fixedIps[0]?.address ?? "");
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.ok(answer.includes(ids.server ?? ""));
    await must("DELETE", `/networking/v2.0/ports/${made.id}`);
    await world.idle();
    const last = await world.as("member", "GET", `/compute/v2.1/servers/${ids.server}`);
    assert.deepEqual(last.body.server.addresses, before.body.server.addresses);
  });

  /** What a guest with this address on this network is told of itself. */
  async function metadataAt(networkId: string, address: string): Promise<string> {
    const compute = world.cloud.kernel.facade("compute");
    const listener = createServer((socket) =>
      compute.answerMetadata(socket, { kind: "network", id: networkId, address }),
    );
    await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
    const client = connect((listener.address() as { port: number }).port, "127.0.0.1");
    client.end("GET /openstack/latest/meta_data.json HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let text = "";
    for await (const chunk of client) text += String(chunk);
    listener.close();
    return text;
  }
});
