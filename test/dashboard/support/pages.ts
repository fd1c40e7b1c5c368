import type { Page } from "playwright-core";
import type { DashboardLab } from "./lab.ts";

/** A page that screenshots are made of and that axe looks at. */
export interface Shown {
  readonly name: string;
  /** Behind /dashboard; a function where it holds an id. */
  readonly path: string | ((ids: Ids) => string);
  readonly user: "demo" | "admin";
  /** What is done before it is looked at. */
  prepare?(page: Page): Promise<void>;
}

export interface Ids {
  readonly server: string;
  readonly network: string;
  readonly router: string;
  readonly group: string;
  readonly project: string;
  readonly userGroup: string;
  /** One that few projects may use. */
  readonly flavor: string;
}

/** A thing in the picture of the networks. */
export const topologyNode = (page: Page, name: string) =>
  page.getByRole("region", { name: "Topology" }).getByRole("button", { name: new RegExp(`, ${name}(?: |$)`) });

/** Every page of the dashboard: a line each. */
export const shownPages: readonly Shown[] = [
  { name: "overview", path: "/overview", user: "demo" },
  { name: "instances", path: "/instances", user: "demo" },
  {
    name: "instance-actions-menu",
    path: "/instances",
    user: "demo",
    prepare: (page) => page.getByRole("button", { name: "Actions of web-1" }).click(),
  },
  { name: "instance-launch", path: "/instances/new", user: "demo" },
  { name: "instance", path: ({ server }) => `/instances/${server}`, user: "demo" },
  { name: "instance-console", path: ({ server }) => `/instances/${server}?tab=console`, user: "demo" },
  { name: "instance-log", path: ({ server }) => `/instances/${server}?tab=log`, user: "demo" },
  { name: "instance-actions", path: ({ server }) => `/instances/${server}?tab=actions`, user: "demo" },
  { name: "instance-interfaces", path: ({ server }) => `/instances/${server}?tab=interfaces`, user: "demo" },
  {
    name: "instance-delete",
    path: "/instances",
    user: "demo",
    async prepare(page) {
      await page.getByRole("button", { name: "Actions of web-1" }).click();
      await page.getByRole("menuitem", { name: "Delete" }).click();
      await page.getByRole("button", { name: "The same as a command" }).click();
    },
  },
  { name: "keypairs", path: "/keypairs", user: "demo" },
  {
    name: "keypair-create",
    path: "/keypairs",
    user: "demo",
    prepare: (page) => page.getByRole("button", { name: "Create key pair" }).click(),
  },
  { name: "images", path: "/images", user: "demo" },
  {
    name: "image-create",
    path: "/images",
    user: "demo",
    prepare: (page) => page.getByRole("button", { name: "Create image" }).click(),
  },
  { name: "volumes", path: "/volumes", user: "demo" },
  {
    name: "volume-create",
    path: "/volumes",
    user: "demo",
    prepare: (page) => page.getByRole("button", { name: "Create volume" }).click(),
  },
  { name: "snapshots", path: "/volumes?tab=snapshots", user: "demo" },
  { name: "topology", path: "/topology", user: "demo", prepare: (page) => topologyNode(page, "router1").waitFor() },
  {
    name: "topology-chosen",
    path: "/topology",
    user: "demo",
    async prepare(page) {
      await topologyNode(page, "router1").click();
      await page.getByRole("heading", { name: "Router · router1" }).waitFor();
    },
  },
  {
    name: "topology-table",
    path: "/topology?tab=table",
    user: "demo",
    prepare: (page) => page.getByRole("cell", { name: "router1", exact: true }).first().waitFor(),
  },
  { name: "networks", path: "/networks", user: "demo" },
  {
    name: "network-create",
    path: "/networks",
    user: "demo",
    prepare: (page) => page.getByRole("button", { name: "Create network" }).click(),
  },
  { name: "network", path: ({ network }) => `/networks/${network}`, user: "demo" },
  { name: "routers", path: "/routers", user: "demo" },
  { name: "router", path: ({ router }) => `/routers/${router}`, user: "demo" },
  { name: "security-groups", path: "/security-groups", user: "demo" },
  { name: "security-group", path: ({ group }) => `/security-groups/${group}`, user: "demo" },
  {
    name: "security-group-rule",
    path: ({ group }) => `/security-groups/${group}`,
    user: "demo",
    prepare: (page) => page.getByRole("button", { name: "Add rule" }).click(),
  },
  { name: "floating-ips", path: "/floating-ips", user: "demo" },
  { name: "access", path: "/access", user: "demo" },
  { name: "access-credentials", path: "/access?tab=credentials", user: "demo" },
  { name: "access-endpoints", path: "/access?tab=services", user: "demo" },
  { name: "projects", path: "/projects", user: "admin" },
  { name: "project", path: ({ project }) => `/projects/${project}`, user: "admin" },
  {
    name: "project-quotas",
    path: ({ project }) => `/projects/${project}`,
    user: "admin",
    prepare: (page) => page.getByRole("button", { name: "Set quotas" }).click(),
  },
  { name: "users", path: "/users", user: "admin" },
  {
    name: "user-create",
    path: "/users",
    user: "admin",
    prepare: (page) => page.getByRole("button", { name: "Create user" }).click(),
  },
  {
    name: "hypervisors",
    path: "/hypervisors",
    user: "admin",
    prepare: (page) => page.getByRole("meter", { name: "vCPUs" }).first().waitFor(),
  },
  { name: "flavors", path: "/flavors", user: "admin" },
  {
    name: "flavor-create",
    path: "/flavors",
    user: "admin",
    prepare: (page) => page.getByRole("button", { name: "Create flavor" }).click(),
  },
  { name: "flavor", path: ({ flavor }) => `/flavors/${flavor}`, user: "admin" },
  { name: "aggregates", path: "/aggregates", user: "admin" },
  {
    name: "cloud",
    path: "/cloud",
    user: "admin",
    prepare: (page) => page.getByRole("img", { name: /vCPU/ }).waitFor(),
  },
  ...["instances", "volumes", "snapshots", "images", "networks", "routers", "floating-ips"].map((tab) => ({
    name: `everything-${tab}`,
    path: `/everything?tab=${tab}`,
    user: "admin" as const,
    prepare: (page: Page) => page.getByRole("main").getByRole("table").waitFor(),
  })),
  { name: "agents", path: "/agents", user: "admin", prepare: (page) => page.getByText("nova-compute").waitFor() },
  { name: "defaults", path: "/defaults", user: "admin" },
  {
    name: "defaults-set",
    path: "/defaults",
    user: "admin",
    prepare: (page) => page.getByRole("button", { name: "Change defaults" }).first().click(),
  },
  { name: "domains", path: "/domains", user: "admin" },
  { name: "groups", path: "/groups", user: "admin" },
  { name: "group", path: ({ userGroup }) => `/groups/${userGroup}`, user: "admin" },
  { name: "roles", path: "/roles?tab=roles", user: "admin" },
  { name: "assignments", path: "/roles", user: "admin" },
  {
    name: "role-assign",
    path: "/roles",
    user: "admin",
    prepare: (page) => page.getByRole("button", { name: "Assign role" }).click(),
  },
  { name: "settings", path: "/settings", user: "demo" },
  {
    name: "settings-password",
    path: "/settings",
    user: "demo",
    prepare: (page) => page.getByRole("button", { name: "Change password" }).click(),
  },
  {
    name: "palette",
    path: "/overview",
    user: "demo",
    async prepare(page) {
      await page.keyboard.press("Control+k");
      await page.getByRole("dialog", { name: "Commands" }).waitFor();
    },
  },
  {
    name: "explain",
    path: ({ server }) => `/instances/${server}?tab=actions`,
    user: "demo",
    async prepare(page) {
      await page
        .getByRole("button", { name: /^Explain/ })
        .first()
        .click();
      await page.getByRole("dialog", { name: "What the request did" }).getByRole("listitem").first().waitFor();
    },
  },
];

