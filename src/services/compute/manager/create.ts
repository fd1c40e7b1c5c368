import type { RequestContext } from "../../../kernel/auth/context.ts";
import { ApiError, badRequest, forbidden, inWords } from "../../../kernel/errors.ts";
import { randomString, reservationId, uuid } from "../../../kernel/ids/ids.ts";
import type { OperationHandle } from "../../../kernel/operations/operations.ts";
import { type Pause, SliceSize } from "../../../kernel/turns/slices.ts";
import { quotaExceeded } from "../errors.ts";
import { POWER } from "../states.ts";
import type { Flavor } from "../store/flavors.ts";
import type { BlockDevice, Server, ServerFlavor } from "../store/servers.ts";
import { bootImageOf, checkBlockDevices, storageOf } from "./bdm-check.ts";
import type { BlockDeviceWish } from "./bdm-request.ts";
import { devicesOf, fromLegacy, indexOf, nameOf, requireConsistent } from "./bdm-request.ts";
import {
  type BootImage,
  diskConfigOf,
  fromImage,
  imageOrBadRequest,
  type RootPlace,
  requireDiskConfig,
  requireRoom,
} from "./boot-image.ts";
import type { BuildInput } from "./build.ts";
import type { Core } from "./core.ts";
import { usableFlavor } from "./flavors.ts";
import { hostnameFor } from "./hostname.ts";
import { affordableByPorts, checkNetworks, type NetworkWish } from "./networks.ts";
import { checkRequestLimits } from "./request-limits.ts";
import { devicesOfImage, mergedDevices } from "./volume-images.ts";
import { resolvePlacement } from "./zones.ts";

export interface CreateWish {
  name: string;
  description: string | null;
  hostname: string | null;
  imageRef: string | null;
  flavorRef: string;
  adminPass: string | null;
  metadata: Record<string, string>;
  networks: readonly NetworkWish[] | "auto" | "none" | undefined;
  diskConfig: "AUTO" | "MANUAL" | null;
  accessIpV4: string | null;
  accessIpV6: string | null;
  files: readonly { path: string; contents: string }[];
  zone: string | null;
  /** Names the one host may be known by: host and hypervisor_hostname. */
  hosts: readonly string[];
  blockDevices: readonly BlockDeviceWish[];
  /** They are in the oldest syntax (block_device_mapping), or there are none. */
  legacyDevices: boolean;
  /** Since 2.60 a server may have a volume that others have too. */
  multiattach: boolean;
  configDrive: boolean;
  keyName: string | null;
  minCount: number;
  maxCount: number;
  securityGroups: readonly string[];
  userData: string | null;
  tags: readonly string[];
  trustedCertificates: readonly string[] | null;
  hints: Record<string, unknown>;
  /** "create:zero_disk_flavor": may use a flavor without disk with an image. */
  mayUseZeroDisk: boolean;
}

/**
 * Servers made at one request, whatever the quotas. Nova has no such limit; where quotas are unlimited, one request of any member would fill
 * the cloud.
 */
const MOST_AT_ONCE = 500;

/** POST /servers: checks everything that can be known at once, then starts one build for each server. */
export class ServerCreator {
  readonly #core: Core;
  readonly #build: OperationHandle<BuildInput>;

  readonly #takeBack: (context: RequestContext, server: Server) => void;

  /** `takeBack`: deletes a server of a request that fails. */
  constructor(
    core: Core,
    build: OperationHandle<BuildInput>,
    takeBack: (context: RequestContext, server: Server) => void,
  ) {
    this.#core = core;
    this.#build = build;
    this.#takeBack = takeBack;
  }

