// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the strings speak about shell variables
import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError } from "../../../src/kernel/config/errors.ts";
import { acceptedVariables } from "../../../src/kernel/config/variables/accepted.ts";
import { language, loadSettings } from "../../../src/settings.ts";
import { testHostFacts } from "../../support/settings.ts";

/** Body of localrc, or with its own headers → settings and "LINE: message; hint" of each message. */
function load(body: string, options: { ownAddresses?: boolean; remembered?: Record<string, string> } = {}) {
  const text = body.startsWith("[[") ? body : `[[local|localrc]]\nADMIN_PASSWORD=x\n${body}`;
  const { settings, warnings } = loadSettings({
    env: {},
    hostFacts: testHostFacts,
    cwd: "/nonexistent",
    text,
    ...options,
  });
  return { settings, said: warnings.map(({ line, message, hint }) => `${line}: ${message}; ${hint}`) };
}

function problemsOf(body: string, options: Parameters<typeof load>[1] = {}): string[] {
  try {
    load(body, options);
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.problems.map(({ message, hint }) => `${message}; ${hint}`);
    throw cause;
  }
  return [];
}

test("a range with host bits is its network, in every variable of a range, with a note", () => {
  const { settings, said } = load(
    "FLOATING_RANGE=10.100.100.160/24\nFIXED_RANGE=10.8.7.9/20\nIPV6_PUBLIC_RANGE=2001:db8:1::7/64\nHOST_LINK_RANGE=169.254.9.6/30",
  );
  assert.equal(settings.network.floatingRange, "10.100.100.0/24");
  assert.equal(settings.network.publicGateway, "10.100.100.1");
  assert.equal(settings.network.fixedRange, "10.8.0.0/20");
  assert.equal(settings.network.subnetPoolPrefix, "10.8.0.0/20");
  assert.equal(settings.network.ipv6.publicRange, "2001:db8:1::/64");
  // DevStack's default gateway is none of that range.
  assert.equal(settings.network.ipv6.publicGateway, null);
  assert.equal(settings.api.hostLinkRange, "169.254.9.4/30");
  assert.deepEqual(
    said.map((one) => one.replace(/ is taken.*/, "")),
    [
      "3: FLOATING_RANGE 10.100.100.160/24",
      "4: FIXED_RANGE 10.8.7.9/20",
      "5: IPV6_PUBLIC_RANGE 2001:db8:1::7/64",
      "6: HOST_LINK_RANGE 169.254.9.6/30",
    ],
  );
});

test("a gateway that the pool's first subnet cannot hold makes FIXED_RANGE the private subnet", () => {
  const sizeOf = (body: string) => load(body).settings.network.subnetPoolSize;
  assert.equal(sizeOf("FIXED_RANGE=192.168.77.0/24\nNETWORK_GATEWAY=192.168.77.254"), 24);
  // The broadcast address of the first /26.
  assert.equal(sizeOf("FIXED_RANGE=192.168.77.0/24\nNETWORK_GATEWAY=192.168.77.63"), 24);
  assert.equal(sizeOf("FIXED_RANGE=192.168.77.0/24\nNETWORK_GATEWAY=192.168.77.62"), 26);
  assert.equal(load("NETWORK_GATEWAY=10.0.3.254\nUSE_SUBNETPOOL=False").settings.network.gateway, "10.0.3.254");
  assert.match(
    problemsOf("NETWORK_GATEWAY=10.0.3.254").join("\n"),
    /^NETWORK_GATEWAY 10\.0\.3\.254 is no host address/,
  );
});

