import type { RequestContext } from "../../../kernel/auth/context.ts";
import { ApiError, badRequest, forbidden } from "../../../kernel/errors.ts";
import { randomString, reservationId, uuid } from "../../../kernel/ids/ids.ts";
import type { OperationHandle } from "../../../kernel/operations/operations.ts";
import type { ImageInfo } from "../../image/facade.ts";
import { quotaExceeded } from "../errors.ts";
import { isTrue } from "../schemas/common.ts";
import type { BlockDeviceWish } from "../schemas/servers.ts";
import { POWER } from "../states.ts";
import type { Flavor } from "../store/flavors.ts";
import type { BlockDevice, Server, ServerFlavor } from "../store/servers.ts";
import { checkBlockDevices } from "./bdm-check.ts";
import type { BuildInput } from "./build.ts";
import type { Core } from "./core.ts";
import { hostnameFor } from "./hostname.ts";
import { checkNetworks, type NetworkWish } from "./networks.ts";
import { mergedDevices } from "./volume-images.ts";
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
  host: string | null;
  blockDevices: readonly BlockDeviceWish[];
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

/** POST /servers: checks everything that can be known at once, then starts one build for each server. */
export class ServerCreator {
  readonly #core: Core;
  readonly #build: OperationHandle<BuildInput>;

  constructor(core: Core, build: OperationHandle<BuildInput>) {
    this.#core = core;
    this.#build = build;
  }

  /** Errors: 400, 403 over quota, 409 for networks. */
  create(
    context: RequestContext,
    projectId: string,
    asked: CreateWish,
  ): { servers: Server[]; adminPass: string; reservationId: string } {
    const core = this.#core;
    const { kernel, keypairs } = core;
    const image = this.#image(context, asked);
    const wish = { ...asked, blockDevices: mergedDevices(image, asked.blockDevices) };
    const placement = resolvePlacement(core, context, wish);
    const flavor = this.#flavor(context, wish.flavorRef);
    const keypair = wish.keyName === null ? undefined : keypairs.get(context.userId, wish.keyName);
    if (wish.keyName !== null && keypair === undefined) throw badRequest("Invalid key_name provided.");
    this.#checkSizes(flavor, image, wish);
    this.#checkLimits(projectId, wish);
    const groupId = this.#group(context, wish.hints);
    const blockDevices = checkBlockDevices(core, context, wish, image, flavor);
    const networks = checkNetworks(core, context, projectId, wish.networks, wish.maxCount);
    const securityGroupIds = this.#securityGroups(context, projectId, wish.securityGroups);

    const adminPass = wish.adminPass ?? randomString(12);
    const reservation = reservationId();
    const now = kernel.clock.now();
    const servers = kernel.db.transaction(() => {
      const count = this.#affordable(projectId, flavor, wish, groupId);
      return Array.from({ length: count }, (_, index) => {
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
          imageId: blockDevices.bootsFromVolume ? "" : (image?.id ?? ""),
          imageProperties:
            image === null ? propertiesOfRoot(core, context, blockDevices.devices) : imageProperties(image),
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
          configDrive: wish.configDrive || image?.properties.img_config_drive === "mandatory" ? "True" : "",
          userData: wish.userData,
          passwordData: "",
          reservationId: reservation,
          launchIndex: index,
          diskConfig: diskConfigOf(wish, image),
          trustedCertificates: wish.trustedCertificates,
          hints: wish.hints,
          groupId,
          rootDeviceName: "/dev/vda",
          blockDevices: blockDevices.devices,
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
    });
    return { servers, adminPass, reservationId: reservation };
  }

  #flavor(context: RequestContext, id: string): Flavor {
    const { flavors } = this.#core;
    const flavor = flavors.get(id);
    if (flavor === undefined || !(flavor.isPublic || context.isAdmin || flavors.hasAccess(id, context.projectId))) {
      throw badRequest(`Flavor ${id} could not be found.`);
    }
    return flavor;
  }

  /** null: none was named, which only block devices allow. */
  #image(context: RequestContext, wish: CreateWish): ImageInfo | null {
    if (wish.imageRef === null || wish.imageRef === "") {
      if (wish.blockDevices.length === 0) {
        throw badRequest("Invalid imageRef provided.");
      }
      return null;
    }
    const image = imageOrBadRequest(this.#core, context, wish.imageRef);
    if (image.status !== "active") throw badRequest(`Image ${image.id} is not active.`);
    return image;
  }

  #checkSizes(flavor: Flavor, image: ImageInfo | null, wish: CreateWish): void {
    if (image === null) return;
    const toVolume = wish.blockDevices.some(({ boot_index }) => boot_index === 0 || boot_index === "0");
    requireRoom(flavor, image, { rootOnVolume: toVolume, mayUseZeroDisk: wish.mayUseZeroDisk });
  }

