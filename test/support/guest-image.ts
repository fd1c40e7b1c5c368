import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

export const RECIPE = join(import.meta.dirname, "../../images/build.sh");

/** Where the recipe leaves the built-in guest image. */
export const GUEST_IMAGE = join(process.env.TENREC_CACHE ?? "/var/cache/tenrec", "images/tenrec-guest-x86_64.qcow2");

/**
 * The built-in guest image, built first where there is none or the recipe has changed (ten seconds and a Debian mirror; else 0.1 s).
 * The recipe lets one build at a time, so test files that run beside each other wait for the first. Rejects with what it printed.
 */
export async function guestImage(): Promise<string> {
  return (await promisify(execFile)(RECIPE, [], { maxBuffer: 16 << 20 })).stdout.trim();
}

// run.sh: once before all tests, so that its time is not the first one's.
if (import.meta.main) {
  const begin = performance.now();
  const path = await guestImage();
  console.log(`guest image: ${path} (${((performance.now() - begin) / 1000).toFixed(1)} s)`);
}
