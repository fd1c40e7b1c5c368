import { internalContext, type RequestContext } from "../../../kernel/auth/context.ts";
import { isUnwritable } from "../../../kernel/db/unwritable.ts";
import { type ApiError, badRequest, conflict, forbidden, inWords, messageOf, orNull } from "../../../kernel/errors.ts";
import type { NetworkInfo, PortInfo } from "../../network/facade.ts";
import { portInUse } from "../errors.ts";
import type { Nic, Server } from "../store/servers.ts";
import { canonicalAddress } from "../values/address.ts";
import { contextOf } from "./change.ts";
import type { Core } from "./core.ts";

/** One NIC as the create request wants it; already checked. */
export interface RequestedNic {
  networkId: string;
  portId: string | null;
  fixedIp: string | null;
  tag: string | null;
}

/** "auto": a network is made when the project has none. */
export type RequestedNetworks = readonly RequestedNic[] | "auto";

export interface NetworkWish {
  uuid?: string;
  port?: string | null;
  fixed_ip?: string;
  tag?: string;
}

/** Checks what a create request says of networks. Errors: 400 for unknown ones, 409 for ambiguity and ports in use. */
export function checkNetworks(
  core: Core,
  context: RequestContext,
  projectId: string,
  wish: readonly NetworkWish[] | "auto" | "none" | undefined,
): RequestedNetworks {
  const network = core.kernel.facade("network");
  if (wish === "none") return [];
  if (wish === "auto") {
    const available = network.availableNetworks(context, projectId);
    if (available.length > 1) throw ambiguous();
    const [only] = available;
    if (only !== undefined) return [{ networkId: only.id, portId: null, fixedIp: null, tag: null }];
    // Made now, so that a cloud that cannot do it says so at once.
    const refused = () => badRequest(`Unable to automatically allocate a network for project ${projectId}`);
    inWords({ refused }, () => network.autoAllocate(context, projectId));
    return "auto";
  }
  if (wish === undefined || wish.length === 0) {
    const available = network.availableNetworks(context, projectId);
    if (available.length > 1) throw ambiguous();
    return available.map(({ id }) => ({ networkId: id, portId: null, fixedIp: null, tag: null }));
  }
  const ports = wish.flatMap(({ port }) => port ?? []);
  const twice = ports.find((id, index) => ports.indexOf(id) !== index);
  if (twice !== undefined) {
    throw badRequest(`Port ID '${twice}' was specified twice: you cannot attach a port multiple times.`);
  }
  return wish.map((item) => checkOne(core, context, projectId, item));
}

/** How many of the servers wanted the project's port quota has room for. Errors: 403 when not even the fewest. */
export function affordableByPorts(
  core: Core,
  projectId: string,
  networks: RequestedNetworks,
  wanted: { minCount: number; maxCount: number },
): number {
  const each = networks === "auto" ? 1 : networks.filter(({ portId }) => portId === null).length;
  const { limit, used } = core.kernel.facade("network").quotas(projectId).port ?? { limit: -1, used: 0 };
  if (each === 0 || limit < 0) return wanted.maxCount;
  const most = Math.floor(Math.max(0, limit - used) / each);
  if (most < wanted.minCount) throw portsExceeded();
  return Math.min(most, wanted.maxCount);
}

export const portsExceeded = () => forbidden("Maximum number of ports exceeded");

/** Errors: the one that `refuse` makes of the words, when another port has the address. */
export function requireFreeAddress(
  core: Core,
  context: RequestContext,
  networkId: string,
  address: string | null,
  refuse: (message: string) => ApiError,
): void {
  if (address === null) return;
  const wanted = canonicalAddress(address);
  const taken = core.kernel
    .facade("network")
    .listPorts(internalContext(context.requestId, null), { networkId })
    .find(({ fixedIps }) => fixedIps.some((fixed) => fixed.address === wanted));
  if (taken === undefined) return;
  // Whose server it is, is its project's business.
  const owner = context.isAdmin || taken.projectId === context.projectId ? taken.deviceId : "";
  throw refuse(`Fixed IP address ${address} is already in use on instance ${owner}.`);
}

/** nova's "Port not usable". A network's owner sees the ports of others there, which are not to be had for that. Errors: 400. */
export function requireOwnPort(port: PortInfo, projectId: string): void {
  if (port.projectId !== projectId) throw badRequest(`Port ${port.id} not usable for instance.`);
}