  #checkLimits(projectId: string, wish: CreateWish): void {
    const { quotas } = this.#core;
    const over = (resource: string, value: number) => {
      const limit = quotas.limit(projectId, resource);
      return limit >= 0 && value > limit;
    };
    const items = Object.keys(wish.metadata).length;
    if (over("metadata_items", items)) {
      throw forbidden(`Maximum number of metadata items exceeds ${quotas.limit(projectId, "metadata_items")}`);
    }
    if (over("injected_files", wish.files.length)) throw forbidden("Personality file limit exceeded");
    for (const { path, contents } of wish.files) {
      if (over("injected_file_path_bytes", Buffer.byteLength(path)))
        throw forbidden("Personality file path exceeds maximum length");
      if (over("injected_file_content_bytes", Buffer.from(contents, "base64").length)) {
        throw forbidden("Personality file content exceeds maximum size");
      }
    }
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
      try {
        return network.resolveSecurityGroups(context, projectId, [name])[0] ?? "";
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) {
          throw badRequest(`Unable to find security_group with name or id '${name}'`);
        }
        throw error;
      }
    });
  }

  /** How many fit into the quota: all wanted, or at least the minimum. Errors: 403. */
  #affordable(projectId: string, flavor: Flavor, wish: CreateWish, groupId: string | null): number {
    const { quotas, servers } = this.#core;
    const check = (count: number) =>
      quotas.check(projectId, { cores: flavor.vcpus * count, instances: count, ram: flavor.ram * count });
    let count = wish.maxCount;
    while (count > wish.minCount && check(count).length > 0) count -= 1;
    const exceeded = check(count);
    if (exceeded.length > 0) throw quotaExceeded(exceeded);
    if (groupId !== null) {
      const limit = quotas.limit(projectId, "server_group_members");
      if (limit >= 0 && servers.groupMembers(groupId).length + count > limit) {
        throw forbidden("Quota exceeded, too many servers in group");
      }
    }
    return count;
  }
}

/** Errors: 400 in nova's words when the image is not there for this caller. */
export function imageOrBadRequest(core: Core, context: RequestContext, imageId: string): ImageInfo {
  try {
    return core.kernel.facade("image").get(context, imageId);
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) throw badRequest("Can not find requested image");
    throw error;
  }
}

/** Errors: 400 for a flavor too small for the image, 403 for one without disk. */
export function requireRoom(
  flavor: Pick<Flavor, "ram" | "disk">,
  image: ImageInfo,
  options: { rootOnVolume: boolean; mayUseZeroDisk: boolean },
): void {
  if (flavor.ram < image.minRam) throw badRequest("Flavor's memory is too small for requested image.");
  if (options.rootOnVolume) return;
  if (flavor.disk === 0) {
    if (options.mayUseZeroDisk) return;
    throw forbidden("Only volume-backed servers are allowed for flavors with zero disk.");
  }
  const gib = 1024 ** 3;
  const needed = Math.max(image.size ?? 0, image.virtualSize ?? 0);
  if (needed > flavor.disk * gib) {
    throw badRequest(
      `Flavor's disk is too small for requested image. Flavor disk is ${flavor.disk * gib} bytes, image is ${needed} bytes.`,
    );
  }
  if (image.minDisk > flavor.disk) {
    throw badRequest(
      `Flavor's disk is smaller than the minimum size specified in image metadata. Flavor disk is ${flavor.disk * gib} bytes, minimum size is ${image.minDisk * gib} bytes.`,
    );
  }
}

/** Properties that stay with the server: what the driver obeys, and what snapshots inherit. */
export function imageProperties(image: ImageInfo | null): Record<string, string> {
  if (image === null) return {};
  return {
    ...image.properties,
    min_ram: String(image.minRam),
    min_disk: String(image.minDisk),
    disk_format: image.diskFormat ?? "",
    container_format: image.containerFormat ?? "",
  };
}

/** Those of the image that the root volume was made from, or is to be: nova/block_device.py get_bdm_image_metadata. */
function propertiesOfRoot(
  core: Core,
  context: RequestContext,
  devices: readonly BlockDevice[],
): Record<string, string> {
  const root = devices.find(({ bootIndex }) => bootIndex === 0);
  if (root?.source === "image") return imageProperties(core.kernel.facade("image").find(root.sourceId ?? ""));
  const { kernel } = core;
  const volumeId =
    root?.source === "snapshot" && root.sourceId !== null
      ? kernel.facade("block-storage").getSnapshot(context, root.sourceId).volumeId
      : (root?.volumeId ?? null);
  const volume = volumeId === null ? null : kernel.facade("block-storage").findVolume(volumeId);
  return { ...volume?.imageMetadata };
}

export function flavorSnapshot(flavor: Flavor): ServerFlavor {
  const { id, name, ram, vcpus, disk, ephemeral, swap, rxtxFactor, extraSpecs } = flavor;
  return { id, name, ram, vcpus, disk, ephemeral, swap, rxtxFactor, extraSpecs: { ...extraSpecs } };
}

function diskConfigOf(wish: CreateWish, image: ImageInfo | null): "AUTO" | "MANUAL" {
  const ofImage = image?.properties.auto_disk_config;
  if (wish.diskConfig === "AUTO" && ofImage?.toLowerCase() === "disabled") {
    throw badRequest("Requested image has automatic disk resize disabled.");
  }
  return wish.diskConfig ?? (ofImage !== undefined && isTrue(ofImage) ? "AUTO" : "MANUAL");
}