test("a line that is no command of any machine sets nothing, as in DevStack, and is warned of", () => {
  const { settings, said } = load(
    [
      "REGION_NAME= one",
      "REGION_NAME = two",
      "export PRIVATE_NETWORK_NAME= three",
      "export PUBLIC_NETWORK_NAME = four",
      "SERVICE_DOMAIN_NAME=five six",
      "ENABLED_SERVICES=key,g-api,",
      "  n-api,",
      "  # the network",
      "  q-svc",
      "[DEFAULT]",
      "debug = True",
      "HOST-IP=192.0.2.9",
      "IMAGE_URLS[1]=http://a/x.img",
      "export REGION_NAME 7",
      "if [ a = b ]; then",
      "  LOGDAYS= 9",
      "fi",
      "X= enable_service placement-api",
    ].join("\n"),
  );
  assert.equal(settings.regionName, "RegionOne");
  assert.equal(settings.network.privateNetworkName, "private");
  assert.equal(settings.network.publicNetworkName, "public");
  assert.equal(settings.identity?.serviceDomainName, "Default");
  assert.deepEqual([...settings.enabledServices].sort(), ["g-api", "key", "placement-api"]);
  assert.deepEqual(said, [
    "3: REGION_NAME, PRIVATE_NETWORK_NAME, PUBLIC_NETWORK_NAME, debug and X are not set: there is a space next to the =; for bash, and so for DevStack, such a line sets nothing; write NAME=value",
    "7: SERVICE_DOMAIN_NAME is not set: another word follows the value; for bash, and so for DevStack, such a line sets nothing; put quotes around a value that contains spaces",
    "9: n-api, and q-svc belong to no list and have no effect; a list ends with its line, in DevStack too: write it on one, or end the line above with \\",
    "12: [DEFAULT] inside localrc has no effect; service options belong under a header such as [[post-config|FILE]]",
    "14: HOST-IP and 7 cannot be names of variables; names are letters, digits and _; for bash, and so for DevStack, such a line sets nothing",
    "15: IMAGE_URLS[1] has no effect; DevStack reads no arrays of settings; $NAME is the first element",
  ]);
});

test("lists go on over lines: in quotes, behind a backslash, in an array whose first item counts", () => {
  const { settings } = load(
    [
      'IMAGE_URLS="http://a/x.img,',
      '            http://b/y.img"',
      "ENABLED_SERVICES=key,g-api,\\",
      "placement-api",
      "ENABLED_SERVICES+=,\\",
      "s-proxy",
    ].join("\n"),
  );
  assert.deepEqual(settings.image?.urls, ["http://a/x.img", "http://b/y.img"]);
  for (const service of ["key", "g-api", "placement-api"])
    assert.ok(settings.enabledServices.includes(service), service);
  assert.ok(settings.enabledServices.includes("s-proxy"));
  const backends = (body: string) => load(body).settings.blockStorage?.backends.map(({ name }) => name);
  assert.deepEqual(backends("CINDER_ENABLED_BACKENDS='\n  lvm:a,\n  lvm:b\n'"), ["a", "b"]);
  assert.deepEqual(backends("CINDER_ENABLED_BACKENDS='lvm:a lvm:b'"), ["a", "b"]);
  const array = load(
    "IMAGE_URLS=(\n  http://a/x.img\n  http://b/y.img\n)\nIMAGE_URLS+=(http://c/z.img)\nREGION_NAME[0]=One",
  );
  assert.deepEqual(array.settings.image?.urls, ["http://a/x.img"]);
  assert.equal(array.settings.regionName, "One");
  assert.deepEqual(array.said, [
    "3: only the first item of IMAGE_URLS counts; IMAGE_URLS is none of DevStack's arrays; write a comma separated list, IMAGE_URLS=a,b",
  ]);
});

test("an empty value is the default, blanks around a value are none of it, and what is remembered stays", () => {
  const names = language.allNames().filter((name) => !["ENABLED_SERVICES", "ADMIN_PASSWORD"].includes(name));
  const empty = load(names.map((name) => `${name}=`).join("\n")).settings;
  const plain = load("").settings;
  assert.deepEqual({ ...empty, explicit: [] }, { ...plain, explicit: [] });
  assert.equal(load("FLOATING_RANGE='\n  10.9.0.0/24 '").settings.network.floatingRange, "10.9.0.0/24");
  const remembered = { HOST_IP: "192.0.2.77" };
  assert.equal(load("HOST_IP=", { remembered }).settings.hostIp, "192.0.2.77");
});

test("a range that HOST_IP is in is taken with a pool without this machine's address", () => {
  const { settings } = load(
    "FLOATING_RANGE=192.0.2.0/24\nPUBLIC_NETWORK_GATEWAY=192.0.2.1\nQ_FLOATING_ALLOCATION_POOL=start=192.0.2.130,end=192.0.2.180",
  );
  assert.equal(settings.network.floatingRange, "192.0.2.0/24");
  assert.equal(settings.network.publicInterface, null);
});

test("plugins with panels for horizon have no effect, whatever they are of", () => {
  const { said } = load("enable_plugin heat-dashboard http://x\nenable_plugin magnum-ui http://x");
  assert.deepEqual(said, [
    "3: heat-dashboard and magnum-ui have no effect here; the dashboard is the cloud's own, and takes no panels of horizon",
  ]);
});

