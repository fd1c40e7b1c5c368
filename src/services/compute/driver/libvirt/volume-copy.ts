import type { InstanceRef } from "../driver.ts";
import { type DriverContext, isActive } from "./context.ts";
import type { GuestDisks } from "./disks.ts";
import { mirror } from "./mirror.ts";
import { volumeAlias } from "./xml/aliases.ts";
import { attribute, elements, hasAlias } from "./xml/read.ts";

/** Copies of volumes out of guests that run with them. */
export class VolumeCopies {
  readonly #context: DriverContext;
  readonly #disks: GuestDisks;

  constructor(context: DriverContext, disks: GuestDisks) {
    this.#context = context;
    this.#disks = disks;
  }

  copy(ref: InstanceRef, volumeId: string, file: string): Promise<boolean> {
    return this.#context.alone(ref, async () => {
      const domain = await this.#context.find(ref);
      if (domain === null || !(await isActive(domain))) return false;
      const alias = volumeAlias(volumeId);
      const disk = elements(await domain.xml(), "disk").find((element) => hasAlias(element, alias));
      const name = disk === undefined ? null : attribute(disk, "target", "dev");
      if (name === null) return false;
      await this.#disks.own(file);
      const target = { path: file, format: "raw", shallow: false } as const;
      const { signal } = new AbortController();
      await mirror(this.#context, domain, name, target, { cut: (abort) => abort(), signal });
      return true;
    });
  }
}
