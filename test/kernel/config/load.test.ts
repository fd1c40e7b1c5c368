// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the strings speak about shell variables
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import fc from "fast-check";
import type { HostFacts } from "../../../src/kernel/config/settings.ts";
import { language, loadSettings } from "../../../src/settings.ts";
import { testHostFacts, testSettings } from "../../support/settings.ts";

function load(body: string, env: Record<string, string> = {}, facts: HostFacts = testHostFacts) {
  const text = body.startsWith("[[") ? body : `[[local|localrc]]\n${body}`;
  return loadSettings({ env, hostFacts: facts, cwd: "/nonexistent", text });
}

test("a localrc of old tutorials works, with notes on what has no effect", () => {
  const { settings, warnings } = load(`[[local|localrc]]
# Minimal OpenStack on a laptop
ADMIN_PASSWORD=secret
DATABASE_PASSWORD=$ADMIN_PASSWORD
RABBIT_PASSWORD=$ADMIN_PASSWORD
SERVICE_PASSWORD=$ADMIN_PASSWORD
SERVICE_TOKEN=tokentoken
HOST_IP=192.168.1.50
FLAT_INTERFACE=eth0
FIXED_RANGE=10.4.128.0/20
FIXED_NETWORK_SIZE=4096
FLOATING_RANGE=192.168.42.128/25
MULTI_HOST=1
LIBVIRT_TYPE=qemu
VOLUME_BACKING_FILE_SIZE=10G
LOGFILE=$DEST/logs/stack.sh.log
SCREEN_LOGDIR=$DEST/logs/screen
IMAGE_URLS="http://example.org/a.img,"
IMAGE_URLS+="http://example.org/b.qcow2"
RECLONE=yes

[[post-config|$NOVA_CONF]]
[DEFAULT]
cpu_allocation_ratio = 16.0
ram_allocation_ratio=1.5   
# comment
disk_allocation_ratio = 2
force_config_drive = True
no_such_option = a=b
[quota]
cores = -1
`);
  assert.equal(settings.hostIp, "192.168.1.50");
  assert.equal(settings.api.baseUrl, "http://192.168.1.50");
  assert.equal(settings.identity.authUrl, "http://192.168.1.50/identity");
  assert.equal(settings.network.fixedRange, "10.4.128.0/20");
  assert.equal(settings.network.subnetPoolPrefix, "10.4.128.0/20");
  assert.equal(settings.network.publicGateway, "192.168.42.129");
  assert.equal(settings.libvirtType, "qemu");
  assert.equal(settings.blockStorage.backingFileSize, 10 * 2 ** 30);
  assert.equal(settings.logging.file, "/opt/stack/logs/stack.sh.log");
  assert.equal(settings.logging.dir, "/opt/stack/logs/screen");
  assert.deepEqual(settings.image.urls, ["http://example.org/a.img", "http://example.org/b.qcow2"]);
  assert.equal(settings.passwords.service, "secret");
  assert.equal(settings.compute.cpuAllocationRatio, 16);
  assert.equal(settings.compute.ramAllocationRatio, 1.5);
  assert.equal(settings.compute.diskAllocationRatio, 2);
  assert.equal(settings.compute.forceConfigDrive, true);
  assert.equal(settings.compute.quotas.cores, -1);
  const said = warnings.map((warning) => `${warning.line} ${warning.message} (${warning.hint})`).join("\n");
  assert.match(said, /9 FLAT_INTERFACE, FIXED_NETWORK_SIZE and MULTI_HOST have no effect.*PUBLIC_INTERFACE/);
  assert.match(said, /29 \[DEFAULT\] no_such_option/);
  // Two things to know; that passwords of a database and old names of what works need no word.
  assert.equal(warnings.length, 2, said);
});

test("bash's quoting: quotes, escapes, continuation, comments, several on a line", () => {
  const { settings } = load(
    [
      "export ADMIN_PASSWORD='p $x \"#&;'   # comment",
      'SERVICE_PASSWORD="a\\$b\\"c\\d`"'.replace("`", "\\`"),
      "REGION_NAME=Region\\",
      "Two",
      "PRIVATE_NETWORK_NAME=a#b PUBLIC_NETWORK_NAME=it\\'s; Q_ROUTER_NAME='r'\"s\"t",
      "PRIVATE_SUBNET_NAME=$",
    ].join("\n"),
  );
  assert.equal(settings.passwords.admin, 'p $x "#&;');
  assert.equal(settings.passwords.service, 'a$b"c\\d`');
  assert.equal(settings.regionName, "RegionTwo");
  assert.equal(settings.network.privateNetworkName, "a#b");
  assert.equal(settings.network.publicNetworkName, "it's");
  assert.equal(settings.network.routerName, "rst");
  assert.equal(settings.network.privateSubnetName, "$");
});

