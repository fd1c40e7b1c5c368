import type { Vif } from "../../network/facade.ts";

/** All that a guest may learn of itself, for the metadata service and the config drive alike. */
export interface GuestMetadata {
  uuid: string;
  /** EC2's "i-0000000a". */
  ec2Id: string;
  name: string;
  /** With the DHCP domain, when there is one. */
  hostname: string;
  projectId: string;
  availabilityZone: string;
  launchIndex: number;
  reservationId: string;
  /** Name, "ssh" and the OpenSSH public key. */
  keys: readonly { name: string; type: string; data: string }[];
  /** The user's own key=value pairs. */
  meta: Readonly<Record<string, string>>;
  /** Decoded; null for none. */
  userData: Uint8Array | null;
  /** Only while the guest is made; the metadata service never has it. */
  adminPassword: string | null;
  securityGroups: readonly string[];
  instanceType: string;
  imageId: string;
  kernelId: string;
  ramdiskId: string;
  rootDeviceName: string;
  vifs: readonly Vif[];
  /** Tags of NICs and volumes, as 2.32 shows them inside the guest. */
  devices: readonly Record<string, unknown>[];
  /** The JSON of vendordata_jsonfile_path, or {}. */
  vendorData: unknown;
  /** Device name → role, EC2's block-device-mapping. */
  blockDevices: Readonly<Record<string, string>>;
  randomSeed: string;
}
