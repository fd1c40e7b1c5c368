import { ApiError } from "../../../../kernel/errors.ts";
import { valueMistake } from "../../language/mistakes.ts";
import { given, idOf, idOrNull, lost, NOVA, nameOf, orGone } from "../asking.ts";
import { textOrConfig } from "../heat/software-config.ts";
import { subnetsOfServer } from "../neutron/implied.ts";
import { requireTransportOf, softwareUserData, tellServer } from "../software-transport.ts";
import {
  inError,
  type Made,
  ResourceError,
  type ResourceType,
  type Run,
  replace,
  unknownStatus,
  type Values,
  type Wanted,
} from "../types.ts";
import { changeNetworks, networksAreChanged, portsAreFree, takePortsBack } from "./server-network-changes.ts";
import { nicsOf, ownPorts, type WantedNic } from "./server-networks.ts";
import { formerAttributes, serverAttributes, serverProperties } from "./server-schema.ts";

export interface Server {
  readonly id: string;
  readonly status: string;
  readonly name: string;
  readonly addresses: Readonly<
    Record<
      string,
      readonly { addr: string; version: number; "OS-EXT-IPS-MAC:mac_addr": string; "OS-EXT-IPS:type": string }[]
    >
  >;
  readonly fault?: { readonly message: string; readonly code: number };
  readonly [attribute: string]: unknown;
}

export async function serverOf({ call, physicalId }: Pick<Made, "call" | "physicalId">): Promise<Server | null> {
  if (physicalId === null) return null;
  const body = await orGone(() =>
    call<{ server: Server }>("compute", "servers:show", { ...NOVA, params: { server_id: physicalId } }),
  );
  return body?.server ?? null;
}

/** Statuses on the way to another. */
const PASSING = [
  "BUILD",
  "HARD_REBOOT",
  "PASSWORD",
  "REBOOT",
  "RESCUE",
  "RESIZE",
  "REVERT_RESIZE",
  "SHUTOFF",
  "SUSPENDED",
  "VERIFY_RESIZE",
  "REBUILD",
];

const gone = ({ physicalId }: Pick<Made, "physicalId">) =>
  new ApiError(404, `Instance ${physicalId} could not be found.`);

/** Errors: what its service says went wrong. */
function isActive(run: Pick<Run, "name" | "physicalId">, server: Server | null): boolean {
  if (server === null) throw gone(run);
  if (server.status === "ACTIVE") return true;
  if (server.status === "ERROR") {
    const { message = "Unknown", code = "Unknown" } = server.fault ?? {};
    throw inError(`Message: ${message}, Code: ${code}`);
  }
  if (PASSING.includes(server.status)) return false;
  throw unknownStatus("Server is not active", server.status);
}

interface Device extends Record<string, unknown> {
  volume_id: string | null;
  snapshot_id: string | null;
}

/** As it is; with where to ask for software to set up, for guests whose agent does, and with what templates tell heat's own tools. */
async function userDataOf(run: Run): Promise<string> {
  const { user_data, user_data_format } = run.properties as Values;
  const given = await textOrConfig(run, String(user_data ?? ""));
  if (user_data_format === "SOFTWARE_CONFIG") {
    await tellServer(run, ["ec2"]);
    return softwareUserData(run, given);
  }
  const isForTools = user_data_format === "HEAT_CFNTOOLS" && Object.keys(run.metadata).length > 0;
  return isForTools ? softwareUserData(run, given) : given;
}

async function bodyOf(run: Run): Promise<Record<string, unknown>> {
  const p = run.properties as Values;
  const networks = await nicsOf(run);
  const userData = await userDataOf(run);
  const groups = p.security_groups as readonly string[] | null;
  const hasOwnPorts = Array.isArray(networks) && networks.some((nic) => nic.port !== undefined);
  const config = given({
    name: nameOf(run),
    flavorRef: await idOf(run, "flavor", String(p.flavor)),
    imageRef: (await idOrNull(run, "image", p.image as string | null)) ?? "",
    key_name: p.key_name === "" ? null : p.key_name,
    availability_zone: p.availability_zone,
    metadata: Object.fromEntries(
      Object.entries((p.metadata ?? {}) as Values).map(([key, value]) => [key, String(value)]),
    ),
    config_drive: p.config_drive,
    adminPass: p.admin_pass,
    "OS-DCF:diskConfig": p.diskConfig,
    tags: p.tags,
    user_data: userData === "" ? null : Buffer.from(userData).toString("base64"),
    security_groups:
      groups === null || groups.length === 0 || (hasOwnPorts && groups.length === 0)
        ? null
        : groups.map((name) => ({ name })),
  });
  return { ...config, networks, ...(await devicesOf(run)) };
}

