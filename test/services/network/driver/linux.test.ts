import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { after, before, describe, it } from "node:test";
import {
  bridgeName,
  type DesiredFirewall,
  dhcpNamespace,
  type MetadataSource,
  routerNamespace,
} from "../../../../src/services/network/driver/driver.ts";
import { FakeNetworkDriver } from "../../../../src/services/network/driver/fake.ts";
import {
  CHATTER,
  CONNECT,
  ECHO,
  egressAll,
  foot,
  group,
  Lab,
  network,
  portOf,
  router,
  rule,
  subnet,
  tcp,
  ticks,
  until,
  untilSent,
} from "./lab.ts";

const root = process.getuid?.() === 0;

/** One of whom only the rules matter. */
const guestOf = (networkId: string, number: number) => {
  const mac = `fa:16:3e:07:00:${number.toString(16)}`;
  return { namespace: "", portId: randomUUID(), networkId, tap: "", mac };
};

describe("the Linux network driver", { skip: root ? false : "needs root" }, () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.start();
  });
  after(() => lab.stop());

  it("leases addresses with all options, isolated and routed", async () => {
    const sub = subnet("10.1.0.0/24", "10.1.0.1", {
      dnsNameservers: ["9.9.9.9", "8.8.8.8"],
      hostRoutes: [{ destination: "10.9.0.0/16", nexthop: "10.1.0.9" }],
    });
    const net = network([sub]);
    await lab.driver.applyNetwork(net);
    const guest = await lab.guest(net, "10.1.0.5", { dhcp: true });
    const open = group(egressAll());
    const firewall = { ports: [portOf(guest, [open.id])], groups: [open] };
    await lab.driver.applyFirewall(firewall);
    assert.equal(await lab.dhcp(guest, 1_500), null, "no lease for an unknown MAC");
    const lease = {
      portId: guest.portId,
      mac: guest.mac,
      hostname: "host-10-1-0-5",
      fixedIps: [{ subnetId: sub.id, address: guest.address, prefixLength: 24 }],
      formerGuests: 0,
      options: [{ name: "bootfile-name", value: "pxelinux.0", ipVersion: 4 as const }],
    };
    await lab.driver.applyNetwork({ ...net, leases: [lease] });
    const got = await lab.dhcp(guest);
    assert.ok(got !== null, "a lease");
    assert.equal(got.address, "10.1.0.5");
    assert.equal(got.mask, "255.255.255.0");
    assert.equal(got.mtu, 1450);
    assert.equal(got.domain, "openstacklocal");
    assert.equal(got.dns, "9.9.9.9.8.8.8.8");
    assert.deepEqual(got.routes, ["10.9.0.0/16 10.1.0.9", "169.254.169.254/32 10.1.0.2", "0.0.0.0/0 10.1.0.1"]);
    const one = router({ interfaces: [foot(net)] });
    await lab.driver.applyRouter(one);
    const routed = await lab.dhcp(guest);
    assert.deepEqual(routed?.routes, ["10.9.0.0/16 10.1.0.9", "0.0.0.0/0 10.1.0.1"]);
    // The address goes to another port: the lease of the former one must not be in the way.
    const other = await lab.guest(net, "10.1.0.5", { dhcp: true });
    await lab.driver.applyFirewall({ ports: [portOf(other, [open.id])], groups: [open] });
    await lab.driver.applyNetwork({
      ...net,
      leases: [{ ...lease, portId: other.portId, mac: other.mac, options: [] }],
    });
    assert.equal((await lab.dhcp(other))?.address, "10.1.0.5");
    await lab.driver.removeRouter(one.id);
    await lab.driver.removeNetwork(net.id);
    assert.equal((await lab.plain.run("ip", ["netns", "list"])).stdout.includes(dhcpNamespace(net.id)), false);
    const links = await lab.run(lab.box, "ip", "link");
    assert.equal(links.includes(bridgeName(net.id)), false);
  });

  it("routes, translates, floats, hairpins and forwards", async () => {
    const publicSubnet = subnet("172.24.4.0/24", "172.24.4.1", { enableDhcp: false });
    const ext = network([publicSubnet], { external: true, dhcp: null, mtu: 1500 });
    const one = network([subnet("10.2.0.0/24", "10.2.0.1", { enableDhcp: false })], { dhcp: null });
    const two = network([subnet("10.2.1.0/24", "10.2.1.1", { enableDhcp: false })], { dhcp: null });
    for (const net of [ext, one, two]) await lab.driver.applyNetwork(net);
    const gateway = { ...foot(ext, "172.24.4.100"), enableSnat: true, defaultGateways: ["172.24.4.1"] };
    const base = router({ gateway, interfaces: [foot(one), foot(two)] });
    await lab.driver.applyRouter(base);
    const out = await lab.outside("172.24.4.200");
    const [a, b, c] = [
      await lab.guest(one, "10.2.0.5"),
      await lab.guest(one, "10.2.0.6"),
      await lab.guest(two, "10.2.1.5"),
    ];
    const all = group([...egressAll(), rule("ingress")]);
    await lab.driver.applyFirewall({ ports: [a, b, c].map((guest) => portOf(guest, [all.id])), groups: [all] });
    assert.ok(await lab.ping(a.namespace, "10.2.0.1"), "its gateway");
    assert.ok(await lab.ping(a.namespace, "10.2.1.5"), "the other network, through the router");
    assert.ok(await lab.ping(a.namespace, "172.24.4.200"), "outside, translated");
    assert.ok(await lab.ping(a.namespace, "172.24.4.1"), "the box's public gateway");
    const own = { id: randomUUID(), address: "172.24.4.10", fixedAddress: "10.2.0.5" };
    const floating = { ...base, floatingIps: [own] };
    await lab.driver.applyRouter(floating);
    assert.ok(await lab.ping(out, "172.24.4.10"), "floating IP from outside");
    assert.ok(await lab.ping(b.namespace, "172.24.4.10"), "a neighbour's floating IP");
    assert.ok(await lab.ping(a.namespace, "172.24.4.10"), "its own floating IP");
    const who = lab.background(
      a.namespace,
      `import net from "node:net"; net.createServer((s) => { console.log("from " + s.remoteAddress); s.end(); }).listen(7000, () => console.log("ready"));`,
    );
    await until("server", () => who.lines.includes("ready"));
    assert.equal((await lab.script(out, CONNECT, "172.24.4.10", "7000"))?.trim(), "connected");
    await until("the outside's own address is seen", () => who.lines.some((line) => line.includes("172.24.4.200")));
    // A connection of the guest itself is seen from its floating IP.
    const seen = lab.background(
      out,
      `import net from "node:net"; net.createServer((s) => { console.log("from " + s.remoteAddress); s.end(); }).listen(7001, () => console.log("ready"));`,
    );
    await until("server", () => seen.lines.includes("ready"));
    await lab.script(a.namespace, CONNECT, "172.24.4.200", "7001");
    await until("seen as the floating IP", () => seen.lines.some((line) => line.includes("172.24.4.10")));
    // It moves to b: open connections to a are cut, new ones reach b.
    const chat = lab.background(a.namespace, ECHO, "7002");
    await until("echo", () => chat.lines.includes("ready"));
    const client = lab.background(out, CHATTER, "172.24.4.10", "7002");
    await until("ticks", () => ticks(client) > 2);
    await lab.driver.applyRouter({
      ...floating,
      floatingIps: [{ ...own, fixedAddress: "10.2.0.6" }],
    });
    const after = ticks(client);
    await until("cut", () => client.lines.some((line) => line.startsWith("error")), 5_000).catch(() => undefined);
    assert.ok(ticks(client) <= after + 1, "the old connection is cut");
    assert.ok(await lab.ping(out, "172.24.4.10"), "it answers still, from b");
    // Port forwarding.
    const forwards = [
      {
        protocol: "tcp" as const,
        externalAddress: "172.24.4.11",
        externalPort: "2222",
        internalAddress: "10.2.0.5",
        internalPort: "7002",
      },
    ];
    await lab.driver.applyRouter({ ...base, portForwardings: forwards });
    assert.equal((await lab.script(out, CONNECT, "172.24.4.11", "2222"))?.trim(), "connected");
    assert.equal(await lab.script(out, CONNECT, "172.24.4.10", "7002"), null, "the floating IP is gone");
    // Without SNAT inner addresses go out as they are; nothing comes back here.
    await lab.driver.applyRouter({ ...base, gateway: { ...gateway, enableSnat: false } });
    assert.equal(await lab.ping(b.namespace, "172.24.4.200"), false);
    await lab.run(out, "ip", "route", "add", "10.2.0.0/24", "via", "172.24.4.100");
    assert.ok(await lab.ping(b.namespace, "172.24.4.200"), "routed without translation");
    await lab.driver.removeRouter(base.id);
    for (const net of [one, two]) await lab.driver.removeNetwork(net.id);
  });

  it("keeps two networks of the same range apart, and enforces security groups at once", async () => {
    const make = () => network([subnet("10.3.0.0/24", "10.3.0.1", { enableDhcp: false })], { dhcp: null });
    const [mine, theirs] = [make(), make()];
    for (const net of [mine, theirs]) await lab.driver.applyNetwork(net);
    const server = await lab.guest(mine, "10.3.0.5");
    const client = await lab.guest(mine, "10.3.0.6");
    const twin = await lab.guest(theirs, "10.3.0.6");
    const stranger = await lab.guest(theirs, "10.3.0.7");
    const plain = group(egressAll());
    const web = group([...egressAll(), tcp(8000)]);
    const ports = [
      portOf(server, [web.id]),
      portOf(client, [plain.id]),
      portOf(twin, [plain.id]),
      portOf(stranger, [plain.id]),
    ];
    const before: DesiredFirewall = { ports, groups: [plain, web] };
    await lab.driver.applyFirewall(before);
    const echo = lab.background(server.namespace, ECHO, "8000");
    const closed = lab.background(server.namespace, ECHO, "8001");
    await until("servers", () => echo.lines.includes("ready") && closed.lines.includes("ready"));
    assert.equal((await lab.script(client.namespace, CONNECT, "10.3.0.5", "8000"))?.trim(), "connected");
    assert.equal(await lab.script(client.namespace, CONNECT, "10.3.0.5", "8001"), null, "a port without a rule");
    assert.equal(await lab.script(twin.namespace, CONNECT, "10.3.0.5", "8000"), null, "the other network");
    assert.equal(await lab.ping(twin.namespace, "10.3.0.7"), false, "no ICMP rule");
    assert.equal(await lab.ping(client.namespace, "10.3.0.5"), false, "no ICMP rule");
    const ping = rule("ingress", { protocol: "icmp", portRangeMin: 8, portRangeMax: 0 });
    const pingable = { ...web, rules: [...web.rules, ping] };
    await lab.driver.applyFirewall({ ports, groups: [plain, pingable] });
    assert.ok(await lab.ping(client.namespace, "10.3.0.5"), "the rule holds at once");
    const chat = lab.background(client.namespace, CHATTER, "10.3.0.5", "8000");
    await until("ticks", () => ticks(chat) > 2);
    // A change that does not concern the connection leaves it alone.
    await lab.driver.applyFirewall({ ports, groups: [plain, web] });
    const count = ticks(chat);
    await until("more ticks", () => ticks(chat) > count + 2);
    const started = performance.now();
    await lab.driver.applyFirewall({ ports, groups: [plain, { ...web, rules: egressAll() }] });
    const cut = performance.now() - started;
    const then = ticks(chat);
    await untilSent(chat, 6);
    assert.ok(ticks(chat) <= then + 1, `cut at once (${Math.round(cut)} ms), came ${ticks(chat) - then}`);
    // Remote groups: only members.
    const members = group(egressAll(), ["10.3.0.6"]);
    const onlyMembers = { ...web, rules: [...egressAll(), tcp(8000, { remoteGroupId: members.id })] };
    const withMember = [portOf(server, [web.id]), portOf(client, [members.id]), ...ports.slice(2)];
    await lab.driver.applyFirewall({ ports: withMember, groups: [plain, onlyMembers, members] });
    assert.equal((await lab.script(client.namespace, CONNECT, "10.3.0.5", "8000"))?.trim(), "connected");
    lab.exec.counts.clear();
    await lab.driver.applyFirewall({
      ports: withMember,
      groups: [plain, onlyMembers, { ...members, memberAddresses: [] }],
    });
    assert.equal(lab.exec.counts.get("iptables-nft-restore"), undefined, "a member less is no change of rules");
    assert.equal(await lab.script(client.namespace, CONNECT, "10.3.0.5", "8000"), null);
    for (const net of [mine, theirs]) await lab.driver.removeNetwork(net.id);
  });

  it("lets an answer in to a port of a stateless group only by a rule of its own", async () => {
    const net = network([subnet("10.13.0.0/24", "10.13.0.1", { enableDhcp: false })], { dhcp: null });
    await lab.driver.applyNetwork(net);
    const [one, other] = [await lab.guest(net, "10.13.0.5"), await lab.guest(net, "10.13.0.6")];
    const icmp = { protocol: "icmp" };
    const [out, both] = [group(egressAll()), group([...egressAll(), rule("ingress", icmp)])];
    const apply = (mine: typeof out, stateless: boolean) =>
      lab.driver.applyFirewall({
        ports: [portOf(one, [mine.id], { stateless }), portOf(other, [both.id])],
        groups: mine === both ? [both] : [mine, both],
      });
    await apply(out, false);
    assert.ok(await lab.ping(one.namespace, "10.13.0.6"), "connections are followed");
    await apply(out, true);
    assert.equal(await lab.ping(one.namespace, "10.13.0.6"), false, "they are not");
    await apply(both, true);
    assert.ok(await lab.ping(one.namespace, "10.13.0.6"), "a rule lets the answer in");
  });

  it("drops spoofed MAC, IP and ARP, and shuts unknown taps", async () => {
    const net = network([subnet("10.4.0.0/24", "10.4.0.1", { enableDhcp: false })], { dhcp: null });
    await lab.driver.applyNetwork(net);
    const [bad, good] = [await lab.guest(net, "10.4.0.5"), await lab.guest(net, "10.4.0.6")];
    const all = group([...egressAll(), rule("ingress"), rule("ingress", { ethertype: "IPv6" })]);
    assert.equal(await lab.ping(bad.namespace, "10.4.0.6"), false, "no port, no packet");
    await lab.driver.applyFirewall({ ports: [portOf(bad, [all.id]), portOf(good, [all.id])], groups: [all] });
    assert.ok(await lab.ping(bad.namespace, "10.4.0.6"));
    const neighbours = () => lab.run(good.namespace, "ip", "neigh");
    // IP and ARP: an address that is not its own, with the neighbour's MAC known already.
    await lab.run(bad.namespace, "ip", "address", "add", "10.4.0.99/24", "dev", "eth0");
    await lab.run(good.namespace, "ip", "neigh", "replace", "10.4.0.99", "lladdr", bad.mac, "dev", "eth0");
    await lab.run(bad.namespace, "ip", "neigh", "replace", "10.4.0.6", "lladdr", good.mac, "dev", "eth0");
    assert.equal(await lab.ping(bad.namespace, "10.4.0.6", "-I", "10.4.0.99"), false, "spoofed IP");
    await lab.run(good.namespace, "ip", "neigh", "del", "10.4.0.99", "dev", "eth0");
    assert.equal(await lab.ping(good.namespace, "10.4.0.99"), false);
    assert.doesNotMatch(await neighbours(), /10\.4\.0\.99.*lladdr/, "its ARP answer for a foreign address was dropped");
    // An allowed address pair makes it legal.
    const pair = [{ mac: bad.mac, cidr: "10.4.0.96/29" }];
    await lab.driver.applyFirewall({
      ports: [portOf(bad, [all.id], { allowedAddressPairs: pair }), portOf(good, [all.id])],
      groups: [all],
    });
    assert.ok(await lab.ping(good.namespace, "10.4.0.99"), "an allowed pair");
    // MAC.
    await lab.run(bad.namespace, "ip", "link", "set", "eth0", "address", "fa:16:3e:66:66:66");
    assert.equal(await lab.ping(bad.namespace, "10.4.0.6", "-I", "10.4.0.5"), false, "spoofed MAC");
    await lab.run(bad.namespace, "ip", "link", "set", "eth0", "address", bad.mac);
    await until("the true MAC", () => lab.ping(bad.namespace, "10.4.0.6", "-I", "10.4.0.5"));
    // Port security off: anything goes.
    await lab.driver.applyFirewall({
      ports: [portOf(bad, [], { portSecurityEnabled: false }), portOf(good, [all.id])],
      groups: [all],
    });
    await lab.run(bad.namespace, "ip", "address", "add", "10.4.0.77/24", "dev", "eth0");
    assert.ok(await lab.ping(bad.namespace, "10.4.0.6", "-I", "10.4.0.77"), "without port security");
    // The box itself is nobody's neighbour.
    await lab.run(good.namespace, "ip", "route", "replace", "172.24.4.1/32", "dev", "eth0");
    assert.equal(await lab.ping(good.namespace, "172.24.4.1"), false, "the box's address through a guest's bridge");
    await lab.driver.removeNetwork(net.id);
  });

  it("does neighbour discovery, advertisement and anti-spoofing for IPv6", async () => {
    const sub = subnet("fd00:5::/64", "fd00:5::1", { ipv6AddressMode: "slaac", ipv6RaMode: "slaac" });
    const net = network([sub], { dhcp: null });
    await lab.driver.applyNetwork(net);
    const one = router({
      interfaces: [{ ...foot(net), advertise: [{ cidr: sub.cidr, mode: "slaac", dnsNameservers: [] }] }],
    });
    await lab.driver.applyRouter(one);
    const make = async (last: string) => {
      const guest = await lab.guest(net, "10.5.0.9", { dhcp: true });
      return { ...guest, address: last };
    };
    const slaac = (mac: string) => {
      const [a = "", b = "", c = "", d = "", e = "", f = ""] = mac.split(":");
      return `fd00:5::${(Number.parseInt(a, 16) ^ 2).toString(16)}${b}:${c}ff:fe${d}:${e}${f}`;
    };
    const [a, b] = [await make(""), await make("")];
    const all = group([...egressAll(), rule("ingress", { ethertype: "IPv6", protocol: "icmp" })]);
    const port = (guest: typeof a) => portOf({ ...guest, address: slaac(guest.mac) }, [all.id]);
    await lab.driver.applyFirewall({ ports: [port(a), port(b)], groups: [all] });
    const has = async (guest: typeof a) => {
      const words = await lab.run(
        guest.namespace,
        "ip",
        "-6",
        "-json",
        "address",
        "show",
        "dev",
        "eth0",
        "scope",
        "global",
      );
      const [link] = JSON.parse(words) as { addr_info?: { local?: string; tentative?: boolean }[] }[];
      return (
        link?.addr_info?.some(({ tentative, local }) => tentative !== true && local?.startsWith("fd00:5")) ?? false
      );
    };
    // The guests asked before their port was there: let them ask again.
    for (const guest of [a, b]) {
      await lab.run(guest.namespace, "ip", "link", "set", "eth0", "down");
      await lab.run(guest.namespace, "ip", "link", "set", "eth0", "up");
    }
    await until("an address by advertisement", async () => (await has(a)) && (await has(b)), 20_000);
    assert.ok(await lab.ping(a.namespace, slaac(b.mac)), "the neighbour");
    assert.ok(await lab.ping(a.namespace, "fd00:5::1"), "the router");
    assert.match(await lab.run(a.namespace, "ip", "-6", "route"), /default via fe80/);
    await lab.run(a.namespace, "ip", "address", "add", "fd00:5::99/64", "dev", "eth0", "nodad");
    assert.equal(await lab.ping(b.namespace, "fd00:5::99"), false, "a foreign address is not found");
    assert.equal(await lab.ping(a.namespace, slaac(b.mac), "-I", "fd00:5::99"), false, "nor can it be a source");
    await lab.driver.removeRouter(one.id);
    await lab.driver.removeNetwork(net.id);
  });

  it("serves DHCPv6 in both modes beside IPv4", async () => {
    const modes = { ipv6AddressMode: "dhcpv6-stateful", ipv6RaMode: "dhcpv6-stateful" } as const;
    const stateless = { ipv6AddressMode: "dhcpv6-stateless", ipv6RaMode: "dhcpv6-stateless" } as const;
    const subnets = [
      subnet("10.5.0.0/24", "10.5.0.1"),
      subnet("fd00:6::/64", "fd00:6::1", { ...modes, dnsNameservers: ["2001:4860:4860::8888"] }),
      subnet("fd00:7::/64", "fd00:7::1", stateless),
    ];
    const net = network(subnets);
    const fixedIps = [
      { subnetId: subnets[0]?.id ?? "", address: "10.5.0.5", prefixLength: 24 },
      { subnetId: subnets[1]?.id ?? "", address: "fd00:6::5", prefixLength: 64 },
    ];
    const options = [{ name: "ntp-server", value: "fd00:6::9", ipVersion: 6 as const }];
    const lease = {
      portId: randomUUID(),
      mac: "fa:16:3e:00:00:05",
      hostname: "host-10-5-0-5",
      fixedIps,
      formerGuests: 0,
      options,
    };
    // dnsmasq ends with an error for a line that it does not understand.
    await lab.driver.applyNetwork({ ...net, leases: [lease] });
    const advertise = subnets
      .slice(1)
      .map(({ cidr, dnsNameservers, ipv6RaMode }) => ({ cidr, dnsNameservers, mode: ipv6RaMode ?? "slaac" }));
    const one = router({ interfaces: [{ ...foot(net), advertise }] });
    await lab.driver.applyRouter(one);
    for (const key of [net.id, `ra-${one.id}`]) {
      const directory = `${lab.directory}/dhcp/${key}`;
      assert.ok((await lab.exec.readPidFile(`${directory}/pid`, directory)) !== null, key);
    }
    const sockets = await lab.run(dhcpNamespace(net.id), "ss", "-lun");
    assert.match(sockets, /:547/);
    await lab.driver.removeRouter(one.id);
    await lab.driver.removeNetwork(net.id);
  });

  it("answers metadata with an identity that cannot be forged", async () => {
    const http = createServer((request, response) => {
      const source = sources.get(request.socket);
      response.end(JSON.stringify({ ...source, header: request.headers["x-forwarded-for"] ?? null }));
    });
    const sources = new WeakMap<object, MetadataSource>();
    lab.driver.serveMetadata((socket, source) => {
      sources.set(socket, source);
      http.emit("connection", socket);
    });
    const get = `const r = await fetch("http://169.254.169.254/", { headers: { "x-forwarded-for": "10.6.0.6", "x-instance-id": "x" }, signal: AbortSignal.timeout(3000) }); console.log(await r.text()); process.exit(0);`;
    const make = () => network([subnet("10.6.0.0/24", "10.6.0.1")]);
    const [routed, isolated] = [make(), make()];
    for (const net of [routed, isolated]) await lab.driver.applyNetwork(net);
    const one = router({ interfaces: [foot(routed)] });
    await lab.driver.applyRouter(one);
    const a = await lab.guest(routed, "10.6.0.5");
    const b = await lab.guest(isolated, "10.6.0.5");
    await lab.run(b.namespace, "ip", "route", "add", "169.254.169.254/32", "via", "10.6.0.2");
    const open = group(egressAll());
    await lab.driver.applyFirewall({ ports: [portOf(a, [open.id]), portOf(b, [open.id])], groups: [open] });
    let answer: string | null = null;
    await until("through the router", async () => {
      answer = await lab.script(a.namespace, get);
      return answer !== null;
    });
    assert.deepEqual(JSON.parse(answer ?? ""), { kind: "router", id: one.id, address: "10.6.0.5", header: "10.6.0.6" });
    await until("through the DHCP server", async () => {
      answer = await lab.script(b.namespace, get);
      return answer !== null;
    });
    assert.deepEqual(JSON.parse(answer ?? ""), {
      kind: "network",
      id: isolated.id,
      address: "10.6.0.5",
      header: "10.6.0.6",
    });
    // As its neighbour.
    await lab.run(a.namespace, "ip", "address", "add", "10.6.0.6/24", "dev", "eth0");
    await lab.run(a.namespace, "ip", "route", "replace", "default", "via", "10.6.0.1", "src", "10.6.0.6");
    assert.equal(await lab.script(a.namespace, get), null, "not with another's address");
    await lab.driver.removeRouter(one.id);
    for (const net of [routed, isolated]) await lab.driver.removeNetwork(net.id);
    http.close();
  });

  it("applies 100 ports with one restore per family, and nothing when nothing changed", async () => {
    const net = network([subnet("10.7.0.0/24", "10.7.0.1", { enableDhcp: false })], { dhcp: null });
    await lab.driver.applyNetwork(net);
    const groups = Array.from({ length: 10 }, () =>
      group([...egressAll(), ...Array.from({ length: 50 }, (_, index) => tcp(1000 + index))]),
    );
    const ports = Array.from({ length: 100 }, (_, index) => {
      const guest = { ...guestOf(net.id, index + 16), address: `10.7.0.${index + 10}` };
      return portOf(guest, [groups[index % 10]?.id ?? ""]);
    });
    lab.exec.counts.clear();
    const start = performance.now();
    await lab.driver.applyFirewall({ ports, groups });
    const first = performance.now() - start;
    assert.equal(lab.exec.counts.get("iptables-nft-restore"), 1);
    assert.equal(lab.exec.counts.get("ip6tables-nft-restore"), 1);
    const again = performance.now();
    lab.exec.counts.clear();
    await lab.driver.applyFirewall({ ports, groups });
    assert.equal(lab.exec.counts.get("iptables-nft-restore"), undefined);
    const idle = performance.now() - again;
    const third = performance.now();
    const [head = group([]), ...tail] = groups;
    const changed = [{ ...head, rules: [...head.rules, tcp(5000)] }, ...tail];
    await lab.driver.applyFirewall({ ports, groups: changed });
    const one = performance.now() - third;
    console.log(
      `# 100 ports × 50 rules: first ${Math.round(first)} ms, unchanged ${Math.round(idle)} ms, one rule more ${Math.round(one)} ms`,
    );
    const more = portOf({ ...guestOf(net.id, 200), address: "10.7.0.200" }, [head.id]);
    lab.exec.characters = 0;
    await lab.driver.applyFirewall({ ports: [...ports, more], groups: changed });
    const besideMany = lab.exec.characters;
    await lab.driver.applyFirewall({ ports: [], groups: [group([])] });
    lab.exec.characters = 0;
    const bare = { ...head, rules: [] };
    await lab.driver.applyFirewall({ ports: [more], groups: [bare] });
    assert.ok(besideMany < lab.exec.characters * 1.2, `${besideMany} beside 100, ${lab.exec.characters} alone`);
    const { stdout } = await lab.plain.run("nft", ["list", "table", "bridge", "tenrec"], { netns: lab.box });
    const sets = stdout.split("\n").filter((line) => /\{ .+ \}/.test(line));
    assert.equal(sets.length, 4 + 2, "no set of its own in a port's chains: nft reads them all at each change");
    await lab.driver.applyFirewall({ ports: [], groups: [] });
    await lab.driver.removeNetwork(net.id);
  });

  it("a lease more is the DHCP server's alone, and what was damaged comes back with all of it", async () => {
    const net = network([subnet("10.12.0.0/24", "10.12.0.1")]);
    await lab.driver.applyNetwork(net);
    const fixedIps = [{ subnetId: net.subnets[0]?.id ?? "", address: "10.12.0.5", prefixLength: 24 }];
    const lease = {
      portId: randomUUID(),
      mac: "fa:16:3e:0c:00:05",
      hostname: "h",
      fixedIps,
      formerGuests: 0,
      options: [],
    };
    lab.exec.counts.clear();
    await lab.driver.applyNetwork({ ...net, leases: [lease] });
    assert.deepEqual([...lab.exec.counts.keys()], ["dnsmasq"]);
    await lab.run(lab.box, "ip", "link", "del", bridgeName(net.id));
    await lab.driver.inspect();
    assert.ok((await lab.run(lab.box, "ip", "link")).includes(bridgeName(net.id)));
    await lab.driver.removeNetwork(net.id);
  });

  it("notices damage and mends it", async () => {
    const net = network([subnet("10.8.0.0/24", "10.8.0.1")]);
    await lab.driver.applyNetwork(net);
    const one = router({ interfaces: [foot(net)] });
    await lab.driver.applyRouter(one);
    const [a, b] = [await lab.guest(net, "10.8.0.5"), await lab.guest(net, "10.8.0.6")];
    const open = group([...egressAll(), rule("ingress", { protocol: "icmp" })]);
    await lab.driver.applyFirewall({ ports: [portOf(a, [open.id]), portOf(b, [open.id])], groups: [open] });
    const seen: string[] = [];
    let failed = 0;
    const off = lab.driver.onDamage(({ kind, repaired, what }) => {
      lab.notes.push(what);
      if (!repaired) failed += 1;
      seen.push(`${kind} ${repaired}`);
    });
    await lab.driver.inspect();
    assert.deepEqual(seen, [], `nothing is wrong: ${lab.notes}`);
    await lab.run(lab.box, "iptables-nft", "-F");
    await lab.run(lab.box, "nft", "delete", "table", "bridge", "tenrec");
    await lab.run(routerNamespace(one.id), "iptables-nft", "-F", "INPUT");
    const directory = `${lab.directory}/dhcp/${net.id}`;
    const pid = await lab.exec.readPidFile(`${directory}/pid`, directory);
    assert.ok(pid !== null);
    await lab.exec.stop(pid);
    await lab.driver.inspect();
    assert.deepEqual(seen.sort(), ["firewall true", "network true", "router true"]);
    assert.ok(await lab.ping(a.namespace, "10.8.0.6"));
    assert.ok((await lab.exec.readPidFile(`${directory}/pid`, directory)) !== null, "dnsmasq runs again");
    await lab.plain.run("ip", ["netns", "del", dhcpNamespace(net.id)]);
    await lab.plain.run("ip", ["netns", "del", routerNamespace(one.id)]);
    await lab.driver.inspect();
    assert.ok(await lab.ping(a.namespace, "10.8.0.1"), "the router is back");
    assert.ok(await lab.ping(a.namespace, "10.8.0.2"), "the DHCP server is back");
    // With its bridge the network loses everything that was plugged in, guests' interfaces too.
    await lab.run(lab.box, "ip", "link", "del", bridgeName(net.id));
    await lab.driver.inspect();
    assert.ok(await lab.ping(a.namespace, "10.8.0.6"), "guests are in the bridge again");
    assert.ok(await lab.ping(a.namespace, "10.8.0.1"), "the router too");
    assert.ok(await lab.ping(a.namespace, "10.8.0.2"), "and the DHCP server");
    await lab.run(lab.box, "ip", "link", "set", b.tap, "nomaster");
    await lab.driver.inspect();
    assert.ok(await lab.ping(a.namespace, "10.8.0.6"), "one that was taken out is back");
    assert.equal(failed, 0, `all mended: ${lab.notes}`);
    // While nothing is told to have changed, a look costs no process; what it sees by itself it still mends.
    const quiet = { links: false, rules: false, routerRules: Number.NaN };
    lab.exec.counts.clear();
    await lab.driver.inspect(quiet);
    assert.deepEqual([...lab.exec.counts], []);
    const server = await lab.exec.readPidFile(`${directory}/pid`, directory);
    assert.ok(server !== null);
    await lab.exec.stop(server);
    await lab.driver.inspect(quiet);
    assert.ok((await lab.exec.readPidFile(`${directory}/pid`, directory)) !== null, "dnsmasq runs again");
    seen.length = 0;
    await lab.driver.inspect();
    assert.deepEqual(seen, []);
    // A tap that is just being plugged when it is looked at is no damage.
    await lab.run(lab.box, "ip", "link", "set", b.tap, "nomaster");
    lab.exec.counts.clear();
    const look = lab.driver.inspect({ ...quiet, links: true });
    // One look at the links for networks, routers and bridges; the next is for taps.
    await until("the look at taps", () => (lab.exec.counts.get("ip") ?? 0) >= 2);
    await lab.run(lab.box, "ip", "link", "set", b.tap, "master", bridgeName(net.id));
    await look;
    assert.deepEqual(seen, []);
    off();
    // A restarted program applies the same: connections stay, zones stay.
    const zone = await lab.run(lab.box, "ip", "-N", "-json", "link", "show", "dev", bridgeName(net.id));
    const again = lab.newDriver();
    await again.start();
    await again.applyNetwork(net);
    await again.applyRouter(one);
    await again.applyFirewall({ ports: [portOf(a, [open.id]), portOf(b, [open.id])], groups: [open] });
    assert.equal(
      JSON.parse(await lab.run(lab.box, "ip", "-N", "-json", "link", "show", "dev", bridgeName(net.id)))[0].group,
      JSON.parse(zone)[0].group,
    );
    assert.ok(await lab.ping(a.namespace, "10.8.0.6"));
    await again.prune({ networkIds: new Set(), routerIds: new Set() });
    assert.deepEqual(lab.ledger.list({ ownerPrefix: "router:" }), []);
    await again.stop();
  });
});

it("the fake keeps what was applied", async () => {
  const fake = new FakeNetworkDriver();
  const net = network([]);
  await fake.applyNetwork(net);
  assert.deepEqual(fake.bridges(), [bridgeName(net.id)]);
  await fake.prune({ networkIds: new Set(), routerIds: new Set() });
  assert.equal(fake.networks.size, 0);
});
