import type { GuestMetadata } from "./guest.ts";

export type Ec2Node = string | { [key: string]: Ec2Node };

/** The EC2 format as a tree: directories are objects, files are text. */
export function ec2Tree(guest: GuestMetadata): { [key: string]: Ec2Node } {
  const addresses = guest.vifs.flatMap(({ fixedIps }) => fixedIps);
  const local = addresses.find(({ version }) => version === 4);
  const floating = addresses.flatMap(({ floatingIps }) => floatingIps)[0];
  const tree: { [key: string]: Ec2Node } = {
    "ami-id": guest.imageId === "" ? "None" : `ami-${guest.imageId.slice(0, 8)}`,
    "ami-launch-index": String(guest.launchIndex),
    "ami-manifest-path": "FIXME",
    "instance-id": guest.ec2Id,
    "instance-type": guest.instanceType,
    "instance-action": "none",
    hostname: guest.hostname,
    "local-hostname": guest.hostname,
    "local-ipv4": local?.address ?? "",
    "public-hostname": guest.hostname,
    "public-ipv4": floating ?? "",
    "reservation-id": guest.reservationId,
    "security-groups": guest.securityGroups.join("\n"),
    placement: { "availability-zone": guest.availabilityZone },
    "block-device-mapping": { ...guest.blockDevices },
  };
  if (guest.kernelId !== "") tree["kernel-id"] = `aki-${guest.kernelId.slice(0, 8)}`;
  if (guest.ramdiskId !== "") tree["ramdisk-id"] = `ari-${guest.ramdiskId.slice(0, 8)}`;
  if (guest.keys.length > 0) {
    tree["public-keys"] = Object.fromEntries(
      guest.keys.map(({ name, data }, index) => [String(index), { _name: `${index}=${name}`, "openssh-key": data }]),
    );
  }
  return tree;
}
