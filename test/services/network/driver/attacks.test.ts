import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { linkLocal } from "../../../../src/services/network/driver/linux/spoof-rules.ts";
import { PROTOCOLS } from "../../../../src/services/network/values/protocols.ts";
import * as f from "./frames.ts";
import { CONNECT, ECHO, egressAll, type Guest, group, Lab, network, portOf, rule, subnet, tcp, until } from "./lab.ts";

const root = process.getuid?.() === 0;
const BROADCAST = "ff:ff:ff:ff:ff:ff";
const ALL_NODES = { mac: "33:33:00:00:00:01", address: "ff02::1" };

/** A guest on a network that it shares with another project's, and all that it may send as hand-made frames. */
describe("frames of a hostile guest", { skip: root ? false : "needs root" }, () => {
  let lab: Lab;
  let bad: Guest;
  let good: Guest;
  const gateway = { mac: "fa:16:3e:00:00:fe", address: "10.60.0.1" };
  before(async () => {
    lab = await Lab.start();
    const net = network([subnet("10.60.0.0/24", gateway.address, { enableDhcp: false })], { dhcp: null });
    await lab.driver.applyNetwork(net);
    [bad, good] = [await lab.guest(net, "10.60.0.5"), await lab.guest(net, "10.60.0.6")];
    // It says nothing by itself.
    await lab.run(bad.namespace, "sysctl", "-q", "-w", "net.ipv6.conf.all.disable_ipv6=1");
    const all = group([...egressAll(), rule("ingress"), rule("ingress", { ethertype: "IPv6" })]);
    await lab.driver.applyFirewall({ ports: [portOf(bad, [all.id]), portOf(good, [all.id])], groups: [all] });
  });
  after(() => lab.stop());

  /** Those of the frames that get through to the other guest, as it sees them. */
  async function passed(...frames: string[]): Promise<string[]> {
    const seen = await f.listenTo(lab, good);
    await until("it listens", () => seen.frames[0] === "ready");
    // What is true comes last: once it is there, the others would have been as well.
    const last = f.ethernet(bad.mac, BROADCAST, "0806", f.arp({ mac: bad.mac, address: bad.address }));
    await f.send(lab, bad, ...frames, last);
    await until("the last frame", () => seen.frames.some((frame) => frame.startsWith(last)));
    // Also those that arrive changed, as pieces put together.
    const from = f.hexMac(bad.mac);
    return seen.frames.filter(
      (frame) => !frame.startsWith(last) && (frame.slice(12, 24) === from || frames.includes(frame)),
    );
  }

  it("what is true passes", async () => {
    const own = f.ethernet(bad.mac, good.mac, "0806", f.arp({ mac: bad.mac, address: bad.address }, true));
    const mine = linkLocal(bad.mac);
    const told = f.icmp6(mine, ALL_NODES.address, f.advertisement(mine, bad.mac));
    const advert = f.ethernet(bad.mac, ALL_NODES.mac, "86dd", f.ipv6(mine, ALL_NODES.address, 58, told));
    const packet = f.ethernet(bad.mac, good.mac, "0800", f.ipv4(bad.address, good.address, 17, f.udp(5, 6, "0102")));
    const seen = await passed(own, advert, packet);
    for (const frame of [own, advert, packet]) assert.ok(seen.some((one) => one.startsWith(frame)));
  });

  it("no ARP in another's name: address, hardware address, tags, other types", async () => {
    const claims = [
      f.arp({ mac: bad.mac, address: gateway.address }),
      f.arp({ mac: bad.mac, address: gateway.address }, true),
      f.arp({ mac: good.mac, address: bad.address }),
      f.arp({ mac: gateway.mac, address: gateway.address }),
    ];
    const frames = claims.flatMap((claim) => [
      f.ethernet(bad.mac, BROADCAST, "0806", claim),
      f.ethernet(bad.mac, good.mac, "0806", claim),
      f.ethernet(gateway.mac, good.mac, "0806", claim),
      f.ethernet(bad.mac, good.mac, "8035", claim),
      ...["0000", "0001", "0fff"].map((tag) => f.ethernet(bad.mac, good.mac, "8100", `${tag}0806${claim}`)),
      f.ethernet(bad.mac, good.mac, "88a8", `00018100000108060${claim.slice(1)}`),
      // Longer addresses than it says, so that what is looked at lies elsewhere.
      f.ethernet(bad.mac, good.mac, "0806", claim.replace(/^0001080006/, "0001080008")),
      f.ethernet(bad.mac, good.mac, "0806", claim.replace(/^00010800/, "00010801")),
    ]);
    // Truly its own addresses at their places, but called something else, are of no use to anybody.
    const harmless = (frame: string) =>
      frame.slice(44, 56) === f.hexMac(bad.mac) && frame.slice(56, 64) === f.hexAddress(bad.address);
    assert.deepEqual(
      (await passed(...frames)).filter((frame) => !harmless(frame)),
      [],
    );
  });

  it("no IP packet from another address, and nothing that is neither IP nor ARP", async () => {
    const packet = f.ipv4("10.60.0.77", good.address, 17, f.udp(5, 6, "0102"));
    const stranger = f.ipv6("fd00::77", linkLocal(good.mac), 17, f.udp(5, 6, "0102"));
    const frames = [
      f.ethernet(bad.mac, good.mac, "0800", packet),
      f.ethernet(gateway.mac, good.mac, "0800", packet),
      f.ethernet(bad.mac, good.mac, "8100", `00000800${packet}`),
      f.ethernet(bad.mac, good.mac, "86dd", stranger),
      f.ethernet(bad.mac, good.mac, "86dd", f.ipv6("::", linkLocal(good.mac), 17, f.udp(5, 6, "0102"))),
      f.ethernet(bad.mac, good.mac, "8864", `110000010010${packet}`),
      f.ethernet(bad.mac, "01:80:c2:00:00:00", "0026", "424203".padEnd(76, "0")),
      f.ethernet(bad.mac, "01:80:c2:00:00:0e", "88cc", "0207".padEnd(92, "0")),
      f.ethernet(bad.mac, good.mac, "8847", `00001140${packet}`),
    ];
    assert.deepEqual(await passed(...frames), []);
  });

  it("no DHCP server, and no DHCP client in another's name", async () => {
    const offer = f.dhcp(2, good.mac, "350102");
    const answer = f.udp(67, 68, offer);
    const release = (hardware: string) => f.udp(68, 67, f.dhcp(1, hardware, "350107"));
    const decline = f.udp(68, 67, f.dhcp(1, good.mac, "350104"));
    const to = (payload: string, from: string, flags?: string) =>
      f.ethernet(bad.mac, BROADCAST, "0800", f.ipv4(from, "255.255.255.255", 17, payload, flags));
    const six = (payload: string) => {
      const [from, target] = [linkLocal(bad.mac), linkLocal(good.mac)];
      return f.ethernet(bad.mac, good.mac, "86dd", f.ipv6(from, target, 17, payload));
    };
    const hidden = f.options(17, f.udp(547, 546, "07aabbcc"));
    const frames = [
      to(answer, bad.address),
      to(answer, "0.0.0.0"),
      to(decline, "0.0.0.0"),
      to(release(good.mac), "0.0.0.0"),
      to(release(good.mac), bad.address),
      to(f.udp(67, 67, f.dhcp(1, good.mac, "350107")), bad.address),
      // Its head alone, and the rest in a second piece.
      to(decline.slice(0, 16), bad.address, "2000"),
      to(decline.slice(16), bad.address, "0001"),
      six(f.udp(547, 546, "07aabbcc")),
      f.ethernet(bad.mac, good.mac, "86dd", f.ipv6(linkLocal(bad.mac), linkLocal(good.mac), 60, hidden)),
    ];
    assert.deepEqual(await passed(...frames), []);
    const own = to(release(bad.mac), bad.address);
    assert.ok(
      (await passed(own)).some((frame) => frame.startsWith(own)),
      "in its own name",
    );
  });

  it("no router, no redirect and no neighbour in another's name, however it is wrapped", async () => {
    const from = linkLocal(bad.mac);
    const victim = linkLocal(good.mac);
    const messages = [
      f.icmp6(from, ALL_NODES.address, f.routerAdvertisement(bad.mac)),
      f.icmp6(from, ALL_NODES.address, f.advertisement("fe80::1", bad.mac)),
      f.icmp6(from, ALL_NODES.address, f.advertisement(victim, bad.mac)),
      f.icmp6(from, ALL_NODES.address, `890000000000${f.hexAddress("fe80::1")}${f.hexAddress("fd00::9")}`),
    ];
    const wrapped = messages.flatMap((message) => {
      const plain: [number, string] = [58, message];
      const optioned: [number, string] = [60, f.options(58, message)];
      const split = 24;
      const head = f.options(58, message);
      return [
        [plain],
        [[0, f.options(58, message)]],
        [optioned],
        [[0, f.options(60, f.options(58, message))]],
        [[44, f.fragment(58, 0, false, message)]],
        [[44, f.fragment(60, 0, false, head)]],
        // Two pieces: the first ends before the message begins, or in its midst.
        [
          [44, f.fragment(60, 0, true, head.slice(0, 16))],
          [44, f.fragment(60, 8, false, head.slice(16))],
        ],
        [
          [44, f.fragment(58, 0, true, message.slice(0, split * 2))],
          [44, f.fragment(58, split, false, message.slice(split * 2))],
        ],
        [
          [44, f.fragment(58, 0, true, message.slice(0, 16))],
          [44, f.fragment(58, 8, false, message.slice(16))],
        ],
      ] as [number, string][][];
    });
    const frames = wrapped
      .flat()
      .map(([next, payload]) =>
        f.ethernet(bad.mac, ALL_NODES.mac, "86dd", f.ipv6(from, ALL_NODES.address, next, payload)),
      );
    // A question about an address that somebody is just about to take keeps that from being taken.
    const group = `ff02::1:ff${victim.slice(-7)}`;
    const probe = f.icmp6("::", group, f.solicitation(victim));
    frames.push(f.ethernet(bad.mac, "33:33:ff:00:00:01", "86dd", f.ipv6("::", group, 58, probe)));
    const got = await passed(...frames);
    const types = got.map((frame) => [frame.slice(28 + 12, 28 + 14), frame.slice(28 + 80, 28 + 82)]);
    assert.deepEqual(types, []);
  });
});