async function devicesOf(run: Run): Promise<Record<string, unknown>> {
  const { block_device_mapping, block_device_mapping_v2 } = run.properties as unknown as {
    block_device_mapping:
      | readonly (Device & { device_name: string; volume_size: number | null; delete_on_termination: boolean | null })[]
      | null;
    block_device_mapping_v2:
      | readonly (Device & {
          image: string | null;
          image_id: string | null;
          swap_size: number | null;
          ephemeral_size: number | null;
          ephemeral_format: string | null;
        })[]
      | null;
  };
  const old = (block_device_mapping ?? []).map(
    ({ device_name, volume_id, snapshot_id, volume_size, delete_on_termination }) =>
      given({
        boot_index: device_name.endsWith("vda") || device_name === "vda" ? 0 : null,
        device_name,
        source_type: snapshot_id === null ? "volume" : "snapshot",
        destination_type: "volume",
        uuid: volume_id ?? snapshot_id,
        volume_size,
        delete_on_termination,
      }),
  );
  const present = await Promise.all(
    (block_device_mapping_v2 ?? []).map(
      async (
        { volume_id, snapshot_id, image, image_id, swap_size, ephemeral_size, ephemeral_format, ...others },
        index,
      ) => {
        const own = (source: string, destination: string, uuid: string | null) => ({
          source_type: source,
          destination_type: destination,
          uuid,
        });
        const imageId = await idOrNull(run, "image", image ?? image_id);
        const source =
          volume_id !== null
            ? own("volume", "volume", await idOf(run, "volume", volume_id))
            : snapshot_id !== null
              ? own("snapshot", "volume", snapshot_id)
              : imageId !== null
                ? own("image", "volume", imageId)
                : {
                    source_type: "blank",
                    destination_type: "local",
                    volume_size: swap_size ?? ephemeral_size,
                    guest_format: swap_size === null ? ephemeral_format : "swap",
                  };
        const isBlank = source.source_type === "blank";
        const bootIndex = others.boot_index ?? (index === 0 && !isBlank ? 0 : isBlank ? -1 : null);
        return given({
          ...others,
          ...source,
          boot_index: bootIndex,
          delete_on_termination: isBlank ? true : others.delete_on_termination,
        });
      },
    ),
  );
  const all = [...old, ...present];
  return all.length === 0 ? {} : { block_device_mapping_v2: all };
}

