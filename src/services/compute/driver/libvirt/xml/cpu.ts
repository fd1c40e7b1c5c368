import type { InstanceSpec } from "../../driver.ts";
import { el, type XmlElement } from "./element.ts";
import { limitOf } from "./limits.ts";
import { isArm } from "./machine.ts";

/** DevStack's LIBVIRT_CPU_MODEL. */
const DEFAULT_MODEL = "Nehalem";

type Topology = { sockets: number; cores: number; threads: number };

/** `<cpu>`, always with a topology: guests that count sockets for licences see what the image or flavor asks for. */
export function cpuElement(spec: InstanceSpec): XmlElement {
  const topology = el("topology", { ...cpuTopology(spec) });
  const { mode, model } = spec.cpu;
  if (mode === "none") return el("cpu", {}, topology);
  const emulated = spec.virtType === "qemu";
  if (isArm(spec)) return armCpu(spec, topology);
  // Emulation has no host CPU to show (libvirt refuses host-passthrough with it): DevStack's model then, not QEMU's default, which lacks
  // what today's distributions are built for (x86-64-v2: SSSE3, SSE4, POPCNT).
  if (mode === "custom" || (emulated && mode !== "maximum")) {
    // TCG lacks a few features of most models; the guest is not to be refused for those.
    const check = emulated ? "none" : "partial";
    const named = el("model", { fallback: "allow" }, model === "" ? DEFAULT_MODEL : model);
    return el("cpu", { mode: "custom", match: "exact", check }, named, topology);
  }
  return el("cpu", { mode, check: mode === "host-model" ? "partial" : "none" }, topology);
}

/** Nova's choice for ARM, where libvirt knows no host-model: the host's own, or all that QEMU emulates. LIBVIRT_CPU_MODEL may be an ARM's. */
function armCpu({ cpu: { mode, model }, virtType }: InstanceSpec, topology: XmlElement): XmlElement {
  if (mode === "custom" && model !== "" && model !== DEFAULT_MODEL)
    return el("cpu", { mode, match: "exact", check: "none" }, el("model", { fallback: "forbid" }, model), topology);
  return el(
    "cpu",
    { mode: virtType === "kvm" && mode !== "maximum" ? "host-passthrough" : "maximum", check: "none" },
    topology,
  );
}

/**
 * hw:cpu_sockets, hw:cpu_cores, hw:cpu_threads (image: hw_cpu_…) as far as their product can be the number of CPUs;
 * what is not asked for goes into sockets, as in nova.
 */
export function cpuTopology(spec: Pick<InstanceSpec, "vcpus" | "extraSpecs" | "imageProperties">): Topology {
  const wanted = (name: string): number | null => {
    const value = limitOf(spec.extraSpecs, `hw:cpu_${name}`) ?? limitOf(spec.imageProperties, `hw_cpu_${name}`);
    return value !== null && value > 0 && value <= spec.vcpus ? value : null;
  };
  const { vcpus } = spec;
  const plain = { sockets: vcpus, cores: 1, threads: 1 };
  const [sockets, cores, threads] = [wanted("sockets"), wanted("cores"), wanted("threads") ?? 1];
  const per = vcpus / threads;
  if (!Number.isInteger(per)) return plain;
  const chosen =
    sockets !== null
      ? { sockets, cores: cores ?? per / sockets, threads }
      : { sockets: per / (cores ?? 1), cores: cores ?? 1, threads };
  const whole = Number.isInteger(chosen.sockets) && Number.isInteger(chosen.cores);
  return whole && chosen.sockets * chosen.cores * chosen.threads === vcpus ? chosen : plain;
}
