import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Json } from "../../support/json.ts";
import { collectionOf, type NetworkApi, networkApi } from "./api.ts";

/** Pages, filters and sort keys of every list, as neutron 21.0.0 answers (neutron/api/api_common.py). */

let api: NetworkApi;
const ME = "member:alpha";
const ADMIN = "admin:ops";
const MISSING = "6c1ef1f0-aaaa-4bbb-8ccc-000000000009";

/** Three and more of everything that a list has. */
before(async () => {
  api = await networkApi();
  const outside = await api.make(ADMIN, "network", { name: "outside", "router:external": true });
  await api.make(ADMIN, "subnet", { network_id: outside.id, ip_version: 4, cidr: "172.24.4.0/24", enable_dhcp: false });
  const gateway = { external_gateway_info: { network_id: outside.id } };
  for (const [index, name] of ["b", "a", "c"].entries()) {
    const network = await api.make(ME, "network", { name });
    const cidr = `10.${index}.0.0/24`;
    const subnet = await api.make(ME, "subnet", { name, network_id: network.id, ip_version: 4, cidr });
    const router = await api.make(ME, "router", { name, ...gateway });
    await api.call(ME, "PUT", `/routers/${router.id}/add_router_interface`, { subnet_id: subnet.id });
    await api.make(ME, "port", { name, network_id: network.id });
    const scope = await api.make(ME, "address_scope", { name, ip_version: 4 });
    await api.make(ME, "subnetpool", { name, prefixes: [`10.10${index}.0.0/16`], address_scope_id: scope.id });
    await api.make(ME, "security_group", { name });
    await api.make(ME, "address_group", { name });
    await api.make(ME, "floatingip", { floating_network_id: outside.id });
    const target = { object_type: "network", object_id: network.id, action: "access_as_shared", target_tenant: "beta" };
    await api.make(ME, "rbac_policy", target);
  }
});
after(() => api.t.close());

const keyOf = (singular: string) => (singular.endsWith("y") ? `${singular.slice(0, -1)}ies` : `${singular}s`);
const get = (path: string, token = ME) => api.call(token, "GET", path);
const refused = async (path: string, token = ME): Promise<Json> => api.refused(token, "GET", path, undefined, 400);
const follow = async (links: Json[] | undefined, rel: string): Promise<Json | null> => {
  const href = links?.find((link) => link.rel === rel)?.href;
  if (href === undefined) return null;
  const { status, body } = await api.t.request("GET", String(href).replace("http://localhost", ""), { token: ME });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
};

const PAGED = [
  "network",
  "subnet",
  "subnetpool",
  "address_scope",
  "port",
  "router",
  "floatingip",
  "security_group",
  "security_group_rule",
  "address_group",
];

for (const singular of PAGED) {
  test(`the list of ${keyOf(singular)} is read to its end one by one, forward and back, and from a marker`, async () => {
    const [path, key] = [collectionOf(singular), keyOf(singular)];
    const ids = (body: Json) => body[key].map(({ id }: Json) => id);
    const whole = ids(await get(path));
    assert.ok(whole.length >= 3, `${whole.length} ${key}`);
    const walk = async (first: string, rel: string): Promise<string[]> => {
      const seen: string[] = [];
      for (let page = await get(first); ; ) {
        const items = ids(page);
        if (items.length === 0) return seen;
        assert.equal(items.length, 1);
        seen.push(items[0]);
        assert.ok(seen.length <= whole.length, "the walk ends");
        page = await follow(page[`${key}_links`], rel);
      }
    };
    assert.deepEqual(await walk(`${path}?limit=1`, "next"), whole);
    assert.deepEqual(await walk(`${path}?limit=1&page_reverse=True`, "previous"), [...whole].reverse());

    const second = await get(`${path}?limit=1&marker=${whole[0]}`);
    assert.deepEqual(ids(second), [whole[1]]);
    const rels = second[`${key}_links`].map(({ rel }: Json) => rel);
    assert.deepEqual(rels, ["next", "previous"]);
    assert.deepEqual(ids(await follow(second[`${key}_links`], "previous")), [whole[0]]);
    const end = await get(`${path}?limit=${whole.length}&marker=${whole[0]}`);
    assert.deepEqual(ids(end), whole.slice(1));
    assert.deepEqual(
      end[`${key}_links`].map(({ rel }: Json) => rel),
      ["previous"],
    );
    const back = await get(`${path}?limit=${whole.length}&marker=${whole[2]}&page_reverse=true`);
    assert.deepEqual(ids(back), whole.slice(0, 2));
    assert.deepEqual(
      back[`${key}_links`].map(({ rel }: Json) => rel),
      ["next"],
    );
    assert.equal((await get(`${path}?marker=${whole[0]}`))[key].length, whole.length, "no limit, no pages");
    assert.equal((await get(`${path}?limit=0`))[`${key}_links`], undefined);
    for (const limit of ["-1", "many", "1.5", ""]) {
      const { message } = await refused(`${path}?limit=${limit}`);
      assert.equal(message, `Bad limit request: Limit must be an integer 0 or greater and not '${limit}'.`);
    }
    const lost = await api.answer(ME, "GET", `${path}?limit=1&marker=${MISSING}`);
    // Neutron looks some markers up and fails; it takes the others for the beginning.
    if (["network", "port", "router"].includes(singular)) assert.equal(lost.status, 404);
    else assert.deepEqual(ids(lost.body), [whole[0]]);
  });
}

