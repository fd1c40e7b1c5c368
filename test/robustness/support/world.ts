import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AnyRoute } from "../../../src/kernel/http/route.ts";
import { Logger } from "../../../src/kernel/log/logger.ts";
import type { Service } from "../../../src/kernel/module.ts";
import { createServices } from "../../../src/services.ts";
import { type Answer, type TestCloud, testCloud } from "../../support/cloud.ts";
import { passwordLogin } from "../../support/identity.ts";
import type { Json } from "../../support/json.ts";
import { testSettings } from "../../support/settings.ts";

/** Who asks: the cloud's admin, three roles on project `alpha`, a member of project `beta`, and nobody. */
export type Persona = "admin" | "member" | "reader" | "other" | "anonymous";
export const PERSONAS: readonly Persona[] = ["admin", "member", "reader", "other", "anonymous"];

export interface ServiceRoute {
  service: Service;
  route: AnyRoute;
}

/** A whole cloud over fake drivers with something of every kind in project `alpha`. */
export interface World extends TestCloud {
  routes: readonly ServiceRoute[];
  tokens: Readonly<Record<Persona, string | undefined>>;
  projects: { alpha: string; beta: string };
  /** Ids and names of what is there. Grows as requests make more. */
  pool: string[];
  /** Resources of alpha: kind → the path that shows it, with its service's prefix. */
  owned: Map<string, string>;
  directory: string;
  /** Kind of a record's `of` → the parameters of a path that lead to alpha's one, or to alpha's member. */
  examples: Examples;
  /** Parts of it, as alpha's member. */
  ids: Record<string, string>;
  as(persona: Persona, method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  idle(): Promise<void>;
}

export async function createWorld(): Promise<World> {
  const directory = mkdtempSync(join(tmpdir(), "tenrec-robust-"));
  const settings = testSettings({}, { DATA_DIR: directory });
  const log = new Logger("test", { sink: () => {}, level: "error", requestId: () => null });
  const services = await createServices({ settings, log, ready: null });
  const t = await testCloud(services, { settings });
  await t.cloud.seed();

  const login = async (user: string, project: string, password: string) => {
    const answer = await t.request("POST", "/identity/v3/auth/tokens", {
      body: passwordLogin(user, project, password),
    });
    return answer.headers.get("x-subject-token") ?? "";
  };
  const admin = await login("admin", "admin", "secret");
  const tokens: Record<Persona, string | undefined> = {
    admin,
    member: undefined,
    reader: undefined,
    other: undefined,
    anonymous: undefined,
  };
  const as: World["as"] = (persona, method, path, body, headers = {}) => {
    const token = tokens[persona];
    return t.request(method, path, {
      headers,
      ...(token === undefined ? {} : { token }),
      ...(body === undefined ? {} : { body }),
    });
  };
  const must = async (
    persona: Persona,
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => {
    const answer = await as(persona, method, path, body, headers);
    if (answer.status >= 300) throw new Error(`${method} ${path} → ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const idle = async () => {
    await t.cloud.kernel.operations.idle();
    await t.cloud.kernel.events.idle();
  };

  const projects = { alpha: "", beta: "" };
  const ids: Record<string, string> = {};
  const project = async (name: string) =>
    (await must("admin", "POST", "/identity/v3/projects", { project: { name, domain_id: "default" } })).project.id;
  projects.alpha = await project("alpha");
  projects.beta = await project("beta");
  const roles: Json[] = (await must("admin", "GET", "/identity/v3/roles")).roles;
  for (const [persona, role, projectId] of [
    ["member", "member", projects.alpha],
    ["reader", "reader", projects.alpha],
    ["other", "member", projects.beta],
  ] as const) {
    const user = await must("admin", "POST", "/identity/v3/users", { user: { name: persona, password: "secret" } });
    ids[persona] = user.user.id;
    const roleId = roles.find(({ name }) => name === role).id;
    await must("admin", "PUT", `/identity/v3/projects/${projectId}/users/${user.user.id}/roles/${roleId}`);
    tokens[persona] = await login(persona, projectId === projects.alpha ? "alpha" : "beta", "secret");
  }

  const owned = new Map<string, string>();
  const world: World = {
    ...t,
    routes: t.cloud.services.flatMap(({ definition, instance }) =>
      instance.routes.map((route) => ({ service: definition, route })),
    ),
    tokens,
    projects,
    pool: [],
    owned,
    directory,
    examples: {},
    ids,
    as,
    idle,
    async close() {
      await t.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  await populate(world, must, idle);
  ids.alpha = projects.alpha;
  ids.beta = projects.beta;
  world.examples = examplesByKind(ids, tokens);
  world.pool.push(...Object.values(ids), projects.alpha, projects.beta, "42", "member", "RegionOne", "default");
  return world;
}

type Examples = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** "?name" is a parameter of the query, "x-name" a header. What is not there is missing here, too: the test of ownership says so. */
const examplesByKind = (ids: Record<string, string>, tokens: World["tokens"]): Examples => {
  const of = (name: string): string => {
    const id = ids[name];
    if (id === undefined) throw new Error(`the world has no ${name}`);
    return id;
  };
  return {
    image: { image_id: of("image") },
    "shared image": { image_id: of("image") },
    "image membership": { image_id: of("lent"), member_id: of("alpha") },
    "metadata namespace": {
      namespace: of("metadata_namespace"),
      object: "thing",
      property: "thing",
      tag: "thing",
      resource_type: "OS::Nova::Flavor",
    },
    message: { message_id: of("message") },
    server: { server_id: of("server") },
    "server group": { id: of("server_group") },
    project: { id: of("alpha"), project_id: of("alpha"), quota_project_id: of("alpha") },
    "project asked for": { "?project_id": of("alpha") },
    flavor: { flavor_id: "42", id: of("network_flavor") },
    "service profile": { id: of("service_profile") },
    "security group": { id: of("security_group") },
    "security group rule": { id: of("security_group_rule") },
    "floating IP": { id: of("floatingip") },
    floatingip: { id: of("floatingip"), fip_id: of("floatingip") },
    network: { id: of("network") },
    subnet: { id: of("subnet") },
    subnetpool: { id: of("subnetpool") },
    port: { id: of("port") },
    router: { id: of("router") },
    "address scope": { id: of("address_scope") },
    "address group": { id: of("address_group") },
    "rbac policy": { id: of("rbac_policy") },
    "user of key pairs": { "?user_id": of("member") },
    volume: { id: of("volume"), volume_id: of("volume") },
    snapshot: { id: of("snapshot"), snapshot_id: of("snapshot") },
    attachment: { attachment_id: of("attachment") },
    "volume type": { type_id: of("type") },
    user: { user_id: of("member") },
    token: { "x-subject-token": tokens.member ?? "" },
    credential: { credential_id: of("credential") },
    "EC2 key": { user_id: of("member"), access: of("ec2") },
    "application credential": { user_id: of("member"), credential_id: of("application_credential") },
    "access rule": { user_id: of("member"), rule_id: of("access_rule") },
    trust: { trust_id: of("trust") },
    "parties of trusts": { "?trustor_user_id": of("member") },
    limit: { limit_id: of("limit") },
    domain: { domain_id: "default" },
    group: { group_id: of("a group") },
    membership: { group_id: of("a group"), user_id: of("member") },
    role: { role_id: of("a role") },
    "implied role": { role_id: of("a role"), implied_id: of("another role") },
    endpoint: { endpoint_id: of("endpoint") },
    "object-account": { account: of("account") },
    "object-container": { account: of("account"), container: of("container") },
    object: { account: of("account"), container: of("container"), object: of("object") },
    stack: { stack_name: "st", stack_id: of("stack") },
    "named stack": { named: "st" },
    "software config": { config_id: of("software_config") },
    "software deployment": { deployment_id: of("software_deployment") },
    "s3-bucket": { bucket: of("container") },
    "s3-object": { bucket: of("container"), key: of("object") },
    ...Object.fromEntries(
      ["project", "domain", "system"].flatMap((target) => {
        const grant = { target_id: target === "domain" ? "default" : of("alpha"), role_id: of("a role") };
        return [
          [`${target} user grant`, { ...grant, actor_id: of("member") }],
          [`${target} group grant`, { ...grant, actor_id: of("a group") }],
        ];
      }),
    ),
  };
};

type Must = (
  persona: Persona,
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
) => Promise<Json>;

async function populate({ ids, owned, projects }: World, must: Must, idle: () => Promise<void>): Promise<void> {
  /** Makes one as alpha's member and remembers where it is. */
  const make = async (kind: string, prefix: string, body: Json, key: string, field = "id", headers = {}) => {
    const answer = await must("member", "POST", prefix, body, headers);
    const made = key === "" ? answer : answer[key];
    ids[kind] = String(made[field]);
    owned.set(kind, `${prefix}/${made[field]}`);
    return made;
  };
  const net = "/networking/v2.0";
  const publicNetwork = (await must("admin", "GET", `${net}/networks?router:external=true`)).networks[0].id;
  ids.public = publicNetwork;
  await make("network", `${net}/networks`, { network: { name: "n" } }, "network");
  await make(
    "subnet",
    `${net}/subnets`,
    { subnet: { name: "s", network_id: ids.network, ip_version: 4, cidr: "10.9.0.0/24" } },
    "subnet",
  );
  await make(
    "router",
    `${net}/routers`,
    { router: { name: "r", external_gateway_info: { network_id: publicNetwork } } },
    "router",
  );
  await must("member", "PUT", `${net}/routers/${ids.router}/add_router_interface`, { subnet_id: ids.subnet });
  await make("port", `${net}/ports`, { port: { name: "p", network_id: ids.network } }, "port");
  await make("floatingip", `${net}/floatingips`, { floatingip: { floating_network_id: publicNetwork } }, "floatingip");
  await make("security_group", `${net}/security-groups`, { security_group: { name: "g" } }, "security_group");
  await make(
    "security_group_rule",
    `${net}/security-group-rules`,
    { security_group_rule: { security_group_id: ids.security_group, direction: "ingress", protocol: "tcp" } },
    "security_group_rule",
  );
  await make(
    "subnetpool",
    `${net}/subnetpools`,
    { subnetpool: { name: "sp", prefixes: ["10.77.0.0/16"] } },
    "subnetpool",
  );
  await make(
    "address_scope",
    `${net}/address-scopes`,
    { address_scope: { name: "as", ip_version: 4 } },
    "address_scope",
  );
  await make(
    "address_group",
    `${net}/address-groups`,
    { address_group: { addresses: ["10.5.0.0/24"] } },
    "address_group",
  );
  await make(
    "rbac_policy",
    `${net}/rbac-policies`,
    {
      rbac_policy: {
        object_type: "network",
        object_id: ids.network,
        action: "access_as_shared",
        target_tenant: "0".repeat(32),
      },
    },
    "rbac_policy",
  );
  const netFlavor = { flavor: { name: "nf", service_type: "L3_ROUTER_NAT" } };
  ids.network_flavor = (await must("admin", "POST", `${net}/flavors`, netFlavor)).flavor.id;
  const profile = { service_profile: { metainfo: "{}" } };
  ids.service_profile = (await must("admin", "POST", `${net}/service_profiles`, profile)).service_profile.id;
  const accept = { accept: "application/json" };
  await make(
    "image",
    "/image/v2/images",
    { name: "i", disk_format: "raw", container_format: "bare" },
    "",
    "id",
    accept,
  );
  await must("member", "PUT", `/image/v2/images/${ids.image}/file`, "x".repeat(1024), {
    "content-type": "application/octet-stream",
    ...accept,
  });
  const lent = await must("admin", "POST", "/image/v2/images", { name: "lent" }, accept);
  ids.lent = lent.id;
  await must("admin", "POST", `/image/v2/images/${lent.id}/members`, { member: projects.alpha }, accept);
  const vocabulary = {
    namespace: "alphas",
    owner: projects.alpha,
    objects: [{ name: "thing" }],
    properties: { thing: { title: "T", type: "string" } },
    tags: [{ name: "thing" }],
    resource_type_associations: [{ name: "OS::Nova::Flavor" }],
  };
  ids.metadata_namespace = (await must("admin", "POST", "/image/v2/metadefs/namespaces", vocabulary, accept)).namespace;
  await make("keypair", "/compute/v2.1/os-keypairs", { keypair: { name: "k" } }, "keypair", "name");
  await make(
    "server",
    "/compute/v2.1/servers",
    { server: { name: "vm", imageRef: ids.image, flavorRef: "42", networks: [{ uuid: ids.network }] } },
    "server",
  );
  await idle();
  await make(
    "server_group",
    "/compute/v2.1/os-server-groups",
    { server_group: { name: "sg", policies: ["anti-affinity"] } },
    "server_group",
  );
  const volumes = `/volume/v3/${projects.alpha}`;
  await make("volume", `${volumes}/volumes`, { volume: { name: "v", size: 1 } }, "volume");
  await idle();
  await make("snapshot", `${volumes}/snapshots`, { snapshot: { volume_id: ids.volume, name: "vs" } }, "snapshot");
  const attaching = { attachment: { volume_uuid: ids.volume, instance_uuid: ids.server } };
  const { attachment } = await must("member", "POST", `${volumes}/attachments`, attaching, {
    "openstack-api-version": "volume 3.70",
  });
  ids.attachment = attachment.id;
  // No back end is of this vendor: what comes of it is a message to the user.
  const nobodys = { volume_type: { name: "nobodys", extra_specs: { vendor_name: "nobody" } } };
  await must("admin", "POST", "/volume/v3/types", nobodys);
  await must("member", "POST", `${volumes}/volumes`, { volume: { name: "e", size: 1, volume_type: "nobodys" } });
  await idle();
  const { messages } = await must("member", "GET", `${volumes}/messages`, undefined, {
    "openstack-api-version": "volume 3.70",
  });
  ids.message = messages[0].id;
  // Not among `owned`: Swift answers 403 for what is another's, whether it is there or not.
  Object.assign(ids, { account: `AUTH_${projects.alpha}`, container: "box", object: "thing" });
  const box = `/object-store/v1/${ids.account}/box`;
  await must("member", "PUT", box);
  await must("member", "PUT", `${box}/thing`, "bytes", { "content-type": "text/plain" });
  const stacks = `/heat-api/v1/${projects.alpha}/stacks`;
  const resources = { r: { type: "OS::Heat::RandomString" } };
  const template = { heat_template_version: "2018-08-31", resources };
  ids.stack = (await must("member", "POST", stacks, { stack_name: "st", template })).stack.id;
  owned.set("stack", `${stacks}/st/${ids.stack}`);
  const software = `/heat-api/v1/${projects.alpha}/software`;
  await make("software_config", `${software}_configs`, { name: "sc", group: "script" }, "software_config");
  const deployment = { config_id: ids.software_config, server_id: ids.server };
  await make("software_deployment", `${software}_deployments`, deployment, "software_deployment");
  await idle();
  const user = `/identity/v3/users/${ids.member}`;
  await make(
    "application_credential",
    `${user}/application_credentials`,
    { application_credential: { name: "ac" } },
    "application_credential",
  );
  const credential = await must("member", "POST", `${user}/credentials/OS-EC2`, { tenant_id: projects.alpha });
  ids.ec2 = credential.credential.access;
  const rules = [{ service: "compute", method: "GET", path: "/v2.1/servers" }];
  const narrow = { application_credential: { name: "narrow", access_rules: rules } };
  const { application_credential } = await must("member", "POST", `${user}/application_credentials`, narrow);
  ids.access_rule = application_credential.access_rules[0].id;
  const trust = { trustor_user_id: ids.member, trustee_user_id: ids.reader, project_id: projects.alpha };
  const lending = { trust: { ...trust, impersonation: false, roles: [{ name: "reader" }] } };
  await make("trust", "/identity/v3/OS-TRUST/trusts", lending, "trust");
  const factor = { credential: { type: "totp", blob: "GEZDGNBVGY3TQOJQ" } };
  await make("credential", "/identity/v3/credentials", factor, "credential");
  owned.set("ec2", `${user}/credentials/OS-EC2/${ids.ec2}`);
  const flavor = { flavor: { name: "f", ram: 64, vcpus: 1, disk: 1 } };
  ids.flavor = (await must("admin", "POST", "/compute/v2.1/flavors", flavor)).flavor.id;
  for (const [kind, body] of [
    ["group", { group: { name: "gr" } }],
    ["domain", { domain: { name: "d", enabled: false } }],
    ["role", { role: { name: "ro" } }],
    ["service", { service: { name: "sv", type: "sv" } }],
    ["user", { user: { name: "u2", password: "secret" } }],
    ["project", { project: { name: "p2" } }],
  ] as const) {
    ids[`a ${kind}`] = (await must("admin", "POST", `/identity/v3/${kind}s`, body))[kind].id;
  }
  const limited = { service_id: ids["a service"], resource_name: "things" };
  const registered = { registered_limits: [{ ...limited, default_limit: 10 }] };
  await must("admin", "POST", "/identity/v3/registered_limits", registered);
  const limit = { limits: [{ ...limited, project_id: projects.alpha, resource_limit: 5 }] };
  ids.limit = (await must("admin", "POST", "/identity/v3/limits", limit)).limits[0].id;
  ids.endpoint = (await must("admin", "GET", "/identity/v3/endpoints")).endpoints[0].id;
  ids["another role"] = (await must("admin", "POST", "/identity/v3/roles", { role: { name: "ro2" } })).role.id;
  const aggregate = await must("admin", "POST", "/compute/v2.1/os-aggregates", { aggregate: { name: "ag" } });
  ids.aggregate = String(aggregate.aggregate.id);
  ids.type = (await must("admin", "POST", "/volume/v3/types", { volume_type: { name: "t" } })).volume_type.id;
  ids.agent = (await must("admin", "GET", `${net}/agents`)).agents[0]?.id ?? "";
  ids.provider = (await must("admin", "GET", "/placement/resource_providers")).resource_providers[0].uuid;
  ids.resource_provider = ids.provider ?? "";
  const endpointGroup = { endpoint_group: { name: "eg", filters: { region_id: "RegionOne" } } };
  const madeGroup = await must("admin", "POST", "/identity/v3/OS-EP-FILTER/endpoint_groups", endpointGroup);
  ids.endpoint_group = madeGroup.endpoint_group.id;
  ids.host = (await must("admin", "GET", "/compute/v2.1/os-services")).services[0].host;
  await idle();
}
