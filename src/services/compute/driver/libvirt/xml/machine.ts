import type { InstanceSpec } from "../../driver.ts";

export type Architecture = "x86_64" | "aarch64";

type Of = Pick<InstanceSpec, "imageProperties">;

const HOSTS: Architecture = process.arch === "arm64" ? "aarch64" : "x86_64";

/** The image's hw_architecture, of which the scheduler lets only the host's through; the host's where it says none. */
export function architectureOf({ imageProperties: properties }: Of): Architecture {
  const wanted = properties.hw_architecture ?? properties.architecture;
  return wanted === "aarch64" || wanted === "x86_64" ? wanted : HOSTS;
}

export const isArm = (of: Of): boolean => architectureOf(of) === "aarch64";

export function machineType(of: Of): string {
  return of.imageProperties.hw_machine_type ?? (isArm(of) ? "virt" : "pc");
}

/** Machines with PCI Express plug into root ports, which must be there before, and have no IDE. */
export function hasPciExpress(of: Of): boolean {
  return isArm(of) || /q35/.test(machineType(of));
}

/** A machine of ARM has no firmware of its own, and as nova's it boots with UEFI. */
export function hasUefi(of: Of): boolean {
  return (of.imageProperties.hw_firmware_type ?? (isArm(of) ? "uefi" : "bios")) === "uefi";
}

/** Where a CD drive goes that the image says nothing of. */
export const cdromBus = (of: Of): "scsi" | "ide" => (hasPciExpress(of) ? "scsi" : "ide");
