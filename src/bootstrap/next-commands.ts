import type { Settings } from "../kernel/config/settings.ts";
import { ApiClient, type Body } from "./api-client.ts";

/** What user demo finds in the cloud, for commands that work when they are pasted. */
export interface Found {
  /** The image to boot, and the user of its `ssh`. */
  image: { name: string; id: string; login: string } | null;
  /** A flavor that the image fits into; null when there is none. */
  flavor: { name: string; id: string } | null;
  /** A network to boot on; null when there is none yet. */
  network: { name: string; id: string } | null;
  /** The external network, where it gives out IPv4 addresses and a router leads there (or none is needed yet). */
  external: { name: string; id: string } | null;
  /** Whether the default security group lets these in already. */
  open: { icmp: boolean; ssh: boolean };
  /** Names that are taken. */
  keys: readonly string[];
  servers: readonly string[];
}

/** Asks the cloud as demo; what configuration promises where it does not answer that user any more. */
export async function findForDemo(settings: Settings): Promise<Found> {
  try {
    return await findWith(settings, await ApiClient.login(settings, "demo", "demo"));
  } catch {
    return promised(settings);
  }
}

/** @throws ApiCallFailed */
export async function findWith(settings: Settings, api: ApiClient): Promise<Found> {
  const [images, flavors, networks, routers, groups, keys, servers]: Body[] = await Promise.all([
    api.get("/image/v2/images?status=active&limit=200"),
    api.get("/compute/v2.1/flavors/detail"),
    api.get("/networking/v2.0/networks"),
    api.get(`/networking/v2.0/routers?project_id=${api.projectId}`),
    api.get(`/networking/v2.0/security-groups?name=default&project_id=${api.projectId}`),
    api.get("/compute/v2.1/os-keypairs"),
    api.get("/compute/v2.1/servers"),
  ]);
  const image = pick(images.images, settings.image.defaultName);
  const inner = networks.networks.filter((one: Body) => !one["router:external"] && one.subnets.length > 0);
  const network = pick(inner, settings.network.privateNetworkName);
  const outer = networks.networks.filter((one: Body) => one["router:external"] && one.subnets.length > 0);
  const reached = network === null || routers.routers.some((one: Body) => one.external_gateway_info !== null);
  const external =
    reached && settings.network.ipVersion !== "6" ? pick(outer, settings.network.publicNetworkName) : null;
  const rules = groups.security_groups[0]?.security_group_rules ?? [];
  return {
    image: image === null ? null : { ...named(image), login: loginOf(image.name) },
    flavor: smallest(flavors.flavors, image, settings.compute.defaultInstanceType),
    network: network === null ? null : named(network),
    external: external === null ? null : named(external),
    open: { icmp: lets(rules, "icmp", null), ssh: lets(rules, "tcp", 22) },
    keys: keys.keypairs.map((one: Body) => one.keypair.name),
    servers: servers.servers.map((one: Body) => one.name),
  };
}

function promised({ network, image, compute }: Settings): Found {
  const made = network.createInitialNetworks;
  const words = network.securityGroupOpen;
  const only = (name: string) => ({ name, id: name });
  return {
    image: image.downloadDefaultImages ? { ...only(image.defaultName), login: loginOf(image.defaultName) } : null,
    flavor: only(compute.defaultInstanceType === null ? "m1.nano" : "m1.tiny"),
    network: made ? only(network.privateNetworkName) : null,
    external: made && network.ipVersion !== "6" ? only(network.publicNetworkName) : null,
    open: { icmp: words.includes("icmp"), ssh: words.includes("ssh") },
    keys: [],
    servers: [],
  };
}

const named = ({ name, id }: Body): { name: string; id: string } => ({ name, id });

/** The one of that name, else the first that has one. */
const pick = (list: Body[], name: string): Body | null =>
  list.find((one) => one.name === name) ?? list.find((one) => (one.name ?? "") !== "") ?? null;

const GIB = 2 ** 30;