/** What a project has after a lesson: made as demo, by the APIs. Answers the ids of what has pages of its own. */
export async function furnish(lab: DashboardLab): Promise<Ids> {
  const { daemon } = lab;
  const image = await lab.addImage("debian-12");
  const admin = daemon.token;
  const auth = {
    auth: {
      identity: {
        methods: ["password"],
        password: { user: { name: "demo", domain: { id: "default" }, password: "secret" } },
      },
      scope: { project: { name: "demo", domain: { id: "default" } } },
    },
  };
  await daemon.request("POST", "/identity/v3/auth/tokens", auth);
  const key = {
    keypair: {
      name: "laptop",
      public_key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUc1rxfW1Ma1zcTYeXYBVFL8MQXxOLzNqxCVnWTPqkq me@laptop",
    },
  };
  await daemon.request("POST", "/compute/v2.1/os-keypairs", key);
  const networks = (await daemon.request("GET", "/networking/v2.0/networks?name=private")).body.networks;
  const server = async (name: string, flavorRef: string) =>
    (
      await daemon.request("POST", "/compute/v2.1/servers", {
        server: {
          name,
          flavorRef,
          imageRef: image,
          key_name: "laptop",
          networks: [{ uuid: networks[0].id }],
          metadata: { role: name.split("-")[0] },
        },
      })
    ).body.server.id;
  const ids: string[] = [];
  for (const [name, flavor] of [
    ["web-1", "1"],
    ["web-2", "1"],
    ["database", "2"],
    ["worker-1", "1"],
    ["worker-2", "1"],
  ] as const)
    ids.push(await server(name, flavor));
  const first = async (path: string) =>
    Object.values<{ id: string }[]>((await daemon.request("GET", path)).body)[0]?.[0]?.id ?? "";
  const group = await first("/networking/v2.0/security-groups?name=default");
  await daemon.request("POST", "/networking/v2.0/security-group-rules", {
    security_group_rule: {
      security_group_id: group,
      direction: "ingress",
      protocol: "tcp",
      port_range_min: 22,
      port_range_max: 22,
    },
  });
  const pool = await first("/networking/v2.0/networks?name=public");
  await daemon.request("POST", "/networking/v2.0/floatingips", { floatingip: { floating_network_id: pool } });
  const volume = await daemon.request("POST", "/volume/v3/volumes", { volume: { name: "data", size: 5 } });
  await lab.volumeSettled(volume.body.volume.id, "available");
  await daemon.request("POST", "/volume/v3/snapshots", {
    snapshot: { volume_id: volume.body.volume.id, name: "monday" },
  });
  await daemon.request("POST", "/volume/v3/volumes", { volume: { name: "scratch", size: 1 } });
  const router = await first("/networking/v2.0/routers");
  daemon.token = admin;
  const project = await first("/identity/v3/projects?name=demo");
  for (const name of ["web-1", "web-2", "database", "worker-1", "worker-2"]) await lab.settled(name, "ACTIVE");
  await daemon.request("POST", `/compute/v2.1/servers/${ids[3]}/action`, { "os-stop": null });
  await lab.settled("worker-1", "SHUTOFF");
  const { body: made } = await daemon.request("POST", "/identity/v3/groups", {
    group: { name: "class-a", description: "Tuesdays, room 12", domain_id: "default" },
  });
  const user = await first("/identity/v3/users?name=demo");
  await daemon.request("PUT", `/identity/v3/groups/${made.group.id}/users/${user}`);
  const role = await first("/identity/v3/roles?name=reader");
  await daemon.request("PUT", `/identity/v3/projects/${project}/groups/${made.group.id}/roles/${role}`);
  const { body: size } = await daemon.request("POST", "/compute/v2.1/flavors", {
    flavor: { name: "class.large", vcpus: 4, ram: 4096, disk: 20, "os-flavor-access:is_public": false },
  });
  await daemon.request("POST", `/compute/v2.1/flavors/${size.flavor.id}/os-extra_specs`, {
    extra_specs: { "hw:cpu_policy": "shared" },
  });
  await daemon.request("POST", `/compute/v2.1/flavors/${size.flavor.id}/action`, {
    addTenantAccess: { tenant: project },
  });
  return {
    server: ids[0] ?? "",
    network: networks[0].id,
    router,
    group,
    project,
    userGroup: made.group.id,
    flavor: size.flavor.id,
  };
}
