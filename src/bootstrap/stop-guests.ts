import { setTimeout as sleep } from "node:timers/promises";
import type { Host } from "../host/index.ts";

/** Whether the host is on its way down (and not only this cloud's unit). */
export async function isShuttingDown(host: Host): Promise<boolean> {
  const { stdout } = await host.exec.run("systemctl", ["is-system-running"], { allowFailure: true });
  return stdout.trim() === "stopping";
}

/**
 * Presses every guest's power button, and cuts those off that still run after `seconds`. The database is not told: servers that
 * were ACTIVE are still meant to run, which is what the next start goes by. Returns the names of those cut off.
 */
export async function stopGuests(host: Host, seconds: number): Promise<{ stopped: number; cutOff: string[] }> {
  const uri = `qemu:///system?socket=${host.libvirtd.socketPath}`;
  const virsh = async (...args: string[]) =>
    (await host.exec.run("virsh", ["-c", uri, ...args], { allowFailure: true })).stdout;
  const running = async () => (await virsh("list", "--name")).split("\n").filter((name) => name.trim() !== "");

  const guests = await running();
  for (const name of guests) await virsh("shutdown", name, "--mode", "acpi");
  const deadline = Date.now() + seconds * 1000;
  let left = guests;
  while (left.length > 0 && Date.now() < deadline) {
    await sleep(500);
    left = await running();
  }
  for (const name of left) await virsh("destroy", name, "--graceful");
  return { stopped: guests.length, cutOff: left };
}
