import { createHash } from "node:crypto";
import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import { isoMicrosNaive, isoSeconds } from "../../../kernel/time/clock.ts";
import { inSlices, type Pause } from "../../../kernel/turns/slices.ts";
import { statusOf } from "../states.ts";
import type { Server } from "../store/servers.ts";
import { flavorInServer } from "./flavors.ts";

/** What decides how a server is shown, beside the server itself: the key of the cache of rendered servers. */
export interface ServerViewOptions {
  version: Microversion;
  /** "http://10.0.0.5/compute/v2.1" */
  base: string;
  /** "http://10.0.0.5/compute": bookmarks have no version. */
  bookmarks: string;
  /** Policy os-extended-server-attributes: host, names, user data. */
  extended: boolean;
  /** Policy servers:show:host_status. */
  hostStatus: boolean;
  instanceNamePrefix: string;
  /** Of the one host, when it may be shown: "UP", "DOWN", "MAINTENANCE". */
  hostState: string;
}

const PROGRESS = new Set(["ACTIVE", "BUILD", "REBUILD", "RESIZE", "VERIFY_RESIZE", "MIGRATING"]);
const FAULTY = new Set(["ERROR", "DELETED"]);

export function serverLinks(server: Pick<Server, "id">, options: Pick<ServerViewOptions, "base" | "bookmarks">) {
  return [
    { rel: "self", href: `${options.base}/servers/${server.id}` },
    { rel: "bookmark", href: `${options.bookmarks}/servers/${server.id}` },
  ];
}

export const serverSummary = (server: Server, options: ServerViewOptions) => ({
  id: server.id,
  name: server.name,
  links: serverLinks(server, options),
});

/** Network label → addresses, as `addresses` and /ips show them. */
export function addressesOf(server: Server, extended: boolean) {
  const networks: Record<string, Record<string, unknown>[]> = {};
  for (const vif of server.vifs) {
    let list = networks[vif.networkName];
    if (list === undefined) {
      list = [];
      networks[vif.networkName] = list;
    }
    const add = (address: string, version: 4 | 6, type: "fixed" | "floating") =>
      list.push({
        version,
        addr: address,
        ...(extended ? { "OS-EXT-IPS:type": type, "OS-EXT-IPS-MAC:mac_addr": vif.mac } : {}),
      });
    for (const { address, version } of vif.fixedIps) add(address, version, "fixed");
    for (const { floatingIps } of vif.fixedIps) for (const address of floatingIps) add(address, 4, "floating");
  }
  return networks;
}

/** An opaque name of the host that differs from project to project. */
export function hostIdOf(server: Pick<Server, "host" | "projectId">): string {
  if (server.host === null) return "";
  return createHash("sha224")
    .update(server.projectId + server.host)
    .digest("hex");
}

/** Names of security groups that the server's ports are in; set from outside, for it needs the network service. */
export type GroupNames = (server: Server) => readonly string[];

/** The full view; the order of attributes is that of the real service. */
export function serverDetail(
  server: Server,
  options: ServerViewOptions,
  groupNames: GroupNames,
): Record<string, unknown> {
  const { version } = options;
  const since = (text: string): boolean => version >= mv(text);
  const status = statusOf(server);
  const view: Record<string, unknown> = {
    id: server.id,
    name: server.name,
    status,
    tenant_id: server.projectId,
    user_id: server.userId,
    metadata: server.metadata,
    hostId: hostIdOf(server),
    image:
      server.imageId === ""
        ? ""
        : {
            id: server.imageId,
            links: [{ rel: "bookmark", href: `${options.bookmarks}/images/${server.imageId}` }],
          },
    flavor: flavorInServer(server.flavor, version, (path) => `${options.bookmarks}/${path}`),
    created: isoSeconds(server.createdAt),
    updated: isoSeconds(server.updatedAt),
    addresses: addressesOf(server, true),
    accessIPv4: server.accessIpV4 ?? "",
    accessIPv6: server.accessIpV6 ?? "",
    links: serverLinks(server, options),
    "OS-DCF:diskConfig": server.diskConfig,
  };
  if (FAULTY.has(status) && server.fault !== null) view.fault = faultView(server.fault, options.extended);
  if (PROGRESS.has(status)) view.progress = server.progress;
  view["OS-EXT-AZ:availability_zone"] = server.availabilityZone ?? "";
  view.config_drive = server.configDrive;
  view.key_name = server.keyName;
  view["OS-SRV-USG:launched_at"] = stamp(server.launchedAt);
  view["OS-SRV-USG:terminated_at"] = stamp(server.terminatedAt);
  const groups = groupNames(server);
  if (groups.length > 0) view.security_groups = groups.map((name) => ({ name }));
  if (options.extended) Object.assign(view, extendedAttributes(server, options, since("2.3")));
  view["OS-EXT-STS:task_state"] = server.taskState;
  view["OS-EXT-STS:vm_state"] = server.vmState;
  view["OS-EXT-STS:power_state"] = server.powerState;
  view["os-extended-volumes:volumes_attached"] = server.blockDevices
    .filter(({ volumeId, attachmentId }) => volumeId !== null && attachmentId !== null)
    .map(({ volumeId, deleteOnTermination }) => ({
      id: volumeId,
      ...(since("2.3") ? { delete_on_termination: deleteOnTermination } : {}),
    }));
  if (since("2.9")) view.locked = server.lockedBy !== null;
  if (since("2.16") && options.hostStatus) view.host_status = server.host === null ? "" : options.hostState;
  if (since("2.19")) view.description = server.description;
  if (since("2.26")) view.tags = server.tags;
  if (since("2.63")) view.trusted_image_certificates = server.trustedCertificates;
  if (since("2.73")) view.locked_reason = server.lockedReason;
  if (since("2.90") && !options.extended) view["OS-EXT-SRV-ATTR:hostname"] = server.hostname;
  if (since("2.96")) view.pinned_availability_zone = server.requestedZone;
  return view;
}

