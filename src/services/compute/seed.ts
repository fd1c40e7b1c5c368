import type { Core } from "./manager/core.ts";

/** DevStack's flavors: id, name, MiB, VCPUs, GiB. */
const FLAVORS: readonly (readonly [string, string, number, number, number])[] = [
  ["1", "m1.tiny", 512, 1, 1],
  ["2", "m1.small", 2048, 1, 20],
  ["3", "m1.medium", 4096, 2, 40],
  ["4", "m1.large", 8192, 4, 80],
  ["5", "m1.xlarge", 16384, 8, 160],
  ["c1", "cirros256", 256, 1, 1],
  ["d1", "ds512M", 512, 1, 5],
  ["d2", "ds1G", 1024, 1, 10],
  ["d3", "ds2G", 2048, 2, 10],
  ["d4", "ds4G", 4096, 4, 20],
  ["42", "m1.nano", 192, 1, 1],
  ["84", "m1.micro", 256, 1, 1],
];

/** Made unless DEFAULT_INSTANCE_TYPE names another flavor for tempest. */
const TEMPEST = new Set(["42", "84"]);

/** What a fresh cloud has; idempotent, and a flavor that the admin deleted comes back only with its id and name free. */
export function seed(core: Core): void {
  const { flavors, kernel } = core;
  kernel.db.transaction(() => {
    for (const [id, name, ram, vcpus, disk] of FLAVORS) {
      if (TEMPEST.has(id) && kernel.settings.compute.defaultInstanceType !== null) continue;
      if (flavors.get(id) !== undefined || flavors.find({ name }) !== undefined) continue;
      flavors.insert({
        id,
        name,
        ram,
        vcpus,
        disk,
        ephemeral: 0,
        swap: 0,
        rxtxFactor: 1,
        isPublic: true,
        description: null,
        extraSpecs: { "hw_rng:allowed": "True" },
        createdAt: kernel.clock.now(),
      });
    }
  });
}
