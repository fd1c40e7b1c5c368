import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
  type DesiredSubnet,
  dhcpNamespace,
  type MetadataSource,
  routerNamespace,
} from "../../../../src/services/network/driver/driver.ts";
import { egressAll, foot, type Guest, group, Lab, network, portOf, router, subnet, until } from "./lab.ts";

const root = process.getuid?.() === 0;

/** Asks for metadata at the link-local address, on the guest's interface; prints the body. */
const ASK = `
import net from "node:net";
const [localAddress] = process.argv.slice(-1).filter((one) => one.includes(":"));
const s = net.connect({ host: "fe80::a9fe:a9fe%eth0", port: 80, localAddress }, () => s.write("GET / HTTP/1.0\\r\\n\\r\\n"));
let text = "";
s.on("data", (d) => { text += d; });
s.on("end", () => process.stdout.write(text.split("\\r\\n\\r\\n")[1] ?? "", () => process.exit(0)));
s.on("error", () => process.exit(1)); setTimeout(() => process.exit(2), 2000);`;

describe("IPv6 for guests, with a client of their own", { skip: root ? false : "needs root" }, () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.start();
  });
  after(() => lab.stop());

  const linkLocal = (guest: Guest) =>
    until("its own link-local address", async () => {
      const text = await lab.run(guest.namespace, "ip", "-6", "-o", "address", "show", "dev", "eth0", "scope", "link");
      return text !== "" && !text.includes("tentative");
    });

  /** A network with one IPv6 subnet in the given mode, a router that advertises it, and a guest on it. */
  const make = async (mode: "slaac" | "dhcpv6-stateful" | "dhcpv6-stateless", prefix: string) => {
    const more: Partial<DesiredSubnet> = { ipv6AddressMode: mode, ipv6RaMode: mode, dnsNameservers: [`${prefix}::53`] };
    const sub = subnet(`${prefix}::/64`, `${prefix}::1`, more);
    const net = network([sub]);
    await lab.driver.applyNetwork(net);
    const advertise = [{ cidr: sub.cidr, mode, dnsNameservers: sub.dnsNameservers }];
    const one = router({ interfaces: [{ ...foot(net), advertise }] });
    const guest = await lab.guest(net, `${prefix}::5`, { dhcp: true });
    const fixedIps = [{ subnetId: sub.id, address: guest.address, prefixLength: 64 }];
    const open = group(egressAll());
    await lab.driver.applyFirewall({ ports: [portOf(guest, [open.id], { fixedIps })], groups: [open] });
    const options = [{ name: "sntp-server", value: `[${prefix}::9]`, ipVersion: 6 as const }];
    const { portId, mac } = guest;
    const lease = { portId, mac, hostname: "host-5", fixedIps, formerGuests: 0, options };
    await lab.driver.applyNetwork({ ...net, leases: [lease] });
    await lab.driver.applyRouter(one);
    const remove = async () => {
      await lab.driver.removeRouter(one.id);
      await lab.driver.removeNetwork(net.id);
    };
    await linkLocal(guest);
    return { guest, net, one, lease, remove };
  };
  const global = (guest: Guest) =>
    lab.run(guest.namespace, "ip", "-6", "-o", "address", "show", "dev", "eth0", "scope", "global");
  const hasRoute = (guest: Guest) =>
    until("a default route by advertisement", async () =>
      /^default via fe80:.* proto ra /m.test(await lab.run(guest.namespace, "ip", "-6", "route")),
    );

  it("stateful: the port's own address, name servers, domain and options by DHCPv6; the route by advertisement, and no other address", async () => {
    const { guest, remove } = await make("dhcpv6-stateful", "fd00:a");
    assert.deepEqual(await lab.dhcp6(guest, "stateful"), {
      address: "fd00:a::5",
      dns: ["fd00:a::53"],
      domain: "openstacklocal",
      ntp: ["fd00:a::9"],
    });
    await hasRoute(guest);
    assert.equal(await global(guest), "", "no address by advertisement");
    await remove();
  });

  it("stateful: an address is its next owner's at once, and a rebuilt guest's; leases of all others last", async () => {
    const { guest, net, lease, remove } = await make("dhcpv6-stateful", "fd00:e");
    const asked = async (who: Guest, uuid: string) => (await lab.dhcp6(who, "stateful", uuid))?.address;
    const [first, rebuilt, next] = [randomUUID(), randomUUID(), randomUUID()];
    assert.equal(await asked(guest, first), "fd00:e::5");
    assert.equal(await asked(guest, rebuilt), null, "dnsmasq refuses it to another client");
    await lab.driver.applyNetwork({ ...net, leases: [{ ...lease, formerGuests: 1 }] });
    assert.equal(await asked(guest, rebuilt), "fd00:e::5");

    const leases = () => readFile(join(lab.directory, "dhcp", net.id, "leases"), "utf8");
    const held = / fd00:e::5 .*/.exec(await leases())?.[0];
    const beside = { ...lease, portId: randomUUID(), mac: "fa:16:3e:00:00:66", fixedIps: [], hostname: "beside" };
    await lab.driver.applyNetwork({ ...net, leases: [{ ...lease, hostname: "renamed", formerGuests: 1 }, beside] });
    assert.equal(/ fd00:e::5 .*/.exec(await leases())?.[0], held, "of whoever keeps the address, over a restart");
    assert.equal(await asked(guest, next), null, "and it is still in force");

    // As after "delete server, create server": the lowest free address is the one that was just given back.
    const other = await lab.guest(net, "fd00:e::5", { dhcp: true });
    await lab.driver.applyNetwork({ ...net, leases: [] });
    assert.ok(!(await leases()).includes(" fd00:e::5 "), "the lease ends with the port");
    const { portId, mac } = other;
    await lab.driver.applyNetwork({ ...net, leases: [{ ...lease, portId, mac, options: [] }] });
    const open = group(egressAll());
    await lab.driver.applyFirewall({ ports: [portOf(other, [open.id], { fixedIps: lease.fixedIps })], groups: [open] });
    await linkLocal(other);
    assert.equal(await asked(other, next), "fd00:e::5");
    await remove();
  });

  it("stateless: an address by advertisement, the rest by DHCPv6", async () => {
    const { guest, remove } = await make("dhcpv6-stateless", "fd00:b");
    await until("an address", async () => (await global(guest)).includes(" fd00:b:"));
    await hasRoute(guest);
    const got = await lab.dhcp6(guest, "stateless");
    assert.deepEqual(got, { address: null, dns: ["fd00:b::53"], domain: "openstacklocal", ntp: ["fd00:b::9"] });
    await remove();
  });

  it("metadata at fe80::a9fe:a9fe: through the router, and without one by the DHCP server; who asks is known by the address it has for sure", async () => {
    const sources = new WeakMap<object, MetadataSource>();
    const http = createServer((request, response) => response.end(JSON.stringify(sources.get(request.socket))));
    lab.driver.serveMetadata((socket, source) => {
      sources.set(socket, source);
      http.emit("connection", socket);
    });
    const { guest, net, one, remove } = await make("dhcpv6-stateful", "fd00:d");
    const asked = async () => {
      // Else the guest finds out after some seconds that another machine has the address now.
      await lab.run(guest.namespace, "ip", "-6", "neigh", "flush", "dev", "eth0");
      let answer: string | null = null;
      await until("an answer", async () => {
        answer = await lab.script(guest.namespace, ASK);
        return answer !== null;
      });
      return JSON.parse(answer ?? "null");
    };
    const text = await lab.run(guest.namespace, "ip", "-6", "-o", "address", "show", "dev", "eth0", "scope", "link");
    const address = / (fe80:\S+)\/64/.exec(text)?.[1];
    const expected = { kind: "network", id: net.id, address };
    assert.deepEqual(await asked(), expected, "through the router");
    // One whose other address ends as a neighbour's link-local one does is not taken for the neighbour.
    await lab.run(guest.namespace, "ip", "address", "replace", `${guest.address}/64`, "dev", "eth0", "nodad");
    const asNobody = await lab.script(guest.namespace, ASK, guest.address);
    assert.deepEqual(JSON.parse(asNobody ?? "null"), { ...expected, address: "fe80::" }, "from its routed address");
    // Without the rule it cannot be known who asks: no answer, and no harm.
    await lab.run(routerNamespace(one.id), "ip6tables-nft", "-t", "nat", "-F");
    assert.ok(!(await lab.script(guest.namespace, ASK)), "nothing is told to nobody knows whom");
    await lab.driver.inspect();
    assert.deepEqual(await asked(), expected, "after the rules were put back");
    await lab.driver.removeRouter(one.id);
    assert.deepEqual(await asked(), expected, "by the DHCP server");
    await lab.driver.applyRouter(one);
    assert.deepEqual(await asked(), expected, "through the router again");
    const dhcp = await lab.run(dhcpNamespace(net.id), "ip", "-6", "-o", "address");
    assert.ok(!dhcp.includes("fe80::a9fe:a9fe"), "one has the address on the network");
    await remove();
    http.close();
  });

  it("SLAAC: address and route by advertisement", async () => {
    const { guest, remove } = await make("slaac", "fd00:c");
    await until("an address", async () => (await global(guest)).includes(" fd00:c:"));
    await hasRoute(guest);
    assert.match(await global(guest), / fd00:c::f816:3eff:fe/, "derived from its MAC");
    await remove();
  });
});