test("any password survives single quotes in the file", () => {
  const anyPassword = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !/[\r\n\0]/.test(text));
  fc.assert(
    fc.property(anyPassword, (password) => {
      const { settings } = load(`ADMIN_PASSWORD='${password.replaceAll("'", "'\\''")}'`);
      assert.equal(settings.passwords.admin, password);
    }),
    { numRuns: 60 },
  );
});

test("no text at all makes the loader fail in another way than with ConfigError", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(..."AB=+'\"$`{}[]()|\\#;:- \n\t\u00e9") }), (text) => {
      try {
        load(text);
      } catch (cause) {
        assert.equal(cause instanceof Error ? cause.name : cause, "ConfigError");
      }
    }),
    { numRuns: 500 },
  );
});

test("variables: set above, environment, defaults, and the words behind :-", () => {
  const { settings, warnings } = load(
    "MY_NET=10.20\nFIXED_RANGE=${MY_NET}.0.0/16\nREGION_NAME=${REGION_NAME:-Here}\nLOGDIR=$DATA_DIR/log\nQ_ROUTER_NAME=${NOPE:-${OTHER:-r}2}",
    { REGION_NAME: "There" },
  );
  assert.equal(settings.network.fixedRange, "10.20.0.0/16");
  assert.equal(settings.regionName, "There");
  assert.equal(settings.logging.dir, "/opt/stack/data/log");
  assert.equal(settings.network.routerName, "r2");
  assert.deepEqual(warnings, []);
  assert.equal(load("REGION_NAME=${REGION_NAME:-Here}").settings.regionName, "Here");
});

test("the environment beats defaults; the file beats the environment and says so", () => {
  assert.equal(load("", { REGION_NAME: "Env" }).settings.regionName, "Env");
  const { settings, warnings } = load("REGION_NAME=File", { REGION_NAME: "Env" });
  assert.equal(settings.regionName, "File");
  assert.match(warnings[0]?.message ?? "", /REGION_NAME of the environment is not used/);
});

test("an unknown variable is a warning with the nearest name", () => {
  const { warnings } = load("FLAOTING_RANGE=10.8.0.0/24\nLIBVRT_TYPE=qemu\nXYZZY=1");
  assert.deepEqual(
    warnings.map((warning) => [warning.line, warning.hint]),
    [
      [2, "did you mean FLOATING_RANGE?"],
      [3, "did you mean LIBVIRT_TYPE?"],
      [4, "docs/local-conf.md lists all that are known"],
    ],
  );
});

test("an unset $NAME warns and stands for nothing", () => {
  const { settings, warnings } = load('ADMIN_PASSWORD="pa$word"');
  assert.equal(settings.passwords.admin, "pa");
  assert.match(`${warnings[0]?.message} ${warnings[0]?.hint}`, /\$word is not set.*single quotes/);
});

test("booleans in DevStack's manners", () => {
  for (const word of ["True", "true", "yes", "1", "Y", "on"])
    assert.equal(load(`OFFLINE=${word}`).settings.offline, true);
  for (const word of ["False", "no", "0", "n", "off"]) assert.equal(load(`OFFLINE=${word}`).settings.offline, false);
});

const isServiceEnabled = (list: readonly string[], name: string) => language.services.isEnabled(list, name);

