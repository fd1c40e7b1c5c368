import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { messageOf } from "../../../kernel/errors.ts";
import type { GuestMetadata } from "../metadata/guest.ts";
import type { Server } from "../store/servers.ts";
import type { Core } from "./core.ts";

/** Everything a server's guest may learn of itself. */
export function guestMetadata(core: Core, server: Server): GuestMetadata {
  const { dhcpDomain } = core.kernel.settings.compute;
  const { keyName, keyPair, imageProperties } = server;
  return {
    uuid: server.id,
    ec2Id: `i-${server.number.toString(16).padStart(8, "0")}`,
    name: server.name,
    hostname: dhcpDomain === "" ? server.hostname : `${server.hostname}.${dhcpDomain}`,
    projectId: server.projectId,
    availabilityZone: server.availabilityZone ?? core.kernel.settings.compute.defaultAvailabilityZone,
    launchIndex: server.launchIndex,
    reservationId: server.reservationId,
    keys: keyName === null || keyPair === null ? [] : [{ name: keyName, type: keyPair.type, data: keyPair.publicKey }],
    meta: server.metadata,
    userData: server.userData === null ? null : Buffer.from(server.userData, "base64"),
    adminPassword: null,
    securityGroups: securityGroupNames(core, server),
    instanceType: server.flavor.name,
    imageId: server.imageId,
    kernelId: imageProperties.kernel_id ?? "",
    ramdiskId: imageProperties.ramdisk_id ?? "",
    rootDeviceName: server.rootDeviceName ?? "/dev/vda",
    vifs: server.vifs,
    devices: deviceTags(server),
    vendorData: vendorData(core),
    blockDevices: blockDevices(server),
    // The same at every reading, unlike nova's: cloud-init only wants some bytes nobody else has.
    randomSeed: createHash("sha512")
      .update(`${server.id}:${server.createdAt}:${server.reservationId}`)
      .digest("base64"),
  };
}

/** Names of the groups of all its ports. */
export function securityGroupNames(core: Core, server: Server): string[] {
  const ids = [...new Set(server.vifs.flatMap(({ securityGroupIds }) => securityGroupIds))];
  return ids.length === 0 ? [] : [...core.kernel.facade("network").securityGroupNames(ids).values()];
}

function deviceTags(server: Server): Record<string, unknown>[] {
  const nics = server.nics.flatMap(({ portId, tag }) => {
    const vif = server.vifs.find((candidate) => candidate.portId === portId);
    return tag === null || vif === undefined
      ? []
      : [{ type: "nic", bus: "none", address: "none", mac: vif.mac, tags: [tag], vlan: null, vf_trusted: null }];
  });
  const disks = server.blockDevices.flatMap(({ tag, device, bus, volumeId }) =>
    tag === null
      ? []
      : [{ type: "disk", bus: bus ?? "none", address: "none", serial: volumeId, path: device, tags: [tag] }],
  );
  return [...nics, ...disks];
}

function blockDevices(server: Server): Record<string, string> {
  const root = server.rootDeviceName ?? "/dev/vda";
  const mapping: Record<string, string> = { ami: root.replace(/^\/dev\//, ""), root };
  let letter = "b".charCodeAt(0);
  if (server.flavor.ephemeral > 0) mapping.ephemeral0 = `/dev/vd${String.fromCharCode(letter++)}`;
  if (server.flavor.swap > 0) mapping.swap = `/dev/vd${String.fromCharCode(letter)}`;
  for (const [index, { device }] of server.blockDevices.filter(({ volumeId }) => volumeId !== null).entries()) {
    if (device !== null) mapping[`ebs${index}`] = device;
  }
  return mapping;
}

function vendorData(core: Core): unknown {
  const path = core.kernel.settings.compute.vendordataJsonFile;
  if (path === null) return {};
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    core.kernel.log.warning(`vendordata_jsonfile_path ${path} is not readable JSON: ${messageOf(error)}`);
    return {};
  }
}
