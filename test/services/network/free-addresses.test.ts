import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { internalContext } from "../../../src/kernel/auth/context.ts";
import { FakeNetworkDriver } from "../../../src/services/network/driver/fake.ts";
import { network } from "../../../src/services/network/index.ts";
import { firstFree } from "../../../src/services/network/manager/addresses.ts";
import { PortDetails } from "../../../src/services/network/store/port-details.ts";
import { NetworkStore } from "../../../src/services/network/store/store.ts";
import { identityStub, type TestCloud, testCloud } from "../../support/cloud.ts";
import type { Json } from "../../support/json.ts";

const token = "admin:alpha";
const context = internalContext("req-test", "alpha");

describe("the next free address", () => {
  let t: TestCloud;
  before(async () => {
    t = await testCloud([identityStub(), network({ driver: new FakeNetworkDriver() })]);
    const unlimited = { port: -1, subnet: -1, network: -1 };
    await t.request("PUT", "/networking/v2.0/quotas/alpha", { token, body: { quota: unlimited } });
  });
  after(() => t.close());

  const make = async (kind: string, body: Json): Promise<Json> => {
    const answer = await t.request("POST", `/networking/v2.0/${kind}s`, { token, body: { [kind]: body } });
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body[kind];
  };

  const PLANS = [
    { ip_version: 4, cidr: "10.0.0.0/28", gateway_ip: "10.0.0.1" },
    { ip_version: 4, cidr: "10.0.0.0/28", gateway_ip: "10.0.0.7" },
    {
      ip_version: 4,
      cidr: "10.0.0.0/28",
      gateway_ip: null,
      allocation_pools: [
        { start: "10.0.0.9", end: "10.0.0.12" },
        { start: "10.0.0.3", end: "10.0.0.5" },
      ],
    },
    { ip_version: 6, cidr: "fd00::/124", gateway_ip: "fd00::1" },
  ];
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.constant({ do: "create" as const }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant("fixed" as const), at: fc.nat(15) }) },
    { weight: 4, arbitrary: fc.record({ do: fc.constant("delete" as const), at: fc.nat(30) }) },
    { weight: 1, arbitrary: fc.constant({ do: "rollback" as const }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("pools" as const), to: fc.integer({ min: 4, max: 14 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("move" as const), at: fc.nat(30) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant("older" as const), at: fc.nat(30) }) },
  );

  test("is the lowest in the order of the pools, whatever was taken, given back, moved or rolled back before", async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...PLANS), fc.array(step, { maxLength: 40 }), async (plan, steps) => {
        const { kernel } = t.cloud;
        const facade = kernel.facade("network");
        const networkId = (await make("network", { name: "n" })).id;
        let subnet = await make("subnet", { network_id: networkId, ...plan, enable_dhcp: false });
        const ports: string[] = [];
        const lowest = () => {
          const taken = new Set(new NetworkStore(kernel.db).portDetails.addressesIn(subnet.id));
          if (subnet.gateway_ip !== null) taken.add(subnet.gateway_ip);
          return firstFree(subnet.allocation_pools, taken);
        };
        const create = (fixedIps?: { address: string }[]) => {
          const options = { networkId, projectId: "alpha", ...(fixedIps === undefined ? {} : { fixedIps }) };
          const port = facade.createPort(context, options);
          ports.push(port.id);
          return port.fixedIps[0]?.address ?? null;
        };
        const at = (index: number) => ports[index % Math.max(1, ports.length)];
        for (const one of steps) {
          const expected = lowest();
          if (one.do === "create") {
            if (expected === null) assert.throws(() => create(), { status: 409 });
            else assert.equal(create(), expected);
          } else if (one.do === "fixed") {
            const address = plan.ip_version === 4 ? `10.0.0.${one.at}` : `fd00::${one.at.toString(16)}`;
            try {
              create([{ address }]);
            } catch {
              // Taken, or no address of a port.
            }
          } else if (one.do === "delete") {
            const id = at(one.at);
            if (id === undefined) continue;
            facade.deletePort(context, id);
            ports.splice(ports.indexOf(id), 1);
          } else if (one.do === "rollback") {
            const count = ports.length;
            const broken = () =>
              kernel.db.transaction(() => {
                if (expected !== null) create();
                throw new Error("broken");
              });
            assert.throws(broken, /broken/);
            ports.length = count;
          } else if (one.do === "older") {
            // As it was written before addresses had keys.
            kernel.db.prepare("UPDATE network_port_ips SET key = NULL WHERE port_id = ?").run(at(one.at) ?? "");
          } else if (one.do === "move") {
            const id = at(one.at);
            if (id === undefined || expected === null) continue;
            const moved = facade.updatePort(context, id, { fixedIps: [{ address: expected }] });
            assert.equal(moved.fixedIps[0]?.address, expected);
          } else if (plan.ip_version === 4) {
            const pools = [{ start: "10.0.0.2", end: `10.0.0.${one.to}` }];
            const path = `/networking/v2.0/subnets/${subnet.id}`;
            const answer = await t.request("PUT", path, { token, body: { subnet: { allocation_pools: pools } } });
            if (answer.status === 200) subnet = answer.body.subnet;
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test("costs the same beside a thousand ports as beside none", async (context) => {
    const networkId = (await make("network", { name: "large" })).id;
    await make("subnet", { network_id: networkId, ip_version: 4, cidr: "10.16.0.0/16" });
    const looks = context.mock.method(PortDetails.prototype, "holder");
    const walks = context.mock.method(PortDetails.prototype, "addressesIn");
    const create = async (count: number) => {
      looks.mock.resetCalls();
      walks.mock.resetCalls();
      const ports = Array.from({ length: count }, () => ({ network_id: networkId }));
      const answer = await t.request("POST", "/networking/v2.0/ports", { token, body: { ports } });
      assert.equal(answer.status, 201);
      return { looks: looks.mock.callCount(), walks: walks.mock.callCount(), ids: answer.body.ports };
    };
    await create(1);
    const few = await create(1);
    const many = await create(1_000);
    const beside = await create(1);
    assert.equal(beside.looks, few.looks);
    assert.ok(many.looks <= 4_000, `${many.looks}`);
    assert.equal(few.walks + many.walks + beside.walks, 0);
    const [gone] = many.ids.slice(500);
    await t.request("DELETE", `/networking/v2.0/ports/${gone.id}`, { token });
    const back = await create(1);
    assert.equal(back.ids[0].fixed_ips[0].ip_address, gone.fixed_ips[0].ip_address);
    assert.ok(back.looks <= few.looks, `${back.looks}`);
  });
});