test("arrays are understood", () => {
  const { settings, said } = load(
    "Q_ML2_PLUGIN_FLAT_TYPE_OPTIONS=(flat_networks=bridge,extern)\nNAMES=(\n  one  # first\n  'two words'\n)\nREGION_NAME=(Solo)\nPRIVATE_NETWORK_NAME=net-$NAMES\nQ_PLUGIN_EXTRA_CONF_FILES+=(a b)\nOTHER=(x y)",
  );
  assert.equal(settings.regionName, "Solo");
  assert.equal(settings.network.privateNetworkName, "net-one");
  assert.deepEqual(said, ["11: unknown variable OTHER has no effect; docs/local-conf.md lists all that are known"]);
});

test("a command in a variable is never run: detected, without matter, or a mistake", () => {
  const { settings, said } = load(
    "HOST_IP=$(hostname -I | awk '{print $1}')\nHOST_IP_IFACE=`ip route | cut -d \")\" -f 1`\nHERE=$(ip -4 addr)\nSERVICE_HOST=${HERE}\nMYSQL_HOST=$HERE\nSYSLOG=True\nSYSLOG_HOST=$HOST_IP\nOVS_BRIDGE=$(ls (x))",
  );
  assert.equal(settings.hostIp, "192.0.2.10");
  assert.equal(settings.hostIpInterface, "eth0");
  assert.equal(settings.serviceHost, "192.0.2.10");
  assert.equal(settings.logging.syslog?.host, "192.0.2.10");
  assert.ok(!settings.explicit.includes("HOST_IP"));
  assert.deepEqual(
    said.map((one) => one.replace(/;.*/, "")),
    [
      "3: $(hostname -I | awk '{print $1}') is not run for HOST_IP",
      '4: `ip route | cut -d ")" -f 1` is not run for HOST_IP_IFACE',
      "6: $(ip -4 addr) is not run for SERVICE_HOST",
    ],
  );
  // A default behind :- counts only where it is taken.
  assert.equal(load("REGION=Here\nREGION_NAME=${REGION:-$(hostname)}").settings.regionName, "Here");
  assert.equal(problemsOf("REGION_NAME=${REGION:-$(hostname)}").length, 1);
});

test("an if of texts is decided without running anything", () => {
  const body = (name: string) =>
    `KIND=${name}\nif [ "$KIND" = "a" ]; then\n  REGION_NAME=A\nelif [[ $KIND != b && x ]]; then\n  :\nfi`;
  assert.equal(problemsOf(body("a")).length, 1, "&& is no test of texts");
  const chosen = (name: string) =>
    load(
      `KIND=${name}\nif [ "$KIND" = "a" ]\nthen\n  REGION_NAME=A\nelif [[ $KIND == b ]]; then REGION_NAME=B; enable_service ironic\nelse\n  if [ -z "$KIND" ]; then\n    REGION_NAME=Empty\n  fi\nfi\nQ_ROUTER_NAME=after`,
    );
  assert.equal(chosen("a").settings.regionName, "A");
  assert.equal(chosen("b").settings.regionName, "B");
  assert.equal(chosen("").settings.regionName, "Empty");
  assert.equal(chosen("c").settings.regionName, "RegionOne");
  assert.equal(chosen("c").settings.network.routerName, "after");
  assert.match(chosen("b").said.join("\n"), /bare metal/);
  assert.deepEqual(chosen("a").said, []);
});

test("an if of services is decided by the list as it is there", () => {
  const body = (list: string) =>
    `${list}\nif is_service_enabled ironic $MORE; then\n  REGION_NAME=With\nelse\n  REGION_NAME=Without\nfi`;
  assert.equal(load(body("MORE=")).settings.regionName, "Without");
  assert.equal(load(body("MORE=\nenable_service ironic")).settings.regionName, "With");
  assert.equal(load(body("MORE=neutron")).settings.regionName, "With");
  assert.equal(load(body("MORE=c-vol\ndisable_service cinder")).settings.regionName, "Without");
});

test("a value that does not fit because a variable is not set says so", () => {
  assert.match(problemsOf("LOGDAYS=1.$DAYS_TO_KEEP").join(), /LOGDAYS is "1\.".*\$DAYS_TO_KEEP is not set/);
  const { settings, said } = load("LOGDAYS=$DAYS_TO_KEEP");
  assert.equal(settings.logging.days, 7);
  assert.match(said.join(), /^3: \$DAYS_TO_KEEP is not set and stands for nothing/);
  const ini = "[[post-config|$NOVA_CONF]]\n[quota]\ncores = $MY_CORES";
  assert.match(problemsOf(ini).join(), /\[quota\] cores is an empty value.*\$MY_CORES of \[quota\] cores is not set/);
});

