import type { Exec } from "../types.ts";

/**
 * Tells the neighbours which MAC an IPv4 address has now (a floating IP that moved). There are two programs called
 * arping (iputils and Habets'), with other flags each; a failure is only reported to the caller as false, since
 * neighbours find out by themselves within a minute.
 */
export async function announceAddress(exec: Exec, netns: string, device: string, address: string): Promise<boolean> {
  const iputils = ["-q", "-c", "2", "-w", "2", "-U", "-I", device, address];
  const habets = ["-q", "-c", "2", "-w", "1", "-U", "-i", device, "-S", address, address];
  const { stdout, stderr } = await exec.run("arping", ["-V"], { allowFailure: true });
  const args = /iputils/.test(stdout + stderr) ? iputils : habets;
  // Unanswered is the normal case, and an error exit for both.
  const result = await exec.run("arping", args, { netns, allowFailure: true });
  return result.stderr === "";
}
