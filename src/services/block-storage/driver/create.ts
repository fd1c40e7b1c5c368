import { hostname } from "node:os";
import { join } from "node:path";
import type { DriverParts } from "../../../host/ready.ts";
import type { DriverFactory } from "./driver.ts";
import { FakeVolumeDriver } from "./fake.ts";
import { FileVolumeDriver } from "./files.ts";
import { LvmVolumeDriver } from "./lvm.ts";

export const createDrivers = (parts: DriverParts): { driver: DriverFactory; hostname: string } => ({
  driver: factory(parts),
  hostname: hostname(),
});

function factory({ settings, ready }: DriverParts): DriverFactory {
  if (ready === null) return () => new FakeVolumeDriver();
  const { exec, lvm } = ready.host;
  const { volumeNamePrefix: prefix, volumeClear: clear, lvmType } = settings.blockStorage;
  return ({ name }, copyLive) => {
    const group = ready.volumeGroups?.get(name);
    if (group !== undefined)
      return new LvmVolumeDriver({ exec, lvm, group, prefix, clear, thin: lvmType !== "default" });
    return new FileVolumeDriver({ exec, directory: join(settings.dataDir, "cinder", name), prefix, clear, copyLive });
  };
}