test("values of post-config are expanded with localrc's variables, which count as used", () => {
  const { settings, said } = load(`[[local|localrc]]
ADMIN_PASSWORD=x
MY_CORES=7
MY_BROKER=192.0.2.9
[[post-config|$NOVA_CONF]]
[quota]  # of a class
cores = $MY_CORES
ram = "\${MY_RAM:-4096}"
[DEFAULT]
dhcp_domain = $REGION_NAME.example\\$
transport_url = rabbit://\${MY_BROKER}:$(cat port)
[oslo_messaging_rabbit]
rabbit_host = $NOWHERE
[api]
max_limit = 5$UNSET`);
  assert.equal(settings.compute.quotas.cores, 7);
  assert.equal(settings.compute.quotas.ram, 4096);
  assert.equal(settings.compute.dhcpDomain, "RegionOne.example$");
  assert.equal(settings.compute.maxLimit, 5);
  assert.equal(said.length, 1, said.join("\n"));
  assert.match(said[0] ?? "", /^15: \$UNSET of \[api\] max_limit is not set and stands for nothing/);
});

test("a section without a file, and lines that are no options, are said and change nothing else", () => {
  const { settings, said } = load(`[[post-config|]]
[DEFAULT]
debug = True
[[post-config|]]
[[post-config|$NOVA_CONF]] and more
[quota]
disable_service tempest
cores = 3
enable_service horizon
nothing`);
  assert.equal(settings.compute.quotas.cores, 3);
  assert.deepEqual(
    said.map((one) => one.replace(/;.*/, "")),
    [
      "1: [[post-config|]] names no file",
      '7: "disable_service tempest" and "enable_service horizon" have no effect in this section',
      '10: "nothing" is no option',
    ],
  );
});

test("text above the first header has no effect, as in DevStack, and is said", () => {
  const { settings, said } = load("[[local|localrc]]\nADMIN_PASSWORD=x");
  const above = loadSettings({
    env: {},
    hostFacts: testHostFacts,
    cwd: "/nonexistent",
    text: "# mine\nREGION_NAME=Lost\n[[local|localrc]]\nADMIN_PASSWORD=x\n",
  });
  assert.equal(above.settings.regionName, settings.regionName);
  assert.deepEqual(said, []);
  assert.match(above.warnings.map(({ line, message }) => `${line}: ${message}`).join(), /^2: .*\[\[local\|localrc\]\]/);
});

test("options in their places of old releases are taken, under their present names", () => {
  const { settings, said } = load(`[[post-config|$NOVA_CONF]]
[DEFAULT]
quota_instances = 3
scheduler_default_filters = ComputeFilter,ServerGroupAntiAffinityFilter
osapi_max_limit = 77
libvirt_type = qemu
[[post-config|$GLANCE_API_CONF]]
[DEFAULT]
filesystem_store_datadir = /srv/images`);
  assert.equal(settings.compute.quotas.instances, 3);
  assert.deepEqual(settings.compute.enabledFilters, ["ComputeFilter", "ServerGroupAntiAffinityFilter"]);
  assert.equal(settings.compute.maxLimit, 77);
  assert.equal(settings.libvirtType, "qemu");
  assert.equal(settings.image.imageDir, "/srv/images");
  assert.equal(said.length, 1);
  assert.match(said[0] ?? "", /^3: \[DEFAULT\] quota_instances is \[quota\] instances today.*filesystem_store_datadir/);
});

test("HOST_IP and an address in SERVICE_HOST have to be this machine's where a cloud is made", () => {
  const own = { ownAddresses: true };
  const [only, ...more] = problemsOf("HOST_IP=203.0.113.7\nSERVICE_HOST=$HOST_IP", own);
  assert.match(
    only ?? "",
    /^HOST_IP 203\.0\.113\.7 is no address of this machine;.*192\.0\.2\.10 \(eth0\).*HOST_IP_FORWARDED/,
  );
  assert.deepEqual(more, []);
  assert.match(problemsOf("SERVICE_HOST=203.0.113.7", own).join(), /^SERVICE_HOST 203\.0\.113\.7 is no address/);
  assert.match(problemsOf("SERVICE_HOST=2001:db8::9", own).join(), /::1/);
  assert.deepEqual(problemsOf("HOST_IP=203.0.113.7\nHOST_IP_FORWARDED=True", own), []);
  for (const fine of ["HOST_IP=192.0.2.10", "HOST_IP=127.0.0.1", "SERVICE_HOST=cloud.example", "HOST_IP=dhcp", ""]) {
    assert.deepEqual(problemsOf(fine, own), [], fine);
  }
  // What an earlier stack settled on, and a cloud that is only looked at or taken away.
  assert.deepEqual(problemsOf("", { ...own, remembered: { HOST_IP: "203.0.113.7" } }), []);
  assert.deepEqual(problemsOf("HOST_IP=203.0.113.7"), []);
});

