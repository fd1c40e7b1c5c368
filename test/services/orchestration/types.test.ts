import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { passwordLogin } from "../../support/identity.ts";
import type { Json } from "../../support/json.ts";
import { type Heat, heat, hot } from "./support.ts";

const of = (type: string, properties: Json = {}) => ({ type, properties });
const attr = (...path: string[]) => ({ get_attr: path });
const ref = (name: string) => ({ get_resource: name });

describe("types of resources", () => {
  let t: Heat;
  before(async () => {
    t = await heat();
  });
  after(() => t.close());

  /** The message that a template is refused with. */
  const refusal = async (resource: Json): Promise<string> => {
    const answer = await t.ask("POST", "stacks", { stack_name: "refused", template: hot({ r: resource }) });
    assert.equal(answer.status, 400, JSON.stringify(answer.body));
    return answer.body.error.message;
  };
  const things = async (path: string, key: string) => (await t.ask("GET", path)).body[key] as Json[];

  test("a software config is kept, and another one takes its place when it changes", async () => {
    const config = (text: string) =>
      hot({
        c: of("OS::Heat::SoftwareConfig", {
          group: "script",
          config: text,
          inputs: [{ name: "a", default: "1" }],
          outputs: [{ name: "o" }],
        }),
      });
    const stack = await t.make("config", config("#!/bin/sh\n"));
    const shown = await stack.show();
    assert.equal(shown.stack_status, "CREATE_COMPLETE", shown.stack_status_reason);
    const id = (await stack.resources()).c.physical_resource_id as string;
    const kept = (await t.ask("GET", `software_configs/${id}`)).body.software_config;
    assert.equal(kept.config, "#!/bin/sh\n");
    assert.equal(kept.group, "script");
    assert.match(kept.name, /^config-c-[a-z0-9]{12}$/);
    assert.equal(kept.inputs[0].name, "a");
    assert.equal(kept.inputs[0].default, "1");
    assert.equal(kept.outputs[0].name, "o");
    await stack.update(config("#!/bin/bash\n"));
    const next = (await stack.resources()).c.physical_resource_id as string;
    assert.notEqual(next, id);
    assert.equal((await t.ask("GET", `software_configs/${id}`)).status, 404);
    await stack.delete();
    assert.equal((await t.ask("GET", `software_configs/${next}`)).status, 404);
  });

  test("a cloud-config is written as YAML, and its text is an attribute", async () => {
    const cloud_config = { packages: ["vim"], hostname: "h", runcmd: [["echo", "yes"]] };
    const stack = await t.make(
      "cloudconfig",
      hot({ c: of("OS::Heat::CloudConfig", { cloud_config }) }, { c: attr("c", "config") }),
    );
    const { c } = await stack.outputs();
    assert.equal(c, '#cloud-config\nhostname: h\npackages:\n  - vim\nruncmd:\n  - - echo\n    - "yes"\n');
    await stack.delete();
  });

  test("a structured config is data, and stays so", async () => {
    const config = { a: { get_input: "x" }, list: [1, "two"] };
    const stack = await t.make(
      "structured",
      hot(
        { c: of("OS::Heat::StructuredConfig", { group: "g", config, inputs: [{ name: "x" }] }) },
        { c: attr("c", "config") },
      ),
    );
    assert.deepEqual((await stack.outputs()).c, config);
    const id = (await stack.resources()).c.physical_resource_id as string;
    const kept = (await t.ask("GET", `software_configs/${id}`)).body.software_config;
    assert.deepEqual([kept.group, kept.config, kept.inputs[0].name], ["g", config, "x"]);
    await stack.delete();
    assert.equal((await t.ask("GET", `software_configs/${id}`)).status, 404);
    assert.match(await refusal(of("OS::Heat::StructuredConfig", { config: "text" })), /"text" is not a map$/);
  });

  test("user data that is a config's id is the config", async () => {
    const flavor = (await things("/compute/v2.1/flavors", "flavors"))[0]?.id as string;
    const wanted = { name: "tiny", disk_format: "raw", container_format: "bare" };
    const image = (await t.ask("POST", "/image/v2/images", wanted)).body.id as string;
    await t.ask("PUT", `/image/v2/images/${image}/file`, "x".repeat(1024), {
      "content-type": "application/octet-stream",
    });
    const stack = await t.make(
      "userdata",
      hot({
        c: of("OS::Heat::SoftwareConfig", { config: "#!/bin/sh\necho config\n" }),
        n: of("OS::Neutron::Net"),
        s: of("OS::Neutron::Subnet", { network: ref("n"), cidr: "10.77.0.0/24" }),
        p: of("OS::Neutron::Port", { network: ref("n"), fixed_ips: [{ subnet: ref("s") }] }),
        v: of("OS::Nova::Server", {
          image,
          flavor,
          networks: [{ port: ref("p") }],
          user_data_format: "RAW",
          user_data: ref("c"),
        }),
      }),
    );
    const shown = await stack.show();
    assert.equal(shown.stack_status, "CREATE_COMPLETE", shown.stack_status_reason);
    const id = (await stack.resources()).v.physical_resource_id as string;
    // Only administrators see user data.
    const login = { body: passwordLogin("admin", "admin", "secret") };
    const admin = (await t.request("POST", "/identity/v3/auth/tokens", login)).headers.get("x-subject-token") ?? "";
    const server = await t.request("GET", `/compute/v2.1/servers/${id}`, {
      token: admin,
      headers: { "openstack-api-version": "compute 2.79" },
    });
    const text = Buffer.from(server.body.server["OS-EXT-SRV-ATTR:user_data"], "base64").toString();
    assert.equal(text, "#!/bin/sh\necho config\n");
    await stack.delete();
  });

  test("address scopes and subnet pools are made, changed in place and deleted", async () => {
    const template = (name: string, max_prefixlen: number) =>
      hot({
        a: of("OS::Neutron::AddressScope", { name }),
        p: of("OS::Neutron::SubnetPool", {
          name: `${name}-pool`,
          prefixes: ["10.99.0.0/16"],
          address_scope: ref("a"),
          default_prefixlen: 24,
          max_prefixlen,
          tags: ["t"],
        }),
      });
    const stack = await t.make("pools", template("one", 28));
    const shown = await stack.show();
    assert.equal(shown.stack_status, "CREATE_COMPLETE", shown.stack_status_reason);
    const before = await stack.resources();
    const pool = async () =>
      (await t.ask("GET", `/networking/v2.0/subnetpools/${before.p.physical_resource_id}`)).body.subnetpool;
    assert.equal((await pool()).address_scope_id, before.a.physical_resource_id);
    assert.deepEqual((await pool()).tags, ["t"]);
    await stack.update(template("two", 30));
    const now = await stack.resources();
    assert.equal(now.a.physical_resource_id, before.a.physical_resource_id);
    assert.equal((await pool()).max_prefixlen, "30");
    assert.equal((await pool()).name, "two-pool");
    await stack.delete();
    assert.deepEqual(await things("/networking/v2.0/subnetpools?name=two-pool", "subnetpools"), []);
    assert.deepEqual(await things("/networking/v2.0/address-scopes?name=two", "address_scopes"), []);
    const wrong = { prefixes: ["10.0.0.0/8"], min_prefixlen: 26, max_prefixlen: 24 };
    assert.match(
      await refusal(of("OS::Neutron::SubnetPool", wrong)),
      /Illegal prefix bounds: max_prefixlen=24, min_prefixlen=26\.$/,
    );
  });

  test("a rule of a security group stands alone, and another port makes another rule", async () => {
    const template = (port: number) =>
      hot({
        g: of("OS::Neutron::SecurityGroup", { name: "lone" }),
        r: of("OS::Neutron::SecurityGroupRule", {
          security_group: ref("g"),
          port_range_min: port,
          port_range_max: port,
          remote_ip_prefix: "10.0.0.0/8",
        }),
      });
    const stack = await t.make("rules", template(22));
    const shown = await stack.show();
    assert.equal(shown.stack_status, "CREATE_COMPLETE", shown.stack_status_reason);
    const rules = async () =>
      (await things("/networking/v2.0/security-group-rules?direction=ingress&protocol=tcp", "security_group_rules"))
        .filter((rule) => rule.remote_ip_prefix === "10.0.0.0/8")
        .map((rule) => [rule.id, rule.port_range_min]);
    const id = (await stack.resources()).r.physical_resource_id;
    assert.deepEqual(await rules(), [[id, 22]]);
    await stack.update(template(80));
    const next = (await stack.resources()).r.physical_resource_id;
    assert.deepEqual(await rules(), [[next, 80]]);
    await stack.delete();
    assert.deepEqual(await rules(), []);
    const rule = (more: Json) => of("OS::Neutron::SecurityGroupRule", { security_group: "default", ...more });
    assert.match(await refusal(rule({ port_range_min: 9, port_range_max: 8 })), /The minimum port number must be less/);
    assert.match(
      await refusal(rule({ remote_group: "default", remote_ip_prefix: "10.0.0.0/8" })),
      /Cannot define the following properties at the same time: remote_group, remote_ip_prefix\.$/,
    );
  });

  test("an RBAC policy shares by id or name, and its target changes in place", async () => {
    const other = (name: string) =>
      hot({
        n: of("OS::Neutron::Net", { name: "to-share" }),
        r: of("OS::Neutron::RBACPolicy", {
          object_type: "network",
          object_id: ref("n"),
          action: "access_as_shared",
          target_tenant: name,
        }),
      });
    const stack = await t.make("rbac", other("a".repeat(32)));
    const shown = await stack.show();
    assert.equal(shown.stack_status, "CREATE_COMPLETE", shown.stack_status_reason);
    const { r, n } = await stack.resources();
    const policy = async () => t.ask("GET", `/networking/v2.0/rbac-policies/${r.physical_resource_id}`);
    assert.equal((await policy()).body.rbac_policy.object_id, n.physical_resource_id);
    await stack.update(other("b".repeat(32)));
    assert.equal((await policy()).body.rbac_policy.target_tenant, "b".repeat(32));
    await stack.delete();
    assert.equal((await policy()).status, 404);
    const wrong = {
      object_type: "subnetpool",
      object_id: "x",
      action: "access_as_external",
      target_tenant: "*",
    };
    assert.match(
      await refusal(of("OS::Neutron::RBACPolicy", wrong)),
      /Invalid action "access_as_external" for object type subnetpool\. Valid actions: access_as_shared$/,
    );
  });

  test("a server group has one policy and its rules, and is replaced by another", async () => {
    const group = (policy: string, more: Json = {}) =>
      hot({ g: of("OS::Nova::ServerGroup", { name: "g1", policies: [policy], ...more }) });
    const stack = await t.make("groups", group("anti-affinity", { rules: { max_server_per_host: 2 } }));
    const shown = await stack.show();
    assert.equal(shown.stack_status, "CREATE_COMPLETE", shown.stack_status_reason);
    const ask = async (id: string) =>
      t.request("GET", `/compute/v2.1/os-server-groups/${id}`, {
        token: t.token,
        headers: { "openstack-api-version": "compute 2.64" },
      });
    const id = (await stack.resources()).g.physical_resource_id as string;
    const { server_group: made } = (await ask(id)).body;
    assert.deepEqual([made.name, made.policy, made.rules], ["g1", "anti-affinity", { max_server_per_host: 2 }]);
    await stack.update(group("soft-affinity"));
    const next = (await stack.resources()).g.physical_resource_id as string;
    assert.equal((await ask(id)).status, 404);
    assert.equal((await ask(next)).body.server_group.policy, "soft-affinity");
    await stack.delete();
    assert.equal((await ask(next)).status, 404);
  });

  test("properties of former times are taken and not shown", async () => {
    const stack = await t.make(
      "former",
      hot(
        { r: of("OS::Heat::RandomString", { length: 6, sequence: "digits" }), p: of("OS::Nova::FloatingIP") },
        { r: attr("r", "value"), ip: attr("p", "ip") },
      ),
    );
    const { stack_status, stack_status_reason } = await stack.show();
    assert.equal(stack_status, "CREATE_COMPLETE", stack_status_reason);
    const { r, ip } = await stack.outputs();
    assert.match(r, /^\d{6}$/);
    assert.match(ip, /^172\.24\.4\./);
    await stack.delete();
    const { properties } = (await t.ask("GET", "resource_types/OS::Heat::RandomString")).body;
    assert.ok(properties.salt !== undefined && properties.sequence === undefined);
    const listed = (await t.ask("GET", "resource_types")).body.resource_types;
    assert.ok(!listed.includes("OS::Nova::FloatingIP"));
  });
});
