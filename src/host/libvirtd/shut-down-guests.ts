import { connect, isLibvirtError, powerOff } from "../../libvirt/index.ts";

/**
 * What a host that shuts down does first: presses every guest's power button, and cuts those off that still run after `seconds`
 * (paused ones, which hear nothing, once the others are through). The database is not told: servers that were ACTIVE are still meant
 * to run, which is what the next start goes by. Returns the names of those cut off; throws when libvirtd does not answer.
 */
export async function shutDownGuests(
  socketPath: string,
  seconds: number,
): Promise<{ stopped: number; cutOff: string[] }> {
  const libvirt = await connect({ socketPath, uri: "qemu:///system", reconnect: false });
  try {
    const guests = await libvirt.domains.list({ active: true });
    await Promise.all(guests.map((guest) => powerOff(libvirt, guest, seconds * 1000)));
    const left = await libvirt.domains.list({ active: true });
    for (const guest of left) {
      await guest.destroy({ graceful: true }).catch((error: unknown) => {
        // Off by the time it is told to be.
        if (!isLibvirtError(error, "operation-invalid")) throw error;
      });
    }
    return { stopped: guests.length, cutOff: left.map(({ name }) => name) };
  } finally {
    await libvirt.close();
  }
}