test("a page goes on after where its marker is in the order, also when a filter hides it", async () => {
  const names = (body: Json) => body.networks.map(({ name }: Json) => name);
  const sorted = "/networks?sort_key=name&sort_dir=desc&tenant_id=alpha&router:external=False";
  assert.deepEqual(names(await get(sorted)), ["c", "b", "a"]);
  const [c, b] = (await get(sorted)).networks;
  assert.deepEqual(names(await get(`${sorted}&limit=5&marker=${c.id}`)), ["b", "a"]);
  assert.deepEqual(names(await get(`${sorted}&limit=5&marker=${b.id}&name=a&name=b&name=c`)), ["a"]);
  assert.deepEqual(names(await get(`${sorted}&limit=5&marker=${b.id}&name=a`)), ["a"]);
  assert.deepEqual(names(await get(`${sorted}&limit=5&marker=${b.id}&name=c&page_reverse=True`)), ["c"]);
  const fields = await get(`${sorted}&limit=1&fields=name`);
  assert.deepEqual([fields.networks, fields.networks_links[0].href.includes(c.id)], [[{ name: "c" }], true]);
});

test("policies are one list without pages", async () => {
  const { rbac_policies: all, ...rest } = await get("/rbac-policies?limit=1&marker=nothing");
  assert.equal(all.length, 3);
  assert.deepEqual(rest, {});
});

test("a filter may be there several times, must be one, and is compared with what is kept", async () => {
  const names = async (path: string, key: string) => (await get(path))[key].map(({ name }: Json) => name).sort();
  assert.deepEqual(await names("/networks?name=a&name=c&name=nobody", "networks"), ["a", "c"]);
  assert.deepEqual(await names("/networks?id=nothing", "networks"), []);
  assert.deepEqual(await names("/networks?name=", "networks"), []);
  assert.deepEqual(await names("/subnets?cidr=10.1.0.9/255.255.255.0", "subnets"), ["a"]);
  assert.deepEqual(await names("/subnets?ip_version=4&enable_dhcp=yes&cidr=10.1.0.0/24", "subnets"), ["a"]);
  assert.deepEqual(await names("/subnets?ip_version=6", "subnets"), []);
  assert.deepEqual(await names("/subnets?gateway_ip=10.2.0.1", "subnets"), ["c"]);
  assert.deepEqual(await names("/subnets?gateway_ip=", "subnets"), []);
  const [port] = (await get("/ports?name=a")).ports;
  const mac = port.mac_address.toUpperCase().replaceAll(":", "-");
  assert.deepEqual(await names(`/ports?mac_address=${mac}`, "ports"), ["a"]);
  assert.deepEqual(await names(`/ports?fixed_ips=ip_address=${port.fixed_ips[0].ip_address}`, "ports"), ["a"]);
  assert.deepEqual(await names(`/ports?name=a&fixed_ips=colour=red`, "ports"), ["a"]);
  assert.deepEqual(await names("/security-group-rules?protocol=TCP&ethertype=ipv4", "security_group_rules"), []);
  const eight = await names("/security-group-rules?ethertype=ipv4&direction=egress", "security_group_rules");
  assert.equal(eight.length, 4);
  assert.equal((await get("/rbac-policies?object_type=NETWORK&target_tenant=beta")).rbac_policies.length, 3);

  const wrong: [string, RegExp][] = [
    ["/networks?colour=red&shape=round", /^\['colour', 'shape'\] is invalid attribute for filtering$/],
    ["/networks?subnets=x", /\['subnets'\] is invalid attribute for filtering/],
    ["/networks?created_at=x", /\['created_at'\]/],
    ["/routers?status=ACTIVE", /\['status'\]/],
    ["/ports?port_security_enabled=True", /\['port_security_enabled'\]/],
    ["/networks?admin_state_up=perhaps", /'perhaps' cannot be converted to boolean/],
    ["/networks?shared=", /'' cannot be converted to boolean/],
    ["/subnets?ip_version=four", /'four' is not an integer/],
    ["/subnets?cidr=10.0.0.0/99", /10.0.0.0\/99 is not in a CIDR format/],
    ["/ports?fixed_ips=10.0.0.1", /'10.0.0.1' is not of the form <key>=\[value\]/],
    ["/security-group-rules?protocol=carrier-pigeon", /carrier-pigeon not supported/],
    ["/security-group-rules?port_range_min=high", /Invalid value for port high/],
    ["/rbac-policies?object_type=cat", /'cat' is not a valid RBAC object type/],
    ["/rbac-policies?target_project=beta", /\['target_project'\]/],
  ];
  for (const [path, message] of wrong) assert.match((await refused(path)).message, message);
});