test("services: groups, negation, order, plugins", () => {
  const enabled = (body: string, name: string) => isServiceEnabled(load(body).settings.enabledServices, name);
  assert.ok(enabled("", "nova") && enabled("", "cinder") && enabled("", "keystone") && enabled("", "c-vol"));
  assert.ok(!enabled("disable_service cinder", "c-api"));
  assert.ok(!enabled("disable_service c-vol", "c-vol") && enabled("disable_service c-vol", "cinder"));
  assert.ok(enabled("ENABLED_SERVICES+=,ceilometer", "ceilometer"));
  assert.ok(!enabled("ENABLED_SERVICES+=,-swift", "s-proxy"));
  assert.deepEqual(load("ENABLED_SERVICES=key,mysql").settings.enabledServices, ["key", "mysql"]);
  assert.deepEqual(load("disable_all_services\nenable_service key glance").settings.enabledServices, ["key", "g-api"]);
  const { settings, warnings } = load(
    "disable_service heat\nenable_service heat\nenable_service horizn\nenable_plugin zun http://x",
  );
  assert.ok(!isServiceEnabled(settings.enabledServices, "heat"));
  assert.match(
    warnings.map((one) => `${one.message} ${one.hint}`).join("\n"),
    /h-eng.*stays off[\s\S]*horizn.*horizon[\s\S]*no container service \(zun\)/,
  );
});

test("what is disabled is left out, by DevStack's names; what is there comes behind what it needs", () => {
  const services = (body: string) => load(body).settings.services;
  const all = [
    "identity",
    "object-store",
    "image",
    "block-storage",
    "network",
    "compute",
    "orchestration",
    "placement",
  ];
  const without = (...names: string[]) => all.filter((name) => !names.includes(name));
  assert.deepEqual(services(""), all);
  for (const body of [
    "disable_service cinder",
    "disable_service c-api c-vol c-sch",
    "DISABLED_SERVICES=cinder",
    "ENABLED_SERVICES+=,-c-api,-c-sch,-c-vol",
    "ENABLED_SERVICES=key,glance,placement,neutron,nova,swift,heat",
  ]) {
    assert.deepEqual(services(body), without("block-storage"), body);
  }
  assert.deepEqual(services("disable_service placement-api"), without("placement"));
  assert.deepEqual(services("disable_service nova"), without("compute"));
  assert.deepEqual(services("disable_service s-proxy"), without("object-store"));
  assert.deepEqual(services("disable_service h-api"), without("orchestration"));
  assert.deepEqual(services("enable_plugin heat https://opendev.org/openstack/heat"), all);
  assert.deepEqual(services("disable_all_services\nenable_service key"), ["identity"]);
  assert.deepEqual(services("disable_service c-api\nENABLED_SERVICES=key,c-api"), ["identity", "block-storage"]);
  // Networks and volumes were nova's once.
  assert.deepEqual(
    services("ENABLED_SERVICES=key,g-api,n-api,n-cpu,n-net,n-vol"),
    without("object-store", "orchestration", "placement"),
  );
});

test("ports are those of what is enabled", () => {
  const open = (body: string) =>
    load(body)
      .settings.listening.map(({ name }) => name)
      .sort();
  const all = open("");
  const without = (...names: string[]) => all.filter((name) => !names.includes(name));
  assert.equal(all.length, 14);
  assert.deepEqual(open("disable_service cinder"), without("blockStorage"));
  assert.deepEqual(open("disable_service placement-api"), without("placement"));
  assert.deepEqual(open("disable_service n-novnc"), without("noVnc"));
  assert.deepEqual(open("disable_service n-api-meta"), without("metadata"));
  assert.deepEqual(open("NOVA_SERIAL_ENABLED=False"), without("serial"));
  assert.deepEqual(open("CLASSIC_PORTS=False"), ["noVnc", "serial"]);
  // Two services may have the same port where one of them is not there.
  assert.deepEqual(open("CINDER_SERVICE_PORT=9292\ndisable_service cinder"), without("blockStorage"));
  const compute = (body: string) => load(body).settings.compute;
  assert.equal(compute("").vncEnabled, true);
  assert.equal(compute("disable_service n-novnc").vncEnabled, false);
  assert.equal(compute("disable_service n-novnc\nNOVA_VNC_ENABLED=True").vncEnabled, true);
});

test("lists of before n-api-meta had a name have metadata all the same, unless it is switched off", () => {
  const old = "ENABLED_SERVICES=key,g-api,n-api,n-cpu,q-svc";
  const isOn = (body: string) => load(body).settings.enabledServices.includes("n-api-meta");
  assert.ok(isOn(old));
  assert.ok(isOn("disable_all_services\nenable_service key g-api n-api q-svc"));
  assert.ok(!isOn(`${old}\ndisable_service n-api-meta`));
  assert.ok(!isOn(`${old},-n-api-meta`));
  assert.ok(!isOn(`disable_service n-api-meta\n${old}`));
  assert.ok(testSettings({}, { ENABLED_SERVICES: "key,g-api,n-api,q-svc" }).enabledServices.includes("n-api-meta"));
});

