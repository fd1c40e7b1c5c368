import type { InstanceSpec, NicSpec } from "../../driver.ts";
import { nicAlias } from "./aliases.ts";
import { el, type XmlElement } from "./element.ts";
import { bandwidth } from "./limits.ts";

export interface NicOptions {
  readonly extraSpecs: Readonly<Record<string, string>>;
  /** Queue pairs (hw_vif_multiqueue_enabled); 1 is the ordinary kind. */
  readonly queues: number;
  /** Whether to ask for bandwidth limits. */
  readonly limits: boolean;
}

/** libvirt makes the tap and puts it on the bridge; filtering is the network service's, in place before the tap is. */
export function nicElement(nic: NicSpec, { extraSpecs, queues, limits }: NicOptions): XmlElement {
  return el(
    "interface",
    { type: "bridge" },
    el("mac", { address: nic.mac }),
    el("source", { bridge: nic.bridge }),
    el("target", { dev: nic.tap }),
    el("model", { type: nic.model }),
    queues > 1 && nic.model === "virtio" && el("driver", { queues }),
    el("mtu", { size: nic.mtu }),
    limits && bandwidth(extraSpecs),
    // Guests boot from disks: no network boot firmware to load (the package that has it may be missing).
    el("rom", { enabled: "no" }),
    el("alias", { name: nicAlias(nic.portId) }),
  );
}

/** Linux takes 8 queues per tap at most without further settings; one per CPU is what nova gives. */
export function queuesOf(spec: Pick<InstanceSpec, "imageProperties" | "extraSpecs" | "vcpus">): number {
  const wanted = spec.imageProperties.hw_vif_multiqueue_enabled ?? spec.extraSpecs["hw:vif_multiqueue_enabled"];
  return isTrue(wanted) ? Math.min(spec.vcpus, 8) : 1;
}

/** What nova's strict boolean properties take for yes. */
export function isTrue(text: string | undefined): boolean {
  return text !== undefined && ["true", "yes", "1", "on", "t", "y"].includes(text.trim().toLowerCase());
}
