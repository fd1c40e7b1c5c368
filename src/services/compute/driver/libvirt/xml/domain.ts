import type { InstanceSpec } from "../../driver.ts";
import { consoleElements, wantsBootMenu, wantsUsb } from "./consoles.ts";
import { cpuElement } from "./cpu.ts";
import { type DiskPart, diskElement } from "./disks.ts";
import { el, render, type XmlElement, type XmlNode } from "./element.ts";
import { cpuTune } from "./limits.ts";
import { architectureOf, hasPciExpress, hasUefi, isArm, machineType } from "./machine.ts";
import { metadataElement } from "./metadata.ts";
import { isTrue, nicElement, queuesOf } from "./nics.ts";

export interface DomainOptions {
  readonly stackName: string;
  /** The control group that holds the guest's own; null: libvirt's default. */
  readonly partition: string | null;
  readonly disks: readonly DiskPart[];
  /** Whether to ask for limits that not every kernel can keep (CPU shares and quota, NIC bandwidth). */
  readonly limits: boolean;
  readonly now: Date;
}

/** The whole `<domain>` of a guest. */
export function domainXml(spec: InstanceSpec, options: DomainOptions): string {
  const { extraSpecs } = spec;
  return render(
    el(
      "domain",
      { type: spec.virtType },
      el("name", {}, spec.name),
      el("uuid", {}, spec.uuid),
      metadataElement(spec, options.stackName, options.now),
      el("memory", { unit: "MiB" }, String(spec.memoryMb)),
      el("vcpu", {}, String(spec.vcpus)),
      options.partition !== null && el("resource", {}, el("partition", {}, options.partition)),
      options.limits && cpuTune(extraSpecs),
      sysinfo(spec),
      osElement(spec),
      features(spec),
      cpuElement(spec),
      clock(spec),
      el("on_poweroff", {}, "destroy"),
      el("on_reboot", {}, "restart"),
      el("on_crash", {}, "destroy"),
      el("devices", {}, devices(spec, options)),
    ),
  );
}

function devices(spec: InstanceSpec, { disks, limits }: DomainOptions): XmlNode {
  const { imageProperties: properties, extraSpecs } = spec;
  const queues = queuesOf(spec);
  const rng = properties.hw_rng_model !== "none" && isTrue(extraSpecs["hw_rng:allowed"] ?? "true");
  const watchdog = properties.hw_watchdog_action ?? extraSpecs["hw:watchdog_action"] ?? "disabled";
  return [
    disks.map((disk) => diskElement(disk, extraSpecs)),
    // There from the start, because a controller cannot be plugged in together with its first disk.
    el("controller", { type: "scsi", index: 0, model: scsiModel(properties) }),
    wantsUsb(spec)
      ? el("controller", { type: "usb", index: 0, model: "qemu-xhci" })
      : el("controller", { type: "usb", index: 0, model: "none" }),
    hasPciExpress(spec) && [
      el("controller", { type: "pci", index: 0, model: "pcie-root" }),
      Array.from({ length: 16 }, (_, port) =>
        el("controller", { type: "pci", index: port + 1, model: "pcie-root-port" }),
      ),
    ],
    spec.nics.map((nic) => nicElement(nic, { extraSpecs, queues, limits })),
    consoleElements(spec),
    rng && el("rng", { model: "virtio" }, rngRate(extraSpecs), el("backend", { model: "random" }, "/dev/urandom")),
    ["reset", "poweroff", "pause", "none"].includes(watchdog) &&
      el("watchdog", { model: "i6300esb", action: watchdog }),
    el("memballoon", { model: "virtio" }, el("stats", { period: 10 })),
  ];
}

/**
 * What the guest's firmware tables say. cloud-init looks for the cloud only when the product is called so, therefore this
 * is nova's wording.
 */
function sysinfo({ uuid }: InstanceSpec): XmlElement {
  const entry = (name: string, value: string) => el("entry", { name }, value);
  return el(
    "sysinfo",
    { type: "smbios" },
    el(
      "system",
      {},
      entry("manufacturer", "OpenStack Foundation"),
      entry("product", "OpenStack Nova"),
      entry("version", "29.0.1"),
      entry("serial", uuid),
      entry("uuid", uuid),
      entry("family", "Virtual Machine"),
    ),
  );
}

/** ARM's interrupt controller is libvirt's to choose; its ACPI needs UEFI. */
function features(spec: InstanceSpec): XmlElement {
  const tables = isArm(spec) ? hasUefi(spec) && el("acpi") : [el("acpi"), el("apic")];
  return el("features", {}, tables, isTrue(spec.imageProperties.img_hide_hypervisor_id) && hiddenKvm());
}

function osElement(spec: InstanceSpec): XmlElement {
  const { imageProperties: properties, kernelPath, ramdiskPath } = spec;
  const uefi = hasUefi(spec);
  const serial = isArm(spec) ? "ttyAMA0" : "ttyS0";
  // nova's default for kernel images: first partition-less disk, both consoles.
  const commandLine = properties.os_command_line ?? `root=/dev/vda console=tty0 console=${serial}`;
  return el(
    "os",
    uefi ? { firmware: "efi" } : {},
    el("type", { arch: architectureOf(spec), machine: machineType(spec) }, "hvm"),
    kernelPath !== null && [
      el("kernel", {}, kernelPath),
      ramdiskPath !== null && el("initrd", {}, ramdiskPath),
      el("cmdline", {}, commandLine),
    ],
    uefi &&
      properties.os_secure_boot === "required" &&
      el("firmware", {}, el("feature", { enabled: "yes", name: "secure-boot" })),
    el("smbios", { mode: "sysinfo" }),
    wantsBootMenu(spec) && el("bootmenu", { enable: "yes", timeout: 3000 }),
  );
}

function scsiModel(properties: Readonly<Record<string, string>>): string {
  const wanted = properties.hw_scsi_model ?? "virtio-scsi";
  return ["virtio-scsi", "lsilogic", "lsisas1068", "buslogic"].includes(wanted) ? wanted : "virtio-scsi";
}

function hiddenKvm(): XmlElement {
  return el("kvm", {}, el("hidden", { state: "on" }));
}

function clock(spec: InstanceSpec): XmlElement {
  const { imageProperties: properties } = spec;
  const windows = properties.os_type === "windows";
  const timers =
    spec.virtType === "kvm" && !isArm(spec)
      ? [
          el("timer", { name: "pit", tickpolicy: "delay" }),
          el("timer", { name: "rtc", tickpolicy: "catchup" }),
          el("timer", { name: "hpet", present: isTrue(properties.hw_time_hpet) ? "yes" : "no" }),
        ]
      : [];
  return el("clock", { offset: windows ? "localtime" : "utc" }, ...timers);
}

function rngRate(extraSpecs: Readonly<Record<string, string>>): XmlElement | false {
  const [bytes, period] = [extraSpecs["hw_rng:rate_bytes"], extraSpecs["hw_rng:rate_period"]];
  if (bytes === undefined || !/^\d{1,9}$/.test(bytes)) return false;
  return el("rate", { bytes, period: period !== undefined && /^\d{1,9}$/.test(period) ? period : undefined });
}