test("services that are not there, and those that cannot be left out, are said with their line", () => {
  const said = (body: string) => load(body).warnings.map(({ line, message, hint }) => `${line}: ${message}; ${hint}`);
  assert.deepEqual(said("enable_service key cinder mysql"), []);
  const rest = "what asks for it fails; everything else is there";
  assert.deepEqual(said("enable_service s-proxy s-object"), []);
  assert.deepEqual(said("enable_service ironic"), [
    `2: there is no bare metal service (ironic) in this cloud yet; ${rest}`,
  ]);
  const three =
    "there is no telemetry (ceilometer), metrics store (gnocchi) and no key manager (barbican) in this cloud yet";
  assert.deepEqual(
    said("enable_plugin ceilometer https://x\nENABLED_SERVICES+=,gnocchi-api\nenable_plugin barbican https://x"),
    [`2: ${three}; ${rest}`],
  );
  assert.deepEqual(said("enable_service horizon\ndisable_service horizon"), []);
  const hasDashboard = (body: string) => load(body).settings.enabledServices.includes("horizon");
  assert.equal(hasDashboard(""), true);
  assert.equal(hasDashboard("disable_service horizon"), false);
  assert.equal(
    hasDashboard("ENABLED_SERVICES=key,glance"),
    false,
    "as in DevStack, a list of one's own is all there is",
  );
  assert.deepEqual(said("disable_service cinder c-vol\ndisable_service n-novnc q-agt"), []);
  assert.deepEqual(said("disable_service c-vol\ndisable_service n-cpu"), [
    "2: c-vol stays on; one process is all of it; disable c-api to be without",
    "3: n-cpu stays on; one process is all of it; disable n-api to be without",
  ]);
  assert.deepEqual(said("disable_service n-api"), [
    "2: n-cpu and n-sch have no effect here; without n-api there is no nova",
  ]);
  assert.deepEqual(said("disable_service n-net heat tempest"), []);
});

test("a certificate of one's own is for all ports; those of single services are not", () => {
  const text =
    "USE_SSL=True\nKEYSTONE_SSL_CERT=own.crt\nKEYSTONE_SSL_KEY=/own.key\nKEYSTONE_SSL_CA=/ca.crt\nNOVA_SSL_CERT=/n";
  const { settings, warnings } = load(text);
  assert.equal(settings.api.baseUrl, "https://192.0.2.10");
  const own = { certificate: "/nonexistent/own.crt", key: "/own.key", authority: "/ca.crt" };
  assert.deepEqual(settings.api.ownCertificate, own);
  assert.match(warnings.find(({ message }) => message.startsWith("NOVA_SSL_CERT"))?.hint ?? "", /KEYSTONE_SSL_CERT/);
  assert.equal(load("").settings.api.ownCertificate, null);
});

test("tls-proxy and IPv6 hosts shape the URLs", () => {
  const tls = load("enable_service tls-proxy").settings;
  assert.equal(tls.api.baseUrl, "https://192.0.2.10");
  assert.equal(tls.ports.api, 443);
  const six = load("SERVICE_IP_VERSION=6\nHOST_IPV6=2001:db8::5\nAPI_PORT=8081").settings;
  assert.equal(six.api.baseUrl, "http://[2001:db8::5]:8081");
  assert.equal(six.listenAddress, "::");
});

test("HOST_IP: detected outside the stack's ranges, remembered, or dhcp", () => {
  const addresses = [
    { interface: "eth0", family: 4, address: "172.24.4.1" },
    { interface: "eth0", family: 4, address: "198.51.100.7" },
  ] as const;
  const facts = { ...testHostFacts, addresses };
  assert.equal(load("HOST_IP=dhcp", {}, facts).settings.hostIp, "198.51.100.7");
  const remembered = loadSettings({
    env: {},
    hostFacts: facts,
    cwd: "/",
    text: "HOST_IP=dhcp",
    remembered: { HOST_IP: "198.51.100.9" },
  });
  assert.equal(remembered.settings.hostIp, "198.51.100.9");
  assert.deepEqual(remembered.settings.explicit, []);
});