export const server: ResourceType = {
  isNeededUnsaid: true,
  alsoNeeds: subnetsOfServer,
  name: "OS::Nova::Server",
  service: { name: "compute", client: "nova" },
  description: "A server.",
  properties: serverProperties,
  attributes: serverAttributes,
  formerAttributes,
  validate(wanted) {
    if ((wanted.properties as Values).user_data_format === "SOFTWARE_CONFIG") requireTransportOf(wanted);
    return validateServer(wanted);
  },
  async create(run) {
    if (run.physicalId !== null) return;
    const left = await lost(run, async () => {
      const query = { name: `^${nameOf(run)}$` };
      return (
        await run.call<{ servers: { id: string; created: string }[] }>("compute", "servers:detail", { ...NOVA, query })
      ).servers;
    });
    if (left !== null) return run.setPhysicalId(left);
    const body = {
      server: await bodyOf(run),
      ...given({ "os:scheduler_hints": (run.properties as Values).scheduler_hints }),
    };
    const made = await run.call<{ server: { id: string } }>("compute", "servers:create", { ...NOVA, body });
    run.setPhysicalId(made.server.id);
  },
  isCreated: async (run) => isActive(run, await serverOf(run)),
  release: portsAreFree,
  takeBack: takePortsBack,
  async update(run, changed) {
    if (
      changed.software_config_transport !== undefined &&
      (run.properties as Values).user_data_format === "SOFTWARE_CONFIG"
    )
      await tellServer(run, ["ec2"]);
    await updateServer(run, changed);
  },
  async isUpdated(run) {
    if (!(await networksAreChanged(run))) return false;
    const found = await serverOf(run);
    if (found?.status === "VERIFY_RESIZE") {
      await action(run, "confirmResize", null);
      return false;
    }
    return found !== null && (found.status === "SHUTOFF" || isActive(run, found));
  },
  async delete(run) {
    const { physicalId } = run;
    if (physicalId !== null) {
      await orGone(() => run.call("compute", "servers:delete", { ...NOVA, params: { server_id: physicalId } }));
    }
  },
  async isDeleted(run) {
    const found = await serverOf(run);
    if (found !== null && found.status !== "DELETED" && found.status !== "SOFT_DELETED") {
      if (found.status === "ERROR")
        throw inError(`Server ${run.name} delete failed: ${found.fault?.message ?? "Unknown"}`);
      return false;
    }
    for (const { id } of ownPorts(run)) await orGone(() => run.call("network", "ports:delete", { params: { id } }));
    run.user.delete();
    return true;
  },
  async suspend(run) {
    const found = await serverOf(run);
    if (found === null) throw gone(run);
    if (found.status === "ACTIVE") await action(run, "suspend", null);
  },
  async isSuspended(run) {
    const found = await serverOf(run);
    if (found === null) throw gone(run);
    if (found.status === "SUSPENDED") return true;
    if (found.status === "ACTIVE" || PASSING.includes(found.status)) return false;
    throw unknownStatus("Suspend of server failed", found.status);
  },
  async resume(run) {
    const found = await serverOf(run);
    if (found === null) throw gone(run);
    if (found.status === "SUSPENDED") await action(run, "resume", null);
  },
  isResumed: async (run) => isActive(run, await serverOf(run)),
  async check(run) {
    const found = await serverOf(run);
    if (found === null) throw gone(run);
    if (!isActive(run, found)) throw new ResourceError("Error", `Server is not ACTIVE anymore, got: ${found.status}`);
  },
  async snapshot(run) {
    if (run.data.snapshot_image_id !== undefined) return;
    const params = { server_id: run.physicalId ?? "" };
    const body = { createImage: { name: run.physicalName(), metadata: {} } };
    const made = await run.call<{ image_id: string }>("compute", "server-actions:createImage", {
      ...NOVA,
      params,
      body,
    });
    run.setData("snapshot_image_id", made.image_id);
  },
  async isSnapshotDone(run) {
    const params = { image_id: String(run.data.snapshot_image_id) };
    const image = await run.call<{ status: string }>("image", "images:show", { params });
    if (image.status === "active") return true;
    if (image.status === "killed" || image.status === "deleted") throw new ResourceError("Error", image.status);
    return false;
  },
  show: serverOf,
  attribute: serverAttribute,
};

const action = (run: Run, name: string, body: unknown) =>
  run.call("compute", `server-actions:${name}`, {
    ...NOVA,
    params: { server_id: run.physicalId ?? "" },
    body: { [name]: body },
  });

async function updateServer(run: Run, changed: Values): Promise<void> {
  const p = run.properties as Values;
  const params = { server_id: run.physicalId ?? "" };
  const policy = (name: string) => p[name] as string;
  if (changed.flavor !== undefined && policy("flavor_update_policy") === "REPLACE") throw replace();
  if (changed.image !== undefined && policy("image_update_policy") === "REPLACE") throw replace();
  if (changed.user_data !== undefined && policy("user_data_update_policy") === "REPLACE") throw replace();
  if (changed.networks !== undefined) await changeNetworks(run);
  if (changed.name !== undefined) {
    await run.call("compute", "servers:update", { ...NOVA, params, body: { server: { name: nameOf(run) } } });
  }
  if (changed.metadata !== undefined) {
    await run.call("compute", "server-metadata:replace", {
      ...NOVA,
      params,
      body: { metadata: changed.metadata ?? {} },
    });
  }
  if (changed.tags !== undefined) {
    await run.call("compute", "server-tags:replace", { ...NOVA, params, body: { tags: changed.tags ?? [] } });
  }
  if (typeof changed.admin_pass === "string") await action(run, "changePassword", { adminPass: changed.admin_pass });
  if (typeof changed.image === "string") {
    await action(run, "rebuild", { imageRef: await idOf(run, "image", changed.image), name: nameOf(run) });
  } else if (changed.flavor !== undefined) {
    await action(run, "resize", { flavorRef: await idOf(run, "flavor", String(changed.flavor)) });
  }
}

async function validateServer({ properties }: Wanted): Promise<void> {
  const p = properties as Values;
  const nics = (p.networks ?? []) as readonly WantedNic[];
  const devices = [
    ...((p.block_device_mapping ?? []) as unknown[]),
    ...((p.block_device_mapping_v2 ?? []) as unknown[]),
  ];
  if ((p.image ?? null) === null && devices.length === 0) {
    throw valueMistake("Neither image nor bootable volume is specified for instance server");
  }
  for (const nic of nics) {
    if (
      nic.network === null &&
      nic.uuid === null &&
      nic.port === null &&
      nic.subnet === null &&
      nic.allocate_network === null
    ) {
      throw valueMistake(
        'One of the properties "network", "port", "allocate_network" or "subnet" should be set for the specified network of server "server".',
      );
    }
  }
  if (nics.length > 1 && nics.some(({ allocate_network }) => allocate_network !== null)) {
    throw valueMistake('Can not specify "allocate_network" with other keys of networks at the same time.');
  }
}

