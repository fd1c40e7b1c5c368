import type { Problem } from "../../../kernel/module.ts";
import { type NetworkDriver, tapDevice } from "../driver/driver.ts";
import type { NetworkStore } from "../store/store.ts";

/** Guests whose network card leads nowhere: its end in the box was deleted. Only libvirt can make that again, with the guest's next start. */
export async function missingTaps(store: NetworkStore, driver: NetworkDriver): Promise<Problem[]> {
  const taps = await driver.listTaps();
  if (taps === null) return [];
  return store.ports.plugged().flatMap((port): Problem[] => {
    const tap = tapDevice(port.id);
    if (taps.has(tap)) return [];
    return [
      {
        key: `tap-gone:${port.id}`,
        message: `the interface ${tap} of server ${port.device_id} was deleted on the host: the server is cut off on that port`,
        hint: `openstack server reboot --hard ${port.device_id} makes it again`,
      },
    ];
  });
}
