import { access } from "node:fs/promises";
import type { Exec } from "../types.ts";

const SWITCHES = ["iptables", "ip6tables", "arptables"].map((name) => `net.bridge.bridge-nf-call-${name}`);

/**
 * Bridged packets pass iptables only with br_netfilter, a module on most kernels. Loading it switches that on in every
 * namespace at once, which would change how the host's other bridges (Docker's, the user's) are filtered: so where it was
 * not loaded before, it is switched off again outside of the box. Each namespace has switches of its own.
 */
export async function ensureBridgeFilter(exec: Exec): Promise<void> {
  const loaded = await access("/proc/sys/net/bridge").then(
    () => true,
    () => false,
  );
  if (loaded) return;
  await exec.run("modprobe", ["br_netfilter"]);
  await exec.run("sysctl", ["-q", "-w", ...SWITCHES.map((name) => `${name}=0`)]);
}