async function serverAttribute(made: Made, name: string): Promise<unknown> {
  if (name === "name") return (made.properties as Values).name ?? made.physicalName();
  if (name === "os_collect_config") return made.metadata["os-collect-config"] ?? {};
  const found = await serverOf(made);
  if (found === null) return null;
  switch (name) {
    case "first_address":
      return Object.values(await networksOf(made, found))[0]?.[0] ?? "";
    case "networks":
      return networksOf(made, found);
    case "addresses":
      return addressesOf(made, found);
    case "instance_name":
      return found["OS-EXT-SRV-ATTR:instance_name"] ?? null;
    case "tags":
      return found.tags ?? [];
    case "console_urls":
      return consolesOf(made);
    default:
      return found[name] ?? null;
  }
}

interface Port {
  readonly id: string;
  readonly network_id: string;
  readonly mac_address: string;
  readonly fixed_ips: readonly { subnet_id: string; ip_address: string }[];
}

/** The server's ports with their networks' names: nova tells addresses by name alone. */
async function portsOf({ call }: Made, server: Server) {
  const { ports } = await call<{ ports: Port[] }>("network", "ports:list", { query: { device_id: server.id } });
  return ports;
}

/** Name or id of a network → addresses, in the order of the server's cards. */
async function networksOf(made: Made, server: Server): Promise<Record<string, string[]>> {
  const ports = await portsOf(made, server);
  const networks: Record<string, string[]> = {};
  for (const [name, entries] of Object.entries(server.addresses)) {
    networks[name] = entries.map(({ addr }) => addr);
    const [first] = entries;
    const port = ports.find(({ mac_address }) => mac_address === first?.["OS-EXT-IPS-MAC:mac_addr"]);
    if (port !== undefined) networks[port.network_id] = networks[name];
  }
  return networks;
}

async function addressesOf(made: Made, server: Server): Promise<Record<string, unknown[]>> {
  const ports = await portsOf(made, server);
  const { call } = made;
  const details = new Map<string, Promise<{ network: unknown; subnets: unknown[] }>>();
  const detailsOf = (port: Port) => {
    const known = details.get(port.id) ?? loadDetails(call, port);
    details.set(port.id, known);
    return known;
  };
  const entries = Object.entries(server.addresses).map(async ([name, list]) => {
    const extended = await Promise.all(
      list.map(async (entry) => {
        const port = ports.find(({ mac_address }) => mac_address === entry["OS-EXT-IPS-MAC:mac_addr"]);
        return port === undefined ? entry : { ...entry, port: port.id, ...(await detailsOf(port)) };
      }),
    );
    const network = ports.find(({ mac_address }) => mac_address === list[0]?.["OS-EXT-IPS-MAC:mac_addr"])?.network_id;
    return network === undefined
      ? [[name, extended] as const]
      : [[name, extended] as const, [network, extended] as const];
  });
  return Object.fromEntries((await Promise.all(entries)).flat());
}

async function loadDetails(call: Made["call"], port: Port): Promise<{ network: unknown; subnets: unknown[] }> {
  const { network } = await call<{ network: unknown }>("network", "networks:show", { params: { id: port.network_id } });
  const subnets = await Promise.all(
    port.fixed_ips.map(
      async ({ subnet_id }) =>
        (await call<{ subnet: unknown }>("network", "subnets:show", { params: { id: subnet_id } })).subnet,
    ),
  );
  return { network, subnets };
}

const CONSOLES = [
  ["vnc", "novnc"],
  ["serial", "serial"],
] as const;

async function consolesOf({ call, physicalId }: Made): Promise<Record<string, string>> {
  const urls = await Promise.all(
    CONSOLES.map(async ([protocol, type]) => {
      try {
        const body = { remote_console: { protocol, type } };
        const answer = await call<{ remote_console: { url: string } }>("compute", "remote-consoles:create", {
          ...NOVA,
          params: { server_id: physicalId ?? "" },
          body,
        });
        return [type, answer.remote_console.url] as const;
      } catch (error) {
        return [type, `Cannot get console url: ${error instanceof Error ? error.message : String(error)}`] as const;
      }
    }),
  );
  return Object.fromEntries(urls);
}