/** The wanted flavor, else the one with the least memory, of those that the image fits into. */
function smallest(flavors: Body[], image: Body | null, wanted: string | null): Found["flavor"] {
  const disk = Math.max(image?.min_disk ?? 0, Math.ceil((image?.virtual_size ?? 0) / GIB));
  const fitting = flavors
    .filter((one) => one.ram >= (image?.min_ram ?? 0) && (one.disk === 0 || one.disk >= disk))
    .sort((one, other) => one.ram - other.ram || one.disk - other.disk);
  const chosen = fitting.find((one) => one.name === wanted) ?? fitting[0];
  return chosen === undefined ? null : named(chosen);
}

function lets(rules: Body[], protocol: string, port: number | null): boolean {
  return rules.some(
    (rule) =>
      rule.direction === "ingress" &&
      rule.ethertype === "IPv4" &&
      rule.protocol === protocol &&
      rule.port_range_min === port &&
      rule.port_range_max === port &&
      rule.remote_group_id === null &&
      (rule.remote_ip_prefix === null || rule.remote_ip_prefix === "0.0.0.0/0"),
  );
}

/** Whom distributions' cloud images let in. */
function loginOf(image: string): string {
  const known = /^(cirros|ubuntu|debian|fedora|centos|rocky|almalinux|alpine|arch)/i.exec(image)?.[1]?.toLowerCase();
  return known ?? "USER";
}

const free = (name: string, taken: readonly string[]): string => {
  let number = 1;
  let candidate = name;
  while (taken.includes(candidate)) {
    number += 1;
    candidate = `${name.replace(/\d+$/, "")}${number}`;
  }
  return candidate;
};

/** A word of a shell. */
const word = (text: string): string => (/^[\w.,:/@+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** What to type next, one command a line, after openrc is sourced. */
export function nextCommands(found: Found, fake: boolean): string[] {
  const key = free("mykey", found.keys);
  const server = free("vm1", found.servers);
  const network = found.network?.name ?? "mynet";
  const image = found.image?.name ?? "myimage";
  const flavor = found.flavor?.name ?? "m1.tiny";
  return [
    ...(found.image === null ? ["openstack image create --disk-format qcow2 --file IMAGE.qcow2 myimage"] : []),
    ...(found.network === null ? ownNetwork(found.external?.name ?? null) : []),
    ...(found.open.icmp ? [] : ["openstack security group rule create default --proto icmp"]),
    ...(found.open.ssh ? [] : ["openstack security group rule create default --proto tcp --dst-port 22"]),
    `openstack keypair create ${key} > ${key}.pem && chmod 600 ${key}.pem`,
    `openstack server create --image ${word(image)} --flavor ${word(flavor)} --network ${word(network)} --key-name ${key} --wait ${server}`,
    ...(found.external === null
      ? [`openstack console log show ${server}`]
      : [
          `ADDRESS=$(openstack floating ip create ${word(found.external.name)} -f value -c floating_ip_address)`,
          `openstack server add floating ip ${server} $ADDRESS`,
          ...(fake ? [] : [`ssh -i ${key}.pem ${found.image?.login ?? "USER"}@$ADDRESS`]),
        ]),
  ];
}

const FIRST: Readonly<Record<string, string>> = {
  image: "openstack image list",
  "block-storage": "openstack volume create --size 1 vol1",
  network: "openstack network list",
  "object-store": "openstack container create box1",
};

/** The same of a cloud without nova: a command for each service of it (by their own names) that demo has something of. */
export function commandsWithoutGuests(services: readonly string[]): string[] {
  return ["openstack catalog list", ...services.flatMap((name) => FIRST[name] ?? [])];
}

function ownNetwork(external: string | null): string[] {
  return [
    "openstack network create mynet",
    "openstack subnet create --network mynet --subnet-range 192.168.233.0/24 mysubnet",
    ...(external === null
      ? []
      : [
          `openstack router create --external-gateway ${word(external)} myrouter`,
          "openstack router add subnet myrouter mysubnet",
        ]),
  ];
}