test("subnets are filtered by whether their network is shared, and do not show it", async () => {
  const count = async (path: string, token: string) => {
    const { subnets } = await get(path, token);
    for (const subnet of subnets) assert.equal(subnet.shared, undefined);
    return subnets.length;
  };
  assert.equal(await count("/subnets?shared=True", "member:beta"), 3);
  assert.equal(await count("/subnets?shared=False", "member:beta"), 0);
  assert.equal(await count("/subnets?shared=true", ME), 0);
  assert.equal(await count("/subnets?shared=0", ME), 3);
});

test("sort keys come with as many directions, and are attributes that neutron sorts by", async () => {
  const wrong: [string, RegExp][] = [
    ["/networks?sort_key=name", /^The number of sort_keys and sort_dirs must be same$/],
    ["/networks?sort_key=name&sort_dir=asc&sort_dir=desc", /must be same/],
    ["/networks?sort_key=colour&sort_dir=asc", /^\['colour'\] is invalid attribute for sort_keys$/],
    ["/networks?sort_key=shared&sort_dir=asc", /\['shared'\]/],
    ["/ports?sort_key=fixed_ips&sort_dir=asc", /\['fixed_ips'\]/],
    [
      "/networks?sort_key=name&sort_dir=up",
      /^\['up'\] is invalid value for sort_dirs, valid value is 'asc' and 'desc'$/,
    ],
    ["/rbac-policies?sort_key=action&sort_dir=asc", /\['action'\]/],
  ];
  for (const [path, message] of wrong) assert.match((await refused(path)).message, message);
  const order = async (directions: string) => {
    const { subnets } = await get(`/subnets?sort_key=ip_version&sort_dir=asc&sort_key=name&sort_dir=${directions}`);
    return subnets.map(({ name }: Json) => name).join("");
  };
  assert.deepEqual([await order("asc"), await order("desc")], ["abc", "cba"]);
});

/** Names whose order is another one in UTF-16 than in UTF-8, and equal ones. */
const ODD = ["\u{1f600}", "\uffee", "", "a"];

test("things with names of all kinds are made for the orders below", async () => {
  for (const [index, name] of ODD.entries()) {
    const { id } = await api.make("admin:alpha", "network", {
      name,
      admin_state_up: index > 1,
      mtu: 1400 + (index % 2),
    });
    await api.make("admin:alpha", "subnet", {
      name,
      network_id: id,
      ip_version: 6,
      cidr: `fd00:${index}::/64`,
      ...(index < 2 ? { gateway_ip: null } : {}),
    });
    await api.make("admin:alpha", "port", {
      name,
      network_id: id,
      device_id: index > 1 ? "x" : "",
      admin_state_up: index > 1,
    });
    await api.make("admin:alpha", "router", { name });
    const { id: group } = await api.make("admin:alpha", "security_group", { name });
    const rule = {
      security_group_id: group,
      direction: "ingress",
      ...(index < 2 ? { description: name } : { protocol: "tcp", port_range_min: index, port_range_max: 9 }),
    };
    await api.make("admin:alpha", "security_group_rule", rule);
  }
});

for (const singular of PAGED) {
  test(`the list of ${keyOf(singular)} in pages is the whole one, by each sort key in both directions`, async () => {
    const [path, key] = [collectionOf(singular), keyOf(singular)];
    const get = (query: string) => api.answer("admin:alpha", "GET", `${path}?${query}`);
    const idsOf = (body: Json): string[] => body[key].map(({ id }: Json) => id);
    const [first] = (await get("")).body[key];
    const orders: string[] = [];
    for (const name of Object.keys(first)) {
      const { status } = await get(`sort_key=${name}&sort_dir=asc`);
      assert.ok(status === 200 || status === 400, `${name}: ${status}`);
      for (const direction of status === 200 ? ["asc", "desc"] : [])
        orders.push(
          `sort_key=${name}&sort_dir=${direction}`,
          `sort_key=project_id&sort_dir=asc&sort_key=${name}&sort_dir=${direction}`,
        );
    }
    assert.ok(orders.length >= 6, `${orders}`);
    for (const order of orders) {
      const whole = idsOf((await get(order)).body);
      for (const reverse of [false, true]) {
        const read: string[] = [];
        for (let marker: string | undefined; read.length <= whole.length; marker = reverse ? read[0] : read.at(-1)) {
          const query = `${order}&limit=2${reverse ? "&page_reverse=True" : ""}${marker === undefined ? "" : `&marker=${marker}`}`;
          const page = idsOf((await get(query)).body);
          if (page.length === 0) break;
          if (reverse) read.unshift(...page);
          else read.push(...page);
        }
        assert.deepEqual(read, whole, `${order} ${reverse ? "backwards" : "forwards"}`);
      }
    }
  });
}
