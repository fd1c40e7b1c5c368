import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, describe, it } from "node:test";
import type { DesiredNetwork } from "../../../../src/services/network/driver/driver.ts";
import { egressAll, foot, group, Lab, network, portOf, router, rule, subnet, until } from "./lab.ts";

const root = process.getuid?.() === 0;

describe("the public network", { skip: root ? false : "needs root" }, () => {
  let lab: Lab;
  let ext: DesiredNetwork;
  before(async () => {
    lab = await Lab.start();
    ext = network([subnet("172.24.4.0/24", "172.24.4.1", { enableDhcp: false })], { external: true, dhcp: null });
    await lab.driver.applyNetwork(ext);
  });
  after(() => lab.stop());

  it("tells neighbours at once that a floating IP has moved to another router", async () => {
    const out = await lab.outside("172.24.4.200");
    const own = { id: randomUUID(), address: "172.24.4.10", fixedAddress: "10.2.0.5" };
    const make = async (address: string) => {
      const net = network([subnet("10.2.0.0/24", "10.2.0.1", { enableDhcp: false })], { dhcp: null });
      await lab.driver.applyNetwork(net);
      const gateway = { ...foot(ext, address), enableSnat: true, defaultGateways: ["172.24.4.1"] };
      return { net, guest: await lab.guest(net, "10.2.0.5"), router: router({ gateway, interfaces: [foot(net)] }) };
    };
    const [one, two] = [await make("172.24.4.101"), await make("172.24.4.102")];
    const all = group([...egressAll(), rule("ingress")]);
    const ports = [one, two].map(({ guest }) => portOf(guest, [all.id]));
    await lab.driver.applyFirewall({ ports, groups: [all] });
    await lab.driver.applyRouter({ ...one.router, floatingIps: [own] });
    await lab.driver.applyRouter(two.router);
    assert.ok(await lab.ping(out, "172.24.4.10"));
    const mac = () => lab.run(out, "ip", "neigh", "show", "172.24.4.10");
    assert.match(await mac(), new RegExp(one.router.gateway?.mac ?? "?"));
    await lab.driver.applyRouter(one.router);
    await lab.driver.applyRouter({ ...two.router, floatingIps: [own] });
    await until("the neighbour knows", async () => (await mac()).includes(two.router.gateway?.mac ?? "?"), 20_000);
    assert.ok(await lab.ping(out, "172.24.4.10"));
    for (const made of [one, two]) {
      await lab.driver.removeRouter(made.router.id);
      await lab.driver.removeNetwork(made.net.id);
    }
  });

  it("guards guests on it against what the box routes to them", async () => {
    const host = `${lab.prefix}-host`;
    await lab.addNamespace(host);
    await lab.plain.run("ip", [
      "-n",
      lab.box,
      "link",
      "add",
      "up1",
      "type",
      "veth",
      "peer",
      "name",
      "eth0",
      "netns",
      host,
    ]);
    await lab.run(lab.box, "ip", "address", "add", "10.99.0.1/30", "dev", "up1");
    await lab.run(lab.box, "ip", "link", "set", "up1", "up");
    await lab.run(host, "ip", "address", "add", "10.99.0.2/30", "dev", "eth0");
    await lab.run(host, "ip", "link", "set", "eth0", "up");
    await lab.run(host, "ip", "route", "add", "default", "via", "10.99.0.1");
    const guest = await lab.guest(ext, "172.24.4.50", { bridge: "br-ex" });
    const shut = group([]);
    await lab.driver.applyFirewall({ ports: [portOf(guest, [shut.id])], groups: [shut] });
    assert.equal(await lab.ping(guest.namespace, "10.99.0.2"), false, "no egress rule, routed");
    assert.equal(await lab.ping(guest.namespace, "172.24.4.1"), false, "no egress rule, to the box");
    await lab.driver.applyFirewall({ ports: [portOf(guest, [shut.id])], groups: [{ ...shut, rules: egressAll() }] });
    assert.ok(await lab.ping(guest.namespace, "10.99.0.2"), "out through the box");
    assert.ok(await lab.ping(guest.namespace, "172.24.4.1"), "to the box");
    assert.equal(await lab.ping(host, "172.24.4.50"), false, "no ingress rule");
    const open = [...egressAll(), rule("ingress", { protocol: "icmp" })];
    await lab.driver.applyFirewall({ ports: [portOf(guest, [shut.id])], groups: [{ ...shut, rules: open }] });
    assert.ok(await lab.ping(host, "172.24.4.50"), "with one");
  });

  it("has a gateway that lies outside of its range on the bridge, and a way to the range", async () => {
    const far = subnet("172.25.0.0/24", "172.26.0.1", { enableDhcp: false });
    await lab.driver.applyNetwork({ ...ext, subnets: [...ext.subnets, far] });
    assert.match(await lab.run(lab.box, "ip", "route"), /^172\.25\.0\.0\/24 dev /m);
    assert.match(await lab.run(lab.box, "ip", "address"), /inet 172\.26\.0\.1\/32 /);
    await lab.driver.applyNetwork(ext);
    assert.doesNotMatch(await lab.run(lab.box, "ip", "route"), /172\.25\.0\.0/);
    assert.doesNotMatch(await lab.run(lab.box, "ip", "address"), /172\.26\.0\.1/);
  });
});
