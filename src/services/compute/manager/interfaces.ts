import type { RequestContext } from "../../../kernel/auth/context.ts";
import { isUnwritable } from "../../../kernel/db/unwritable.ts";
import { ApiError, badRequest, conflict, inWords, notFound } from "../../../kernel/errors.ts";
import type { OperationHandle } from "../../../kernel/operations/operations.ts";
import type { PortInfo } from "../../network/facade.ts";
import { portInUse } from "../errors.ts";
import { requireReady, requireUnlocked, TRANSITIONS } from "../states.ts";
import type { Nic, Server } from "../store/servers.ts";
import { type ActionHandle, defineAction, recordAction } from "./actions.ts";
import { change, contextOf, requireServer } from "./change.ts";
import type { Core } from "./core.ts";
import { isTimeout } from "./driver-call.ts";
import {
  allocateNic,
  portsExceeded,
  type RequestedNic,
  releaseNics,
  requireFreeAddress,
  requireInnerNetwork,
  requireOwnAddress,
  requireOwnPort,
} from "./networks.ts";
import { nicSpec, refOf } from "./spec.ts";

export interface AttachWish {
  portId: string | null;
  networkId: string | null;
  fixedIp: string | null;
  tag: string | null;
}

interface AttachInput {
  serverId: string;
  wanted: RequestedNic;
}

/** NICs of servers that are there already. */
export class InterfaceManager {
  readonly #core: Core;
  readonly #attach: OperationHandle<AttachInput>;
  readonly #detach: ActionHandle<{ portId: string }>;
  /** Operation → the request that waits for its end: the new port's id. */
  readonly #waiting = new Map<string, PromiseWithResolvers<string>>();