  /**
   * Many are made in slices, each in a turn of its own; those that are there begin to be built. As in nova, a quota that others have used up
   * meanwhile ends it: with those that there are, if they are enough, else with none. Errors: 400, 403 over quota, 409 for networks.
   */
  async create(
    context: RequestContext,
    projectId: string,
    wish: CreateWish,
    pause: Pause,
  ): Promise<{ servers: Server[]; adminPass: string; reservationId: string }> {
    const core = this.#core;
    const { kernel, keypairs } = core;
    this.#requireSingle(wish);
    const placement = resolvePlacement(core, wish);
    const flavor = this.#flavor(context, wish.flavorRef);
    const { boot, devices, imageIsRoot } = this.#boot(context, wish);
    if (boot !== null) requireDiskConfig(wish.diskConfig, boot, boot.image?.id ?? "None");
    const securityGroupIds = this.#securityGroups(context, projectId, wish.securityGroups);
    const networks = checkNetworks(core, context, projectId, wish.networks);
    const mostByPorts = affordableByPorts(core, projectId, networks, wish);
    const keypair = wish.keyName === null ? undefined : keypairs.find({ user_id: context.userId, name: wish.keyName });
    if (wish.keyName !== null && keypair === undefined) throw badRequest("Invalid key_name provided.");
    checkRequestLimits(core, projectId, context.userId, wish);
    const root = rootPlace(devices);
    if (boot !== null) requireRoom(flavor, boot, root, wish);
    const groupId = this.#group(context, wish.hints);
    const { multiattach, maxCount } = wish;
    const blockDevices = checkBlockDevices(core, context, devices, {
      flavor,
      imageIsRoot,
      multiattach,
      several: maxCount > 1,
    });

    const adminPass = wish.adminPass ?? randomString(12);
    const reservation = reservationId();
    const now = kernel.clock.now();
    const affordable = (minCount: number, maxCount: number) =>
      this.#affordable(context.userId, projectId, flavor, { minCount, maxCount }, groupId);
    const servers: Server[] = [];
    let count = 0;
    const make = (most: number) => {
      const isFirst = servers.length === 0;
      if (isFirst) count = affordable(wish.minCount, Math.max(wish.minCount, Math.min(mostByPorts, MOST_AT_ONCE)));
      const next = Math.min(most, count - servers.length);
      if (!isFirst) affordable(next, next);
      return Array.from({ length: next }, (_, offset) => {
        const index = servers.length + offset;
        const id = uuid();
        const name = wish.maxCount > 1 ? `${wish.name}-${index + 1}` : wish.name;
        const server = core.servers.insert({
          id,
          projectId,
          userId: context.userId,
          name,
          description: wish.description,
          hostname: wish.hostname ?? hostnameFor(name, id),
          vmState: "building",
          taskState: "scheduling",
          powerState: POWER.nostate,
          progress: 0,
          lockedBy: null,
          lockedReason: null,
          imageId: root === "local" ? (boot?.image?.id ?? "") : "",
          imageProperties: boot?.properties ?? {},
          flavor: flavorSnapshot(flavor),
          oldFlavor: null,
          oldState: null,
          keyName: keypair?.name ?? null,
          keyPair: keypair === undefined ? null : { type: keypair.type, publicKey: keypair.public_key },
          metadata: wish.metadata,
          tags: [...new Set(wish.tags)].sort(),
          availabilityZone: null,
          requestedZone: placement.zone,
          host: null,
          accessIpV4: wish.accessIpV4,
          accessIpV6: wish.accessIpV6,
          configDrive: wish.configDrive || boot?.properties.img_config_drive === "mandatory" ? "True" : "",
          userData: wish.userData,
          passwordData: "",
          reservationId: reservation,
          launchIndex: index,
          diskConfig: boot === null ? (wish.diskConfig ?? "MANUAL") : diskConfigOf(wish.diskConfig, boot),
          trustedCertificates: wish.trustedCertificates,
          hints: wish.hints,
          groupId,
          rootDeviceName: "/dev/vda",
          blockDevices: reserved(core, context, id, blockDevices),
          nics: [],
          vifs: [],
          shelvedImageId: null,
          rescueImageId: null,
          fault: null,
          createdAt: now,
          updatedAt: now,
          launchedAt: null,
          terminatedAt: null,
          deletedAt: null,
        });
        core.actions.begin(
          {
            server_id: id,
            action: "create",
            request_id: context.requestId,
            user_id: context.userId,
            project_id: context.projectId,
            event: "compute__do_build_and_run_instance",
          },
          now,
        );
        this.#build.start({
          resource: `server:${id}`,
          requestId: context.requestId,
          input: { serverId: id, networks, securityGroupIds, adminPassword: adminPass, files: [...wish.files] },
        });
        return server;
      });
    };
    const sizes = new SliceSize();
    try {
      do {
        if (servers.length > 0) await pause();
        servers.push(...sizes.measure((size) => kernel.db.transaction(() => make(size))));
      } while (servers.length < count);
    } catch (error) {
      const isQuota = error instanceof ApiError && error.status === 403;
      if (!isQuota || servers.length === 0 || servers.length < wish.minCount) {
        for (const server of servers) this.#takeBack(context, server);
        throw error;
      }
    }
    return { servers, adminPass, reservationId: reservation };
  }

  #flavor(context: RequestContext, id: string): Flavor {
    const flavor = usableFlavor(this.#core, context, id);
    if (flavor === undefined) throw badRequest(`Flavor ${id} could not be found.`);
    return flavor;
  }

  /** Errors: 400 for what only one server can have. */
  #requireSingle({ networks, maxCount, hostname }: CreateWish): void {
    if (maxCount <= 1) return;
    const nics = typeof networks === "string" ? [] : (networks ?? []);
    if (nics.some(({ uuid, fixed_ip }) => uuid !== undefined && fixed_ip !== undefined)) {
      throw badRequest("Failed to launch instances: max_count cannot be greater than 1 if an fixed_ip is specified.");
    }
    if (nics.some(({ port }) => port !== undefined && port !== null)) {
      throw badRequest(
        "Failed to launch instances: Unable to launch multiple instances with a single configured port ID. Please launch your instance one by one with different ports.",
      );
    }
    if (hostname !== null) throw badRequest("Unable to allocate a single hostname to multiple instances");
  }

  /** What it boots from, and its disks: the image's own and those asked for. Errors: 400. */
  #boot(
    context: RequestContext,
    wish: CreateWish,
  ): { boot: BootImage | null; devices: BlockDevice[]; imageIsRoot: boolean } {
    const core = this.#core;
    const { blockDevices: asked, legacyDevices } = wish;
    const hasImage = wish.imageRef !== null && wish.imageRef !== "";
    if (!hasImage && asked.length === 0) throw badRequest("Missing imageRef attribute");
    if (!legacyDevices) requireConsistent(asked, wish.imageRef !== null);
    if (!hasImage && wish.trustedCertificates !== null) {
      throw badRequest("Image certificate validation is not supported when booting from volume");
    }
    const inNewWords = (hasRoot: boolean) => (legacyDevices ? fromLegacy(asked, hasRoot) : asked);
    const boot = hasImage
      ? fromImage(imageOrBadRequest(core, context, wish.imageRef ?? ""))
      : bootImageOf(core, context, devicesOf(inNewWords(false)));
    if (hasImage && asked.some((item) => item.destination_type === "volume" && nameOf(item) === "vda")) {
      throw badRequest("The volume cannot be assigned the same device name as the root device vda");
    }
    const defined = devicesOfImage(boot?.image ?? null);
    const imageHasRoot = defined.some((item) => indexOf(item) === 0);
    const devices = devicesOf(mergedDevices(defined, inNewWords(imageHasRoot)));
    const rooted = devices.some(({ bootIndex }) => bootIndex === 0);
    return { boot, devices, imageIsRoot: hasImage && legacyDevices && !rooted };
  }

  #group(context: RequestContext, hints: Record<string, unknown>): string | null {
    const wanted = [hints.group].flat()[0];
    if (typeof wanted !== "string") return null;
    const group = this.#core.groups.get(wanted);
    if (group === undefined || (group.project_id !== context.projectId && !context.isAdmin)) {
      throw badRequest(`Instance group ${wanted} could not be found.`);
    }
    return group.id;
  }

  #securityGroups(context: RequestContext, projectId: string, names: readonly string[]): string[] | null {
    if (names.length === 0 || (names.length === 1 && names[0] === "default")) return null;
    const network = this.#core.kernel.facade("network");
    return names.map((name) => {
      const unknown = () => badRequest(`Unable to find security_group with name or id '${name}'`);
      return inWords({ 404: unknown }, () => network.resolveSecurityGroups(context, projectId, [name])[0] ?? "");
    });
  }

  /** How many fit into the quota: all wanted, or at least the minimum. Errors: 403. */
  #affordable(
    userId: string,
    projectId: string,
    flavor: Flavor,
    wish: Pick<CreateWish, "minCount" | "maxCount">,
    groupId: string | null,
  ): number {
    const { quotas, servers } = this.#core;
    const check = (count: number) =>
      quotas.check(projectId, { cores: flavor.vcpus * count, instances: count, ram: flavor.ram * count }, userId);
    const count = mostOf(wish.minCount, wish.maxCount, (candidate) => check(candidate).length === 0);
    const exceeded = check(count);
    if (exceeded.length > 0) throw quotaExceeded(exceeded);
    if (count > MOST_AT_ONCE)
      throw badRequest(`min_count must be <= ${MOST_AT_ONCE}: one request makes no more servers than that.`);
    if (groupId !== null) {
      const limit = quotas.limit(projectId, "server_group_members", userId);
      if (limit >= 0 && servers.groupMembers(groupId).length + count > limit) {
        throw forbidden("Quota exceeded, too many servers in group");
      }
    }
    return count;
  }
}