test("hints never propose the opposite of what was written, or another thing", () => {
  const { settings, said } = load(
    "DISABLED_SERVICES=c-api,cinder\nenable_service c-vol\nDISABLE_SERVICES=x\nENABLE_TLS=1\nPHYSICAL_NETWORK=physnet1\nQ_HOST=1.2.3.4",
  );
  assert.ok(!settings.enabledServices.some((name) => name.startsWith("c-")), settings.enabledServices.join());
  assert.equal(settings.network.publicPhysicalNetwork, "public");
  assert.deepEqual(said, [
    "4: c-vol stays off; an earlier disable_service wins over enable_service; remove one of the two",
    "5: unknown variable DISABLE_SERVICES; did you mean DISABLED_SERVICES?",
    "6: unknown variable ENABLE_TLS has no effect; docs/local-conf.md lists all that are known",
  ]);
  // A mistyped name that a pattern of accepted ones would swallow.
  assert.match(load("Q_FLOATING_ALOCATION_POOL=x").said.join(), /did you mean Q_FLOATING_ALLOCATION_POOL/);
});

test("DevStack's own names are known, and plugins by what they bring", () => {
  const silent = [
    ..."VNCSERVER_PROXYCLIENT_ADDRESS API_RATE_LIMIT HORIZON_CONFIG OCTAVIA_NODE MANILA_DEFAULT_SHARE_TYPE".split(" "),
    ..."SERVICE_TOKEN DATABASE_PASSWORD RABBIT_PASSWORD MYSQL_PASSWORD SWIFT_REPLICAS RECLONE USE_SCREEN".split(" "),
  ];
  assert.deepEqual(load(silent.map((name) => `${name}=x`).join("\n")).said, []);
  assert.equal(load("VOLUME_GROUP=cinder-volumes").settings.blockStorage.volumeGroupName, "cinder-volumes");
  assert.deepEqual(load("VOLUME_GROUP=cinder-volumes").said, []);
  const services = "neutron-api neutron-agent neutron-dhcp neutron-l3 neutron-metadata-agent n-crt g-reg rabbit etcd3";
  assert.deepEqual(load(`enable_service ${services}`).said, []);
  for (const name of ["o-api", "tr-tmgr", "designate-mdns", "ceilometer-acentral", "m-shr", "q-lbaasv2"]) {
    assert.match(load(`enable_service ${name}`).said.join(), /^3: there is no .* in this cloud yet/, name);
  }
  const plugins =
    "enable_plugin zun u\nenable_plugin neutron u\nenable_plugin heat-tempest-plugin u\nenable_plugin mine u";
  assert.deepEqual(
    load(plugins).said.map((one) => one.replace(/;.*/, "")),
    [
      "3: there is no container service (zun) in this cloud yet",
      "5: heat-tempest-plugin has no effect here",
      "6: plugin mine is not there",
    ],
  );
  assert.match(
    load("KEYSTONE_IDENTITY_BACKEND=ldap\nLDAP_PASSWORD=x\nenable_service ldap").said.join(),
    /^3: .*LDAP dir/,
  );
  assert.deepEqual(load("KEYSTONE_IDENTITY_BACKEND=sql").said, []);
});

test("what misleads is said once, in one message for one reason", () => {
  const { said } = load(
    "NOVA_BRANCH=stable/kilo\nFLAT_INTERFACE=eth0\nNEUTRON_REPO=http://x\nMULTI_HOST=1\nenable_service n-net tempest\nGLANCE_BRANCH=master\nQ_PLUGIN=ml2\nQ_AGENT=openvswitch\nQ_ML2_TENANT_NETWORK_TYPE=vxlan",
  );
  assert.deepEqual(
    said.map((one) => one.replace(/;.*/, "")),
    [
      "3: NOVA_BRANCH and NEUTRON_REPO have no effect here",
      "4: FLAT_INTERFACE, MULTI_HOST and n-net have no effect here",
      "7: tempest has no effect here",
      "11: Q_ML2_TENANT_NETWORK_TYPE has no effect here",
    ],
  );
});

test("no accepted variable shadows one that has an effect", () => {
  const exact = acceptedVariables.filter(({ name }) => language.allNames().includes(name));
  assert.deepEqual(exact, []);
});
