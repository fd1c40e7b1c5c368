import { DriverError, type InstanceSpec } from "../../driver.ts";
import { el, type XmlNode } from "./element.ts";
import { limitOf } from "./limits.ts";
import { isArm } from "./machine.ts";
import { isTrue } from "./nics.ts";

/** Socket of the channel to the guest agent, beside the serial port's. */
export function agentSocket(spec: Pick<InstanceSpec, "paths">): string {
  return `${spec.paths.serialSocket}.ga`;
}

/** Serial port (a socket for the proxy, and a log of all it says), agent channel, screen and keyboard. */
export function consoleElements(spec: InstanceSpec): XmlNode {
  const { paths } = spec;
  const source = el("source", { mode: "bind", path: paths.serialSocket });
  // libvirt lets virtlogd write it, which keeps it small by rotation: a guest cannot fill the disk by talking.
  const log = el("log", { file: paths.consoleLog, append: "off" });
  return [
    el(
      "serial",
      { type: "unix" },
      source,
      log,
      el("target", { type: isArm(spec) ? "system-serial" : "isa-serial", port: 0 }),
    ),
    el("console", { type: "unix" }, source, log, el("target", { type: "serial", port: 0 })),
    el(
      "channel",
      { type: "unix" },
      el("source", { mode: "bind", path: agentSocket(spec) }),
      el("target", { type: "virtio", name: "org.qemu.guest_agent.0" }),
    ),
    spec.vnc && graphics(spec),
  ];
}

const VIDEO_MODELS = ["vga", "cirrus", "virtio", "qxl", "bochs", "ramfb", "none"];

function graphics(spec: InstanceSpec): XmlNode {
  // ARM's machine has no VGA.
  const usual = isArm(spec) ? "virtio" : "vga";
  const wanted = spec.imageProperties.hw_video_model ?? usual;
  const model = VIDEO_MODELS.includes(wanted) ? wanted : usual;
  const ramMb = limitOf(spec.imageProperties, "hw_video_ram") ?? 0;
  const most = limitOf(spec.extraSpecs, "hw_video:ram_max_mb") ?? 0;
  // Memory of the host that the flavor's own figure does not count: the image asks, the flavor allows.
  if (ramMb > most)
    throw new DriverError(
      "image",
      `The requested amount of video memory ${ramMb} is higher than the maximum allowed by flavor ${most}.`,
    );
  const vram = ramMb <= 0 || model === "none" ? undefined : ramMb * 1024;
  return [
    el("graphics", { type: "vnc" }, el("listen", { type: "socket", socket: spec.paths.vncSocket })),
    el("video", {}, el("model", { type: model, vram, heads: model === "none" ? undefined : 1 })),
    wantsTablet(spec) &&
      el("input", { type: "tablet", bus: spec.imageProperties.hw_input_bus === "virtio" ? "virtio" : "usb" }),
  ];
}

/** A pointer in absolute coordinates costs an emulated USB controller, so it is there only when asked for. */
export function wantsTablet(spec: Pick<InstanceSpec, "imageProperties">): boolean {
  return spec.imageProperties.hw_pointer_model === "usbtablet" || spec.imageProperties.hw_input_bus !== undefined;
}

export function wantsUsb(spec: Pick<InstanceSpec, "imageProperties">): boolean {
  return wantsTablet(spec) && spec.imageProperties.hw_input_bus !== "virtio";
}

export function wantsBootMenu(spec: Pick<InstanceSpec, "imageProperties" | "extraSpecs">): boolean {
  return isTrue(spec.imageProperties.hw_boot_menu ?? spec.extraSpecs["hw:boot_menu"]);
}