describe("security group rules on the host", { skip: root ? false : "needs root" }, () => {
  let lab: Lab;
  before(async () => {
    lab = await Lab.start();
  });
  after(() => lab.stop());

  it("every rule the API takes is applied: all protocols of both families, all kinds of ports and pairs", async () => {
    const net = network([subnet("10.61.0.0/24", "10.61.0.1", { enableDhcp: false })], { dhcp: null });
    await lab.driver.applyNetwork(net);
    const guest = await lab.guest(net, "10.61.0.5");
    const numbers = Array.from({ length: 256 }, (_, index) => String(index));
    const rules = (["IPv4", "IPv6"] as const).flatMap((ethertype) =>
      [...Object.keys(PROTOCOLS), ...numbers].flatMap((protocol) => {
        const ranged = ["tcp", "udp", "sctp", "dccp", "udplite", "6", "17", "132", "33", "136"].includes(protocol);
        const icmp = ["icmp", "icmpv6", "ipv6-icmp", "1", "58"].includes(protocol);
        const plain = rule("ingress", { ethertype, protocol });
        if (!ranged && !icmp) return [plain];
        const ends = ranged
          ? [
              [0, 0],
              [1, 65535],
              [22, 22],
            ]
          : [
              [0, null],
              [255, null],
              [255, 255],
              [8, 0],
            ];
        const more = ends.map(([min, max]) =>
          rule("egress", { ethertype, protocol, portRangeMin: min ?? null, portRangeMax: max ?? null }),
        );
        return [plain, ...more];
      }),
    );
    const odd = ["0.0.0.0/0", "0.0.0.0", "10.61.0.5/32", "224.0.0.0/4", "::/0", "fe80::/10", "::ffff:0:0/96", "::"];
    const all = group([...rules, rule("ingress", { remoteGroupId: null, remoteIpPrefix: "10.0.0.0/8" })]);
    const pairs = odd.flatMap((cidr) => [
      { mac: guest.mac, cidr },
      { mac: BROADCAST, cidr },
    ]);
    await lab.driver.applyFirewall({ ports: [portOf(guest, [all.id], { allowedAddressPairs: pairs })], groups: [all] });
    assert.equal(await lab.driver.inspect(), undefined);
    const kept = await lab.run(lab.box, "iptables-nft-save", "-t", "filter");
    const ids = new Set(rules.filter(({ ethertype }) => ethertype === "IPv4").map(({ id }) => id));
    assert.equal([...kept.matchAll(/rule ([0-9a-f-]{36})/g)].filter(([, id = ""]) => ids.has(id)).length, ids.size);
    assert.match(kept, /-p udplite -m multiport --dports 22 /);
    await lab.driver.removeNetwork(net.id);
  });

  it("a change of rules, and of who is in a group, counts for guests that run", async () => {
    const net = network([subnet("10.62.0.0/24", "10.62.0.1", { enableDhcp: false })], { dhcp: null });
    await lab.driver.applyNetwork(net);
    const [server, client] = [await lab.guest(net, "10.62.0.5"), await lab.guest(net, "10.62.0.6")];
    const echo = lab.background(server.namespace, ECHO, "7100");
    await until("echo", () => echo.lines.includes("ready"));
    const friends = group(egressAll(), ["10.62.0.6"]);
    const web = group([...egressAll(), tcp(7100, { remoteGroupId: friends.id })]);
    const ports = [portOf(server, [web.id]), portOf(client, [friends.id])];
    const reaches = async () => (await lab.script(client.namespace, CONNECT, server.address, "7100")) !== null;
    await lab.driver.applyFirewall({ ports, groups: [web, friends] });
    assert.equal(await reaches(), true);
    await lab.driver.applyFirewall({ ports, groups: [web, { ...friends, memberAddresses: [] }] });
    assert.equal(await reaches(), false, "no longer a member");
    await lab.driver.applyFirewall({ ports, groups: [{ ...web, rules: [...egressAll(), tcp(7100)] }, friends] });
    assert.equal(await reaches(), true, "for everybody now");
    await lab.driver.applyFirewall({ ports, groups: [{ ...web, rules: egressAll() }, friends] });
    assert.equal(await reaches(), false, "for nobody");
    await lab.driver.removeNetwork(net.id);
  });
});
