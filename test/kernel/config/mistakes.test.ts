// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the strings speak about shell variables
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ConfigError } from "../../../src/kernel/config/errors.ts";
import { loadSettings } from "../../../src/settings.ts";
import { testHostFacts } from "../../support/settings.ts";

const head = "[[local|localrc]]\nADMIN_PASSWORD=x\n";

function problemsOf(text: string, env: Record<string, string> = {}) {
  try {
    loadSettings({ env, hostFacts: testHostFacts, cwd: "/nonexistent", text });
  } catch (cause) {
    if (cause instanceof ConfigError) return cause.problems;
    throw cause;
  }
  return [];
}

/** Body behind two lines of header; the line of the mistake; what message and hint must say. */
const mistakes: readonly (readonly [string, number, RegExp])[] = [
  ["HOST_IP=192.0.2.300", 3, /HOST_IP.*192\.0\.2\.300.*IPv4 address/s],
  ["HOST_IP=192.0.2.3/24", 3, /HOST_IP.*without \/prefix/s],
  ["LOGDIR=$(pwd)/logs", 3, /LOGDIR is what \$\(pwd\) gives, and nothing is run.*LOGDIR=/s],
  ["REGION_NAME=`hostname`", 3, /REGION_NAME is what `hostname` gives/],
  ["HERE=$(pwd)\n\nDEST=$HERE/x", 5, /DEST is what \$\(pwd\) gives/],
  ["enable_service $(cat services)", 3, /\$\(cat services\).*nothing is run/],
  ["LOGDIR=$(pwd", 3, /\$\( without its \)/],
  ["LOGDAYS=$((3+4))", 3, /arithmetic/],
  ["\nREGION_NAME='abc\n\n", 4, /quote ' .*never closed/],
  ['\n\nREGION_NAME="abc\n', 5, /quote " .*never closed/],
  ["if true; then\n  HOST_IP=bad\nfi", 3, /if … fi/],
  ["for x in a b; do\n  A=$x\ndone", 3, /for … done/],
  ["source openrc", 3, /cannot be sourced/],
  [". ./other", 3, /cannot be sourced/],
  ["foo() {\n  echo\n}", 3, /functions are not supported/],
  ["[ -f x ] && A=b", 3, /tests/],
  ["[[ -f x ]] && A=b", 3, /tests/],
  ["echo hello", 3, /"echo" is not something local\.conf can do/],
  ["enable_servce heat", 3, /"enable_servce"/],
  ["ADMIN_PASSWORD=a&b", 3, /unquoted "&".*single quotes/s],
  ["ADMIN_PASSWORD=a(b", 3, /unquoted "\("/],
  ["IMAGE_URLS=(a b", 3, /\( of this array is never closed/],
  ["if [ -f /etc/x ]; then\n  HOST_IP=bad\nfi", 3, /if … fi.*\[ \$A = b \]/s],
  ["ADMIN_PASSWORD=<password>", 3, /<password> is still a placeholder.*your own value/s],
  ["HOST_IP={your ip}", 3, /\{your ip\} is still a placeholder/],
  ["HOST_IP=[address]  # of this box", 3, /\[address\] is still a placeholder/],
  ["HOST_IP=<<IP_ADDRESS>>", 3, /<<IP_ADDRESS>> is still a placeholder/],
  ["HOST_IP='<ip>'", 3, /HOST_IP is still the placeholder <ip>.*such as/s],
  ["HOST_IP=REPLACE_WITH_IP", 3, /HOST_IP is still the placeholder REPLACE_WITH_IP/],
  ["HOST_IP=192.168.1.x", 3, /HOST_IP is still the placeholder/],
  ["HOST_IP=“192.0.2.10”", 3, /HOST_IP.*typographic quotes.*plain/s],
  ["[local|localrc]]", 3, /begins with 1 bracket, not two.*\[\[local\|localrc\]\]/s],
  ["REGION_NAME=${A:+b}", 3, /form of \$\{…\} is not supported/],
  ["REGION_NAME=${A", 3, /without its \}/],
  ["REGION_NAME=$1", 3, /special parameter \$1/],
  ["enable_service", 3, /enable_service without a service/],
  ["enable_plugin heat", 3, /enable_plugin needs a name and a URL/],
  ["enable_plugin heat http://x\nenable_plugin heat http://x", 4, /plugin "heat" is enabled twice/],
  ["FIXED_RANGE=10.0.0.0", 3, /FIXED_RANGE.*add the prefix length/s],
  ["FLOATING_RANGE=10.9.0.0/31", 3, /FLOATING_RANGE.*too small/s],
  ["FIXED_RANGE=172.24.0.0/16", 3, /FIXED_RANGE.*overlaps FLOATING_RANGE/],
  ["FIXED_RANGE=192.0.2.0/24", 3, /HOST_IP 192\.0\.2\.10 lies inside FIXED_RANGE/],
  ["FLOATING_RANGE=192.0.2.0/24", 3, /HOST_IP 192\.0\.2\.10 lies inside FLOATING_RANGE.*Q_FLOATING_ALLOCATION_POOL/s],
  [
    'FLOATING_RANGE=192.0.2.0/24\nQ_FLOATING_ALLOCATION_POOL="start=192.0.2.9,end=192.0.2.11"',
    4,
    /contains HOST_IP 192\.0\.2\.10/,
  ],
  ["NETWORK_GATEWAY=10.9.9.9", 3, /NETWORK_GATEWAY.*outside FIXED_RANGE/],
  ["NETWORK_GATEWAY=10.0.3.254", 3, /NETWORK_GATEWAY 10\.0\.3\.254.*10\.0\.0\.0\/26.*USE_SUBNETPOOL/s],
  ["FIXED_RANGE=10.8.0.0/24\nSUBNETPOOL_SIZE_V4=28\nNETWORK_GATEWAY=10.8.0.15", 5, /10\.8\.0\.1 to 10\.8\.0\.14/],
  ["IPV6_PRIVATE_NETWORK_GATEWAY=fd3a:59c1:7e04:5::1", 3, /IPV6_PRIVATE_NETWORK_GATEWAY.*outside FIXED_RANGE_V6/],
  ["IPV6_PRIVATE_NETWORK_GATEWAY=fd3a:59c1:7e04::", 3, /no host address of fd3a:59c1:7e04::\/64/],
  ["FIXED_RANGE_V6=fd00:9::/64\nIPV6_PRIVATE_NETWORK_GATEWAY=fd00:9::1", 4, /no host address of fd3a:59c1:7e04::\/64/],
  ["SUBNETPOOL_SIZE_V6=48", 3, /SUBNETPOOL_SIZE_V6 \/48 is larger than the pool/],
  ["PUBLIC_NETWORK_GATEWAY=10.9.9.9", 3, /PUBLIC_NETWORK_GATEWAY.*outside FLOATING_RANGE/],
  ["PUBLIC_NETWORK_GATEWAY=172.24.4.255", 3, /broadcast/],
  ['Q_FLOATING_ALLOCATION_POOL="start=172.24.4.10,end=172.24.5.20"', 3, /172\.24\.5\.20 lies outside FLOATING_RANGE/],
  ['Q_FLOATING_ALLOCATION_POOL="start=172.24.4.20,end=172.24.4.10"', 3, /behind its end/],
  ['Q_FLOATING_ALLOCATION_POOL="start=172.24.4.1,end=172.24.4.10"', 3, /contains the gateway/],
  ["Q_FLOATING_ALLOCATION_POOL=172.24.4.10-20", 3, /allocation pool.*start=/s],
  ["OFFLINE=maybe", 3, /OFFLINE.*"maybe".*True or False/s],
  ["API_PORT=70000", 3, /API_PORT.*1 to 65535/s],
  ["API_PORT=5000", 3, /KEYSTONE_SERVICE_PORT|API_PORT/],
  ["LOGDAYS=week", 3, /LOGDAYS.*whole number/],
  ["VOLUME_BACKING_FILE_SIZE=30X", 3, /VOLUME_BACKING_FILE_SIZE.*30G/s],
  ["VOLUME_BACKING_FILE_SIZE=0", 3, /VOLUME_BACKING_FILE_SIZE.*above 0/s],
  ["LIBVIRT_TYPE=xen", 3, /LIBVIRT_TYPE.*kvm, qemu/s],
  ["VIRT_DRIVER=bochs", 3, /VIRT_DRIVER.*libvirt, fake/s],
  ["VIRT_DRIVER=ironic", 3, /VIRT_DRIVER.*guests of that kind.*write VIRT_DRIVER=libvirt/s],
  ["VIRT_DRIVER=docker", 3, /VIRT_DRIVER.*nova-docker, .* given up.*write VIRT_DRIVER=libvirt/s],
  ["IMAGE_URLS=http://a/x.img,http://a/x.img", 3, /IMAGE_URLS names .* twice/],
  ["IMAGE_URLS=/root/x.img", 3, /IMAGE_URLS.*file:\/\/\/root\/x\.img/s],
  ["STACK_NAME=Much_Too_Long_Name", 3, /STACK_NAME.*11/s],
  ["SERVICE_HOST=http://box", 3, /SERVICE_HOST.*without protocol/s],
  ["PUBLIC_INTERFACE=a-name-that-is-too-long", 3, /PUBLIC_INTERFACE.*15 characters/s],
  ["SECURITY_GROUP_OPEN=ssh,telnet", 3, /SECURITY_GROUP_OPEN.*telnet.*tcp\/PORT/s],
  ["CINDER_ENABLED_BACKENDS=lvm", 3, /CINDER_ENABLED_BACKENDS.*lvm:lvmdriver-1/s],
  ["CINDER_ENABLED_BACKENDS=lvm:a,lvm:a", 3, /two backends named a/],
  ["IPV6_RA_MODE=dhcpv6-stateful", 3, /IPV6_RA_MODE dhcpv6-stateful.*same mode/s],
  ["HOST_IPV6=2001:db8::g", 3, /HOST_IPV6.*IPv6 address/],
  ["SERVICE_IP_VERSION=6", 3, /needs an IPv6 address.*HOST_IPV6/s],
  ["SUBNETPOOL_SIZE_V4=20", 3, /SUBNETPOOL_SIZE_V4 \/20 is larger/],
  [
    "\ndisable_service g-api\nenable_service tls-proxy",
    4,
    /compute needs image, and g-api is not enabled\n.*enable_service g-api, or disable_service nova/,
  ],
  ["ENABLED_SERVICES=key,g-api,n-api,n-cpu", 3, /compute needs network, and q-svc is not enabled/],
  [
    "disable_service key",
    3,
    /object-store, image, block-storage, network, compute, orchestration and placement need identity, and key is not enabled/,
  ],
  ["disable_all_services", 3, /no service is enabled.*enable_service key/s],
  ["ENABLED_SERVICES=", 3, /no service is enabled.*leave the list out/s],
  ["SERVICE_HOST=192.0.2.99\nENABLED_SERVICES=n-cpu", 3, /second compute node/],
  ["PUBLIC_PROVIDERNET_TYPE=vlan", 3, /PUBLIC_PROVIDERNET_SEGMENTATION_ID/],
  [
    "KEYSTONE_SSL_CERT=/a.crt\nKEYSTONE_SSL_CA=/ca.crt",
    3,
    /CERT and KEYSTONE_SSL_CA without KEYSTONE_SSL_KEY.*all three/s,
  ],
  ["[[post_config|$NOVA_CONF]]", 3, /unknown phase "post_config".*post-config/s],
  ["[[post-config $NOVA_CONF]]", 3, /tests|malformed section header/],
  ["[[local|localrc", 3, /malformed section header/],
  ["[[post-config|$NOVA_CONF]]\ncpu_allocation_ratio = 2", 4, /before any \[section\].*\[DEFAULT\]/s],
  ["[[post-config|$NOVA_CONF]]\n[DEFAULT]\n= nonsense", 5, /"= nonsense" is not an option/],
  ["[[post-config|$NOVA_CONF]]\n[quota]\ncores = $(nproc)", 5, /\[quota\] cores is what a command prints/],
  ["[[post-config|$NOVA_CONF]]\n[DEFAULT\n", 4, /malformed INI section/],
  ["[[post-config|$NOVA_CONF]]\n[DEFAULT]\ncpu_allocation_ratio = lots", 5, /cpu_allocation_ratio.*"lots".*number/s],
  ["[[post-config|$NOVA_CONF]]\n[libvirt]\nvirt_type = xen", 5, /LIBVIRT_TYPE.*kvm, qemu/s],
];

for (const [body, line, words] of mistakes) {
  test(`mistake: ${JSON.stringify(body)}`, () => {
    const problems = problemsOf(head + body);
    assert.equal(problems.length, 1, JSON.stringify(problems));
    assert.equal(problems[0]?.line, line);
    assert.equal(problems[0]?.file, "local.conf");
    assert.match(`${problems[0]?.message}\n${problems[0]?.hint}`, words);
    assert.notEqual(problems[0]?.hint, "");
  });
}

test("all mistakes of a file are reported at once, in the order of their lines", () => {
  const problems = problemsOf(`${head}HOST_IP=1\nif x; then\n  y\nfi\nOFFLINE=perhaps\nFOO BAR\nAPI_PORT=0\n`);
  assert.deepEqual(
    problems.map((problem) => problem.line),
    [3, 4, 7, 8, 9],
  );
});

test("a mistake in the environment is named as such", () => {
  const problems = problemsOf(head, { OFFLINE: "perhaps" });
  assert.equal(problems[0]?.file, null);
  assert.match(problems[0]?.message ?? "", /OFFLINE/);
});

test("a named file that does not exist is an error", () => {
  const load = () => loadSettings({ file: "missing.conf", env: {}, hostFacts: testHostFacts, cwd: "/nonexistent" });
  assert.throws(load, (cause) => cause instanceof ConfigError && /missing\.conf.*no such file/.test(cause.message));
});

test("a file that is none of ours is named for what it is", () => {
  const directory = mkdtempSync(join(tmpdir(), "tenrec-conf-"));
  try {
    const binary = join(directory, "binary.conf");
    writeFileSync(binary, Buffer.from("7f454c46020101000000000000000000", "hex"));
    for (const [file, words] of [
      [directory, /is a directory.*local\.conf/s],
      [binary, /is not a text file/],
    ] as const) {
      const load = () => loadSettings({ file, env: {}, hostFacts: testHostFacts, cwd: "/nonexistent" });
      assert.throws(load, (cause) => cause instanceof ConfigError && words.test(cause.message));
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("a host without a usable address must be told one", () => {
  const facts = { ...testHostFacts, addresses: [] };
  const load = () => loadSettings({ env: {}, hostFacts: facts, cwd: "/nonexistent", text: head });
  assert.throws(load, /HOST_IP cannot be detected/);
});
