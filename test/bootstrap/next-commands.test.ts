import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ApiClient } from "../../src/bootstrap/api-client.ts";
import { commandsWithoutGuests, type Found, findForDemo, nextCommands } from "../../src/bootstrap/next-commands.ts";
import { stackSummary } from "../../src/bootstrap/summary.ts";
import type { DaemonStatus } from "../../src/control/protocol.ts";
import type { Settings } from "../../src/kernel/config/settings.ts";
import { loadSettings } from "../../src/settings.ts";
import { TestDaemon } from "../support/daemon.ts";
import { testHostFacts, testSettings } from "../support/settings.ts";

let daemon: TestDaemon;
let settings: Settings;

before(async () => {
  daemon = new TestDaemon({ conf: ["DEFAULT_INSTANCE_TYPE=ds512M", "NEUTRON_CREATE_INITIAL_NETWORKS=False"] });
  await daemon.prepare();
  const file = `${daemon.directory}/local.conf`;
  settings = loadSettings({ file, env: {}, hostFacts: testHostFacts, cwd: "/" }).settings;
});

after(() => daemon.close());

test("the closing commands are of what there is: first nothing, then what somebody made", async () => {
  const bare = await findForDemo(settings);
  assert.deepEqual(bare, {
    image: null,
    flavor: { name: "ds512M", id: "d1" },
    network: null,
    external: null,
    open: { icmp: false, ssh: false },
    keys: [],
    servers: [],
  });
  assert.deepEqual(
    nextCommands(bare, true).map((line) => line.split(" ").slice(0, 4).join(" ")),
    [
      "openstack image create --disk-format",
      "openstack network create mynet",
      "openstack subnet create --network",
      "openstack security group rule",
      "openstack security group rule",
      "openstack keypair create mykey",
      "openstack server create --image",
      "openstack console log show",
    ],
  );
  const outer = { name: "the world", "router:external": true, "provider:network_type": "flat" };
  const world = await daemon.request("POST", "/networking/v2.0/networks", {
    network: { ...outer, "provider:physical_network": "public" },
  });
  assert.equal(world.status, 201);
  const id = world.body.network.id;
  const subnet = { network_id: id, ip_version: 4, cidr: "172.24.9.0/24", enable_dhcp: false };
  await daemon.request("POST", "/networking/v2.0/subnets", { subnet });
  const found = await findForDemo(settings);
  assert.equal(found.external?.name, "the world");
  const demo = await ApiClient.login(settings, "demo", "demo");
  const groups = await demo.get(`/networking/v2.0/security-groups?name=default&project_id=${demo.projectId}`);
  // As the client sends it.
  const any = { direction: "ingress", ethertype: "IPv4", remote_ip_prefix: "0.0.0.0/0" };
  const rule = { ...any, security_group_id: groups.security_groups[0].id, protocol: "icmp" };
  await demo.post("/networking/v2.0/security-group-rules", { security_group_rule: rule });
  assert.deepEqual((await findForDemo(settings)).open, { icmp: true, ssh: false });
  const commands = nextCommands(found, true).join("\n");
  assert.match(
    commands,
    /router create --external-gateway 'the world' myrouter\n.*router add subnet myrouter mysubnet/,
  );
  assert.match(commands, /floating ip create 'the world' /);
});

test("names that are taken are not proposed again, and rules that are there are not made again", () => {
  const found: Found = {
    image: { name: "ubuntu-24.04", id: "2", login: "ubuntu" },
    flavor: { name: "m1.small", id: "2" },
    network: { name: "private", id: "1" },
    external: { name: "public", id: "3" },
    open: { icmp: true, ssh: true },
    keys: ["mykey", "mykey2"],
    servers: ["vm1"],
  };
  assert.deepEqual(nextCommands(found, false), [
    "openstack keypair create mykey3 > mykey3.pem && chmod 600 mykey3.pem",
    "openstack server create --image ubuntu-24.04 --flavor m1.small --network private --key-name mykey3 --wait vm2",
    "ADDRESS=$(openstack floating ip create public -f value -c floating_ip_address)",
    "openstack server add floating ip vm2 $ADDRESS",
    "ssh -i mykey3.pem ubuntu@$ADDRESS",
  ]);
});

test("where the cloud does not answer demo, what the configuration promises is named", async () => {
  const nowhere = { ports: { api: 9 }, identity: { authUrl: "http://127.0.0.1:9/identity" } };
  const usual = await findForDemo(testSettings(nowhere));
  assert.equal(usual.flavor?.name, "m1.nano");
  assert.equal(usual.network?.name, "private");
  assert.equal(usual.external?.name, "public");
  const bare = await findForDemo(testSettings(nowhere, { NEUTRON_CREATE_INITIAL_NETWORKS: "False", IP_VERSION: "6" }));
  assert.equal(bare.network, null);
  assert.equal(bare.external, null);
});

test("a cloud without nova has no server among the closing commands", () => {
  const settings = testSettings({}, { ENABLED_SERVICES: "key,g-api,c-api,c-vol,c-sch" });
  assert.deepEqual(commandsWithoutGuests(settings.services), [
    "openstack catalog list",
    "openstack image list",
    "openstack volume create --size 1 vol1",
  ]);
  const found = { image: null, flavor: null, network: null, external: null, open: { icmp: false, ssh: false } };
  const said = stackSummary(settings, { warnings: [] } as unknown as DaemonStatus, {
    seconds: 1,
    openrc: "openrc",
    notes: [],
    found: { ...found, keys: [], servers: [] },
  });
  assert.match(said, /Next, as demo:\n\n {2}source openrc\n {2}openstack catalog list\n/);
  assert.doesNotMatch(said, /server|floating|no guest/);
});

test("the end of stack says where the dashboard is, unless local.conf leaves it out", async () => {
  const found = await findForDemo(settings);
  const said = (of: Settings) =>
    stackSummary(of, { warnings: [] } as unknown as DaemonStatus, { seconds: 1, openrc: "openrc", notes: [], found });
  const all = testSettings();
  assert.ok(said(all).includes(`The dashboard is now available at ${all.api.baseUrl}/dashboard\n`), said(all));
  assert.doesNotMatch(
    said(testSettings({}, { ENABLED_SERVICES: `${all.enabledServices.join(",")},-horizon` })),
    /dashboard/,
  );
});