test("floating addresses may be part of the LAN's range when PUBLIC_INTERFACE is set", () => {
  const { settings } = load(
    'FLOATING_RANGE=192.0.2.0/24\nPUBLIC_INTERFACE=eth0\nPUBLIC_NETWORK_GATEWAY=192.0.2.1\nQ_FLOATING_ALLOCATION_POOL="start=192.0.2.200,end=192.0.2.220"',
  );
  assert.equal(settings.hostIp, "192.0.2.10");
  assert.deepEqual(settings.network.floatingAllocationPool, { start: "192.0.2.200", end: "192.0.2.220" });
});

test("VIRT_DRIVER=fake without root needs no privileged place", () => {
  const facts = { ...testHostFacts, uid: 1000, home: "/home/me", addresses: [], defaultInterface: null };
  const { settings } = load("", { VIRT_DRIVER: "fake" }, facts);
  assert.equal(settings.dataDir, "/home/me/.local/state/tenrec/data");
  assert.equal(settings.ports.api, 8088);
  assert.equal(settings.hostIp, "127.0.0.1");
});

test("a second stack has a data directory of its own", () => {
  assert.equal(load("STACK_NAME=blue").settings.dataDir, "/opt/stack/data-blue");
});

test("a small FIXED_RANGE is the private subnet itself", () => {
  assert.equal(load("FIXED_RANGE=10.0.0.0/27").settings.network.subnetPoolSize, 27);
});

test("missing passwords are generated, stored 0600 and read again", (context) => {
  const dir = mkdtempSync(join(tmpdir(), "config-test-"));
  context.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, "local.conf"), "[[local|localrc]]\nDATA_DIR=data\nLOGFILE=stack.log\n");
  const options = { env: {}, hostFacts: testHostFacts, cwd: dir };
  const first = loadSettings({ ...options, write: true }).settings;
  const file = join(dir, "data", ".localrc.password");
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.match(first.passwords.admin, /^[0-9a-f]{24}$/);
  assert.equal(first.passwords.service, first.passwords.admin);
  assert.ok(readFileSync(file, "utf8").includes(first.passwords.admin));
  assert.deepEqual(loadSettings(options).settings.passwords, first.passwords);
  assert.equal(first.logging.file, join(dir, "stack.log"));
  assert.equal(first.configFile, join(dir, "local.conf"));
});

test("testSettings lays overrides over whole settings", () => {
  const settings = testSettings({ compute: { cpuAllocationRatio: 2 } }, { DATA_DIR: "/tmp/x" });
  assert.equal(settings.virtDriver, "fake");
  assert.equal(settings.compute.cpuAllocationRatio, 2);
  assert.equal(settings.compute.ramAllocationRatio, 1);
  assert.equal(settings.image.imageDir, "/tmp/x/glance/images");
});

test("post-config: DevStack's names of the files, repeated sections, variables that options set, unknown ones", () => {
  const { settings, warnings } = load(`[[post-config|\${NOVA_CONF}]]
[DEFAULT]
cpu_allocation_ratio=2
[[post-config|/$Q_PLUGIN_CONF_FILE]]
[quotas]
quota_port = 7
[[post-config|/etc/nova/nova.conf]]
[DEFAULT]
cpu_allocation_ratio=3
[libvirt]
virt_type = qemu
[[post-config|$KEYSTONE_CONF]]
[token]
expiration = 60
[[post-config|$FOO]]
[a]
b = c
[[test-config|$TEMPEST_CONFIG]]
[compute]
min_compute_nodes = 1
[[local|localrc]]
KEYSTONE_SERVICE_HOST=box.example
KEYSTONE_SERVICE_PROTOCOL=https
API_PORT=443
`);
  assert.equal(settings.compute.cpuAllocationRatio, 3);
  assert.equal(settings.network.quotas.port, 7);
  assert.equal(settings.libvirtType, "qemu");
  assert.equal(settings.identity.tokenExpiration, 60);
  assert.equal(settings.identity.authUrl, "https://box.example/identity");
  assert.deepEqual(
    warnings.map((warning) => warning.line),
    [15, 18],
  );
});