/** Errors: 403. */
export function requireInnerNetwork(context: RequestContext, network: NetworkInfo): void {
  if (!network.external || network.shared || context.isAdmin) return;
  throw forbidden(`It is not allowed to create an interface on external network ${network.id}`);
}

/** An address of one's own choice on a network of others is neutron's policy create_port:fixed_ips. Errors: 403. */
export function requireOwnAddress(context: RequestContext, network: NetworkInfo, fixedIp: string | null): void {
  if (fixedIp === null || context.isAdmin || network.projectId === context.projectId) return;
  throw forbidden("(rule:create_port and rule:create_port:fixed_ips) is disallowed by policy");
}

const ambiguous = () => conflict("Multiple possible networks found, use a Network ID to be more specific.");

function checkOne(core: Core, context: RequestContext, projectId: string, item: NetworkWish): RequestedNic {
  const network = core.kernel.facade("network");
  const tag = item.tag ?? null;
  const fixedIp = item.fixed_ip ?? null;
  if (item.port !== undefined && item.port !== null) {
    const portId = item.port;
    if (fixedIp !== null) {
      throw badRequest(
        `Specified Fixed IP '${fixedIp}' cannot be used with port '${portId}': the two cannot be specified together.`,
      );
    }
    const unknown = () => badRequest(`Port id ${portId} could not be found.`);
    const port = inWords({ 404: unknown }, () => network.getPort(context, portId));
    if (port.deviceId !== "") throw portInUse(portId);
    requireOwnPort(port, projectId);
    if (port.fixedIps.length === 0) throw badRequest(`Port ${portId} requires a FixedIP in order to be used.`);
    return { networkId: port.networkId, portId, fixedIp: null, tag };
  }
  const networkId = item.uuid;
  if (networkId === undefined) {
    throw badRequest("Bad network format: missing 'uuid'");
  }
  const unknown = () => badRequest(`Network ${networkId} could not be found.`);
  const found = inWords({ 404: unknown }, () => network.getNetwork(context, networkId));
  requireInnerNetwork(context, found);
  requireOwnAddress(context, found, fixedIp);
  requireFreeAddress(core, context, networkId, fixedIp, badRequest);
  if (found.subnetIds.length === 0) {
    throw badRequest(`Network ${networkId} requires a subnet in order to boot instances on.`);
  }
  return { networkId, portId: null, fixedIp, tag };
}

/** Makes one NIC's port for a server, or takes the user's. */
export function allocateNic(
  core: Core,
  server: Server,
  requestId: string,
  wanted: RequestedNic,
  securityGroupIds: readonly string[] | null,
): Nic {
  const network = core.kernel.facade("network");
  const context = contextOf(server, requestId);
  const owner = { deviceId: server.id, deviceOwner: `compute:${server.availabilityZone ?? "nova"}` };
  if (wanted.portId !== null) {
    const { deviceId } = network.getPort(context, wanted.portId);
    // Another one was faster since the request was looked at.
    if (deviceId !== "" && deviceId !== server.id) throw portInUse(wanted.portId);
    network.updatePort(context, wanted.portId, { ...owner, dnsName: server.hostname });
    return { portId: wanted.portId, networkId: wanted.networkId, tag: wanted.tag, ours: false };
  }
  const port = network.createPort(context, {
    networkId: wanted.networkId,
    projectId: server.projectId,
    ...owner,
    dnsName: server.hostname,
    ...(wanted.fixedIp === null ? {} : { fixedIps: [{ address: wanted.fixedIp }] }),
    ...(securityGroupIds === null ? {} : { securityGroupIds }),
  });
  return { portId: port.id, networkId: wanted.networkId, tag: wanted.tag, ours: true };
}

/** Gives ports back: ours are deleted, the user's released. */
export function releaseNics(core: Core, server: Server, requestId: string, nics: readonly Nic[]): void {
  if (nics.length === 0) return;
  const network = core.kernel.facade("network");
  const context = contextOf(server, requestId);
  network.unplugged(nics.map(({ portId }) => portId));
  for (const { portId, ours } of nics) {
    try {
      if (ours) orNull(() => network.deletePort(context, portId));
      else network.unbindPort(portId);
    } catch (error) {
      if (isUnwritable(error)) throw error;
      core.kernel.log.warning(`port ${portId} of server ${server.id} could not be released: ${messageOf(error)}`);
    }
  }
}