  constructor(core: Core) {
    this.#core = core;
    this.#attach = this.#defineAttach();
    this.#detach = defineAction<{ portId: string }>(core, {
      name: "detach-interface",
      event: "compute_detach_interface",
      run: async (server, { portId }, { requestId }) => {
        const nic = server.nics.find((candidate) => candidate.portId === portId);
        if (nic === undefined) return {};
        // Before it is asked: it may obey at the very moment when it is no longer waited for.
        setLeaving(core, server.id, portId, true);
        await unplug(core, server, nic).catch((error: unknown) => {
          if (!isUnwritable(error) && !isTimeout(error)) setLeaving(core, server.id, portId, false);
          throw error;
        });
        releaseNics(core, server, requestId, [nic]);
        return { nics: server.nics.filter((candidate) => candidate !== nic) };
      },
    });
  }

  /** What the guest was asked to let go of in vain is gone at last: the port is given back. */
  async endLate(server: Server, portId: string, requestId: string): Promise<void> {
    const core = this.#core;
    const nic = server.nics.find((candidate) => candidate.portId === portId);
    if (nic === undefined) return;
    await unplug(core, server, nic);
    // In one: after a reboot nobody would find out that the guest had let go, and a server with a port that is gone does not start.
    core.kernel.db.transaction(() => {
      releaseNics(core, server, requestId, [nic]);
      const { nics } = requireServer(core, server.id);
      change(core, server.id, { nics: nics.filter((candidate) => candidate.portId !== portId) });
    });
  }

  list(server: Server): PortInfo[] {
    const ports = this.#core.kernel.facade("network").listPorts(contextOf(server, ""), { deviceId: server.id });
    const order = new Map(server.nics.map(({ portId }, index) => [portId, index]));
    // A port's owner says what device it is of: those of other projects are this server's only if it knows them.
    const own = ports.filter(({ id, projectId }) => projectId === server.projectId || order.has(id));
    return own.sort((a, b) => (order.get(a.id) ?? 0) - (order.get(b.id) ?? 0));
  }

  /** Errors: 404. */
  get(server: Server, portId: string): PortInfo {
    const port = this.list(server).find(({ id }) => id === portId);
    if (port === undefined) throw notFound(`Instance ${server.id} does not have port with id ${portId}`);
    return port;
  }

  /**
   * Plugs a NIC in: a port, a new one on a network, or on the project's only network. Waits for the guest, as nova does.
   * Errors: 400, 404, 409.
   */
  async attach(context: RequestContext, server: Server, wish: AttachWish): Promise<PortInfo> {
    const core = this.#core;
    const { kernel } = core;
    requireReady(context, server, TRANSITIONS.attachInterface);
    const wanted = this.#check(context, server, wish);
    const operationId = kernel.db.transaction(() => {
      recordAction(core, context, server, { action: "attach_interface", event: "compute_attach_interface" });
      const input = { serverId: server.id, wanted };
      return this.#attach.start({ resource: `server:${server.id}`, input, requestId: context.requestId });
    });
    const outcome = Promise.withResolvers<string>();
    this.#waiting.set(operationId, outcome);
    try {
      return this.get(requireServer(core, server.id), await outcome.promise);
    } finally {
      this.#waiting.delete(operationId);
    }
  }

  #defineAttach(): OperationHandle<AttachInput> {
    const core = this.#core;
    const { kernel, driver } = core;
    return kernel.operations.define<AttachInput, { nic: Nic }>({
      kind: "compute.server.attach-interface",
      // Nobody waits for the answer any more.
      afterCrash: "undo",
      steps: [
        {
          name: "allocate the port",
          do: (run) =>
            kernel.db.transaction(() => {
              if (run.data.nic !== undefined) return;
              const server = requireServer(core, run.input.serverId);
              const nic = allocateNic(core, server, run.requestId, run.input.wanted, null);
              run.data.nic = nic;
              run.save();
              change(core, server.id, { nics: [...server.nics, nic] });
            }),
          undo: ({ input, data: { nic }, requestId }) => {
            const server = core.servers.get(input.serverId);
            if (server === undefined || nic === undefined) return;
            releaseNics(core, server, requestId, [nic]);
            change(core, server.id, { nics: server.nics.filter(({ portId }) => portId !== nic.portId) });
          },
        },
        {
          name: "plug it in",
          do: async ({ input, data: { nic } }) => {
            const server = requireServer(core, input.serverId);
            if (nic === undefined) return;
            const network = kernel.facade("network");
            const binding = await network.bindPort(nic.portId, {
              deviceId: server.id,
              deviceOwner: `compute:${server.availabilityZone ?? "nova"}`,
              ...(server.host === null ? {} : { hostId: server.host }),
            });
            if (server.vmState === "stopped") return;
            await driver.attachInterface(refOf(core, server), nicSpec(server, nic, binding));
            await network.plugged([nic.portId]);
          },
          undo: async ({ input, data: { nic } }) => {
            const server = core.servers.get(input.serverId);
            if (server !== undefined && nic !== undefined) await unplug(core, server, nic);
          },
        },
      ],
      onDone: ({ id, input, data: { nic }, requestId }) => {
        core.actions.finish(input.serverId, requestId, { error: null }, kernel.clock.now());
        kernel.db.afterCommit(() => this.#waiting.get(id)?.resolve(nic?.portId ?? ""));
      },
      onFailed: ({ id, input, requestId }, error) => {
        core.actions.finish(input.serverId, requestId, { error: error.message }, kernel.clock.now());
        const message = `Failed to attach network adapter device to ${input.serverId}`;
        const shown = error instanceof ApiError ? error : new ApiError(500, message);
        kernel.db.afterCommit(() => this.#waiting.get(id)?.reject(shown));
      },
    });
  }

  /** Errors: 404 for a port that is not the server's, 409. */
  detach(context: RequestContext, server: Server, portId: string): void {
    requireReady(context, server, TRANSITIONS.detachInterface);
    this.get(server, portId);
    this.#detach.start(context, server, TRANSITIONS.detachInterface, { portId });
  }

  /** One more address on the server's port in that network. Errors: 400 when it has none there. */
  addFixedIp(context: RequestContext, server: Server, networkId: string): void {
    requireUnlocked(context, server);
    const port = this.list(server).find((candidate) => candidate.networkId === networkId);
    const subnetId = port?.fixedIps[0]?.subnetId;
    if (port === undefined || subnetId === undefined) {
      throw badRequest(`Instance ${server.id} has no port on network ${networkId}.`);
    }
    const fixedIps = [...port.fixedIps.map(({ subnetId, address }) => ({ subnetId, address })), { subnetId }];
    this.#core.kernel.facade("network").updatePort(contextOf(server, context.requestId), port.id, { fixedIps });
  }

  /** Errors: 400 when the server does not have the address. */
  removeFixedIp(context: RequestContext, server: Server, address: string): void {
    requireUnlocked(context, server);
    const port = this.list(server).find(({ fixedIps }) => fixedIps.some((fixed) => fixed.address === address));
    if (port === undefined) throw badRequest(`Fixed IP ${address} is not associated with instance ${server.id}.`);
    const fixedIps = port.fixedIps
      .filter((fixed) => fixed.address !== address)
      .map(({ subnetId, address }) => ({ subnetId, address }));
    this.#core.kernel.facade("network").updatePort(contextOf(server, context.requestId), port.id, { fixedIps });
  }

  /** Somebody deleted the port through the network API, or made it another device's: the guest loses its NIC. */
  async portWithdrawn(serverId: string, portId: string): Promise<void> {
    const core = this.#core;
    const server = core.servers.get(serverId);
    const nic = server?.nics.find((candidate) => candidate.portId === portId);
    if (server === undefined || server.deletedAt !== null || nic === undefined) return;
    if (server.taskState !== "deleting") await unplug(core, server, nic);
    const current = core.servers.get(serverId);
    if (current === undefined || current.deletedAt !== null) return;
    change(core, serverId, { nics: current.nics.filter((candidate) => candidate.portId !== portId) });
  }

  /** Errors: 403. */
  #requirePortQuota(projectId: string): void {
    const { limit, used } = this.#core.kernel.facade("network").quotas(projectId).port ?? { limit: -1, used: 0 };
    if (limit >= 0 && used >= limit) throw portsExceeded();
  }

  /** Errors: 400, 403, 404, 409 (nova/api/openstack/compute/attach_interfaces.py). */
  #check(context: RequestContext, server: Server, wish: AttachWish) {
    const network = this.#core.kernel.facade("network");
    if (wish.portId !== null) {
      const { portId } = wish;
      const unknown = () => notFound(`Port id ${portId} could not be found.`);
      const port = inWords({ 404: unknown }, () => network.getPort(context, portId));
      if (port.deviceId !== "") throw portInUse(portId);
      requireOwnPort(port, server.projectId);
      return { networkId: port.networkId, portId, fixedIp: null, tag: wish.tag };
    }
    if (wish.networkId !== null) {
      const { networkId } = wish;
      const unknown = () => notFound(`Network ${networkId} could not be found.`);
      const found = inWords({ 404: unknown }, () => network.getNetwork(context, networkId));
      requireInnerNetwork(context, found);
      requireOwnAddress(context, found, wish.fixedIp);
      requireFreeAddress(this.#core, context, networkId, wish.fixedIp, conflict);
      this.#requirePortQuota(server.projectId);
      return { networkId, portId: null, fixedIp: wish.fixedIp, tag: wish.tag };
    }
    const available = network.availableNetworks(context, server.projectId);
    if (available.length > 1) {
      throw badRequest("Multiple possible networks found, use a Network ID to be more specific.");
    }
    const [only] = available;
    if (only === undefined) {
      throw badRequest(`No specific network was requested and none are available for project '${server.projectId}'.`);
    }
    this.#requirePortQuota(server.projectId);
    return { networkId: only.id, portId: null, fixedIp: wish.fixedIp, tag: wish.tag };
  }
}

function setLeaving(core: Core, serverId: string, portId: string, leaving: boolean): void {
  const { nics } = requireServer(core, serverId);
  change(core, serverId, { nics: nics.map((nic) => (nic.portId === portId ? { ...nic, leaving } : nic)) });
}

/** Takes a NIC out of a guest that has one; a stopped one has nothing plugged in. */
async function unplug(core: Core, server: Server, nic: Nic): Promise<void> {
  if (server.vmState === "stopped" || server.vmState.startsWith("shelved")) return;
  const binding = core.kernel.facade("network").binding(nic.portId);
  // A port that was deleted has no binding any more, and perhaps no vif either: the guest still has its NIC, known by the port's id.
  const vif = server.vifs.find(({ portId }) => portId === nic.portId);
  await core.driver.detachInterface(
    refOf(core, server),
    binding !== null
      ? nicSpec(server, nic, binding)
      : {
          portId: nic.portId,
          networkId: nic.networkId,
          tap: vif?.tap ?? "",
          bridge: "",
          mac: vif?.mac ?? "",
          mtu: vif?.mtu ?? 1500,
          model: "virtio",
          tag: nic.tag,
        },
  );
}
