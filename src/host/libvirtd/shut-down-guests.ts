import { setTimeout as sleep } from "node:timers/promises";
import { connect, isLibvirtError } from "../../libvirt/index.ts";

/** How long one press of the power button may be without effect before it is pressed again: a booting guest misses it. */
const PRESS_AGAIN_MS = 5_000;
const LOOK_EVERY_MS = 500;

/**
 * What a host that shuts down does first: presses every guest's power button, and cuts those off that still run after `seconds` (paused ones, which hear nothing, once the
 * others are through). The database is not told: servers that were ACTIVE are still meant to run, which is what the next start goes
 * by. Returns the names of those cut off; throws when libvirtd does not answer.
 */
export async function shutDownGuests(
  socketPath: string,
  seconds: number,
): Promise<{ stopped: number; cutOff: string[] }> {
  const libvirt = await connect({ socketPath, uri: "qemu:///system", reconnect: false });
  try {
    const guests = await libvirt.domains.list({ active: true });
    const deadline = Date.now() + seconds * 1000;
    for (let next = Date.now(); Date.now() < deadline; ) {
      const hearing = await libvirt.domains.list({ active: true, running: true, otherState: true });
      if (hearing.length === 0) break;
      if (Date.now() >= next) {
        for (const guest of hearing) await unlessOff(guest.shutdown("acpi"));
        next = Date.now() + PRESS_AGAIN_MS;
      }
      await sleep(LOOK_EVERY_MS);
    }
    const left = await libvirt.domains.list({ active: true });
    for (const guest of left) await unlessOff(guest.destroy({ graceful: true }));
    return { stopped: guests.length, cutOff: left.map(({ name }) => name) };
  } finally {
    await libvirt.close();
  }
}

/** A guest may be off by the time it is told to be. */
async function unlessOff(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!isLibvirtError(error, "operation-invalid")) throw error;
  }
}
