import { boolean, choice, nonEmpty, optional, path, text, url } from "../types.ts";
import { urlHost } from "../urls.ts";
import { variable } from "../variable.ts";

export const computeVariables = {
  LIBVIRT_TYPE: variable({
    type: choice("kvm", "qemu"),
    default: "kvm",
    meaning: "`kvm` uses the processor's virtualisation, `qemu` emulates; falls back to qemu where KVM does not work.",
  }),
  LIBVIRT_CPU_MODE: variable({
    type: choice("custom", "host-model", "host-passthrough", "maximum", "none"),
    default: ({ facts }) => (facts.arch === "aarch64" ? "host-passthrough" : "host-model"),
    derived: "host-model (host-passthrough on aarch64)",
    meaning:
      "Processor that guests see. Emulated ones have no host's to show: with host-… they get LIBVIRT_CPU_MODEL, with `maximum` all that QEMU can, with `none` QEMU's oldest.",
  }),
  LIBVIRT_CPU_MODEL: variable({
    type: text,
    default: "Nehalem",
    meaning:
      "Processor model for LIBVIRT_CPU_MODE=custom, and of emulated guests. Nehalem is x86-64-v2, which today's distributions need.",
  }),
  NOVA_STATE_PATH: variable({
    type: path,
    default: ({ get }) => `${get("DATA_DIR")}/nova`,
    derived: "DATA_DIR/nova",
    meaning: "Folder of compute's own files.",
  }),
  NOVA_INSTANCES_PATH: variable({
    type: path,
    default: ({ get }) => `${get("NOVA_STATE_PATH")}/instances`,
    derived: "NOVA_STATE_PATH/instances",
    aliases: ["INSTANCES_PATH"],
    meaning: "Folder of the guests' disks.",
  }),
  INSTANCE_NAME_PREFIX: variable({
    type: nonEmpty,
    default: "instance-",
    meaning: "Prefix of the guests' libvirt names.",
  }),
  FORCE_CONFIG_DRIVE: variable({ type: boolean, default: "False", meaning: "Give every guest a config drive." }),
  NOVA_ALLOW_MOVE_TO_SAME_HOST: variable({
    type: boolean,
    default: "True",
    meaning: "Resize on the same host, the only one there is.",
  }),
  NOVA_VNC_ENABLED: variable({ type: boolean, default: "True", meaning: "Offer VNC consoles." }),
  NOVA_SERIAL_ENABLED: variable({ type: boolean, default: "True", meaning: "Offer serial consoles." }),
  NOVNCPROXY_URL: variable({
    type: url,
    default: ({ get }) =>
      `${get("SERVICE_PROTOCOL")}://${urlHost(get("SERVICE_HOST"))}:${get("NOVNCPROXY_PORT")}/vnc_lite.html`,
    derived: "SERVICE_PROTOCOL://SERVICE_HOST:NOVNCPROXY_PORT/vnc_lite.html",
    meaning: "Address of the VNC console page.",
  }),
  DEFAULT_INSTANCE_TYPE: variable({
    type: optional(nonEmpty),
    default: "",
    meaning: "Flavor of examples; when empty m1.nano and m1.micro are seeded too.",
  }),
};