/** The greatest number that fits where each smaller one does, at least the fewest; how many are wanted costs nothing. */
function mostOf(fewest: number, wanted: number, fits: (count: number) => boolean): number {
  if (wanted <= fewest || fits(wanted)) return wanted;
  let [least, beyond] = [fewest, wanted];
  while (beyond - least > 1) {
    const middle = Math.floor((least + beyond) / 2);
    if (fits(middle)) least = middle;
    else beyond = middle;
  }
  return least;
}

export function flavorSnapshot(flavor: Flavor): ServerFlavor {
  const { id, name, ram, vcpus, disk, ephemeral, swap, rxtxFactor, extraSpecs } = flavor;
  return { id, name, ram, vcpus, disk, ephemeral, swap, rxtxFactor, extraSpecs: { ...extraSpecs } };
}

/** A volume that is there already is its server's from now on: nobody else gets it in the meantime. */
function reserved(
  core: Core,
  context: RequestContext,
  serverId: string,
  devices: readonly BlockDevice[],
): BlockDevice[] {
  return devices.map((device) => {
    if (device.source !== "volume" || device.volumeId === null) return device;
    return { ...device, attachmentId: storageOf(core).reserve(context, device.volumeId, serverId).id };
  });
}

function rootPlace(devices: readonly BlockDevice[]): RootPlace {
  const root = devices.find(({ bootIndex }) => bootIndex === 0);
  if (root?.destination !== "volume") return "local";
  return { volumeGb: root.source === "volume" ? null : root.sizeGb };
}
