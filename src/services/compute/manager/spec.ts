import { join } from "node:path";
import type { VolumeConnection } from "../../block-storage/facade.ts";
import type { PortBinding } from "../../network/facade.ts";
import type { InstancePaths, InstanceRef, InstanceSpec, NicSpec, RootDisk, VolumeSpec } from "../driver/driver.ts";
import type { BlockDevice, Nic, Server } from "../store/servers.ts";
import { storageOf } from "./bdm-check.ts";
import { contextOf } from "./change.ts";
import type { Core } from "./core.ts";

/** "instance-0000000a": the name libvirt knows it by. */
export function instanceName(core: Core, server: Pick<Server, "number">): string {
  return `${core.kernel.settings.compute.instanceNamePrefix}${server.number.toString(16).padStart(8, "0")}`;
}

export function refOf(core: Core, server: Server): InstanceRef {
  return { uuid: server.id, name: instanceName(core, server) };
}

export function pathsOf(core: Core, server: Server): InstancePaths {
  const directory = join(core.kernel.settings.compute.instancesPath, server.id);
  return {
    directory,
    consoleLog: join(directory, "console.log"),
    vncSocket: join(directory, "vnc.sock"),
    serialSocket: join(directory, "serial.sock"),
  };
}

export function nicSpec(server: Server, nic: Nic, binding: PortBinding): NicSpec {
  return {
    portId: nic.portId,
    networkId: nic.networkId,
    tap: binding.tap,
    bridge: binding.bridge,
    mac: binding.mac,
    mtu: binding.mtu,
    model: server.imageProperties.hw_vif_model ?? "virtio",
    tag: nic.tag,
  };
}

export function volumeSpec(device: BlockDevice, connection: VolumeConnection): VolumeSpec {
  return {
    volumeId: device.volumeId ?? "",
    attachmentId: connection.attachmentId,
    device: (device.device ?? "/dev/vdb").replace(/^\/dev\//, ""),
    bus: busOf(device.bus),
    deviceType: device.deviceType === "cdrom" || device.deviceType === "lun" ? device.deviceType : "disk",
    bootIndex: device.bootIndex,
    source: connection.source,
    readOnly: connection.readOnly,
    serial: device.volumeId ?? "",
    tag: device.tag,
  };
}

function busOf(bus: string | null): VolumeSpec["bus"] {
  return bus === "virtio" || bus === "scsi" || bus === "ide" || bus === "usb" || bus === "sata" ? bus : null;
}

/** The root disk's image as the driver needs it; null for a server that boots from a volume. */
export function rootDisk(core: Core, server: Server, requestId: string, imageId = server.imageId): RootDisk | null {
  if (imageId === "") return null;
  const image = core.kernel.facade("image").get(contextOf(server, requestId), imageId);
  if (image.filePath === null) throw new Error(`Image ${imageId} has no data.`);
  return {
    imageId,
    imagePath: image.filePath,
    imageFormat: image.diskFormat ?? "raw",
    sizeGb: server.flavor.disk,
  };
}

function dataOf(core: Core, server: Server, requestId: string, imageId: string | undefined): string | null {
  if (imageId === undefined || imageId === "") return null;
  return core.kernel.facade("image").get(contextOf(server, requestId), imageId).filePath;
}

/**
 * The whole guest as data. Ports are bound (again) and volumes connected (again) on the way, both of which are
 * idempotent, so that a start after a reboot of the host finds bridges and devices in place.
 */
export async function buildSpec(
  core: Core,
  server: Server,
  requestId: string,
  options: { configDrive: InstanceSpec["configDrive"]; imageId?: string },
): Promise<InstanceSpec> {
  const { kernel } = core;
  const { compute, libvirtType } = kernel.settings;
  const { flavor, imageProperties } = server;
  const nics = await nicSpecs(core, server);
  const volumes = await volumeSpecs(core, server);
  const identity = kernel.facade("identity");
  const local = server.blockDevices.filter(({ destination, source }) => destination === "local" && source === "blank");
  const swap = local.find(({ guestFormat }) => guestFormat === "swap");
  const ephemerals = local.filter((device) => device !== swap);
  return {
    ...refOf(core, server),
    displayName: server.name,
    owner: {
      projectId: server.projectId,
      projectName: identity.getProject(server.projectId)?.name ?? server.projectId,
      userId: server.userId,
      userName: identity.getUser(server.userId)?.name ?? server.userId,
    },
    flavor: {
      name: flavor.name,
      memoryMb: flavor.ram,
      vcpus: flavor.vcpus,
      rootGb: flavor.disk,
      ephemeralGb: flavor.ephemeral,
      swapMb: flavor.swap,
    },
    extraSpecs: flavor.extraSpecs,
    imageProperties,
    memoryMb: flavor.ram,
    vcpus: flavor.vcpus,
    root: rootDisk(core, server, requestId, options.imageId),
    ephemerals:
      ephemerals.length > 0
        ? ephemerals.map(({ sizeGb, guestFormat }, index) => ({
            index,
            sizeMb: (sizeGb ?? flavor.ephemeral) * 1024,
            format: guestFormat,
          }))
        : flavor.ephemeral > 0
          ? [{ index: 0, sizeMb: flavor.ephemeral * 1024, format: null }]
          : [],
    swapMb: swap === undefined ? flavor.swap : (swap.sizeGb ?? 0) * 1024,
    kernelPath: dataOf(core, server, requestId, imageProperties.kernel_id),
    ramdiskPath: dataOf(core, server, requestId, imageProperties.ramdisk_id),
    volumes,
    nics,
    configDrive: server.configDrive === "" && !compute.forceConfigDrive ? null : options.configDrive,
    hostname: server.hostname,
    cpu: { mode: compute.libvirtCpuMode, model: compute.libvirtCpuModel },
    virtType: libvirtType,
    paths: pathsOf(core, server),
    vnc: compute.vncEnabled,
  };
}

async function nicSpecs(core: Core, server: Server): Promise<NicSpec[]> {
  if (server.nics.length === 0) return [];
  const bindings = await core.kernel.facade("network").bindPorts(
    server.nics.map(({ portId }) => portId),
    {
      deviceId: server.id,
      deviceOwner: `compute:${server.availabilityZone ?? "nova"}`,
      ...(server.host === null ? {} : { hostId: server.host }),
    },
  );
  const byPort = new Map(bindings.map((binding) => [binding.portId, binding]));
  return server.nics.flatMap((nic) => {
    const binding = byPort.get(nic.portId);
    return binding === undefined ? [] : [nicSpec(server, nic, binding)];
  });
}

async function volumeSpecs(core: Core, server: Server): Promise<VolumeSpec[]> {
  const attached = server.blockDevices.filter(({ attachmentId }) => attachmentId !== null);
  if (attached.length === 0) return [];
  const storage = storageOf(core);
  const context = contextOf(server, "");
  const specs: VolumeSpec[] = [];
  for (const device of attached) {
    const connection = await storage.connect(context, device.attachmentId ?? "", {
      hostName: server.host ?? "",
      device: device.device,
    });
    specs.push(volumeSpec(device, connection));
  }
  return specs;
}