function extendedAttributes(server: Server, options: ServerViewOptions, full: boolean): Record<string, unknown> {
  const name =
    server.host === null ? "" : `${options.instanceNamePrefix}${server.number.toString(16).padStart(8, "0")}`;
  return {
    "OS-EXT-SRV-ATTR:host": server.host,
    "OS-EXT-SRV-ATTR:instance_name": name,
    "OS-EXT-SRV-ATTR:hypervisor_hostname": server.host,
    ...(full
      ? {
          "OS-EXT-SRV-ATTR:hostname": server.hostname,
          "OS-EXT-SRV-ATTR:kernel_id": server.imageProperties.kernel_id ?? "",
          "OS-EXT-SRV-ATTR:launch_index": server.launchIndex,
          "OS-EXT-SRV-ATTR:ramdisk_id": server.imageProperties.ramdisk_id ?? "",
          "OS-EXT-SRV-ATTR:reservation_id": server.reservationId,
          "OS-EXT-SRV-ATTR:root_device_name": server.rootDeviceName,
          "OS-EXT-SRV-ATTR:user_data": server.userData,
        }
      : {}),
  };
}

function faultView(fault: NonNullable<Server["fault"]>, withDetails: boolean): Record<string, unknown> {
  return {
    code: fault.code,
    created: isoSeconds(fault.createdAt),
    message: fault.message,
    // A 500's details are a stack: for admins only.
    ...(withDetails || fault.code !== 500 ? { details: fault.details } : {}),
  };
}

const stamp = (time: number | null): string | null =>
  time === null ? null : isoMicrosNaive(Math.floor(time / 1000) * 1000);

/** A page as it was sent, and what it was made of. */
interface Page {
  servers: readonly Server[];
  bytes: Uint8Array;
}

const PAGES = 8;

/**
 * Rendered servers, kept as long as the parsed row they were made of: a page of unchanged ones is a join of strings, and
 * the last pages are kept as a whole, for clients that ask for the same again and again.
 */
export class ServerRenderer {
  readonly #rendered = new WeakMap<Server, Map<string, string>>();
  readonly #pages = new Map<string, Page>();

  /** `{"servers": […], "servers_links": […]}`; `groupNames` is asked for only where something is new, of so many a turn. */
  async page(
    servers: readonly Server[],
    options: ServerViewOptions,
    detailed: boolean,
    next: { rel: string; href: string } | null,
    { groupNames, pause }: { groupNames(servers: readonly Server[]): GroupNames; pause: Pause },
  ): Promise<Uint8Array> {
    const links = next === null ? "" : `, "servers_links": ${JSON.stringify([next])}`;
    const view = viewKey(options, detailed);
    const key = view + links;
    const known = this.#pages.get(key);
    if (known?.servers.length === servers.length && servers.every((server, n) => server === known.servers[n]))
      return known.bytes;
    const render = (slice: readonly Server[]) => this.#render(slice, options, detailed, view, groupNames(slice));
    const items = await inSlices(servers, pause, render);
    const bytes = Buffer.from(`{"servers": [${items.join(", ")}]${links}}`);
    if (this.#pages.size >= PAGES) this.#pages.clear();
    this.#pages.set(key, { servers, bytes });
    return bytes;
  }

  #render(
    servers: readonly Server[],
    options: ServerViewOptions,
    detailed: boolean,
    key: string,
    groupNames: GroupNames,
  ): string[] {
    return servers.map((server) => {
      let texts = this.#rendered.get(server);
      if (texts === undefined) {
        texts = new Map();
        this.#rendered.set(server, texts);
      }
      let text = texts.get(key);
      if (text === undefined) {
        text = JSON.stringify(detailed ? serverDetail(server, options, groupNames) : serverSummary(server, options));
        if (texts.size > 8) texts.clear();
        texts.set(key, text);
      }
      return text;
    });
  }
}

const viewKey = (options: ServerViewOptions, detailed: boolean): string =>
  `${detailed}|${options.version}|${options.base}|${options.extended}|${options.hostStatus}|${options.hostState}`;
