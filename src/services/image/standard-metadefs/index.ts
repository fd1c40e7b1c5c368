import { computeNamespaces } from "./compute.ts";
import { imageNamespaces } from "./images.ts";
import { softwareNamespaces } from "./software.ts";
import type { StandardNamespace } from "./words.ts";

/**
 * The vocabularies that DevStack loads into glance (its etc/metadefs), as far as they mean something to this cloud's hypervisor: names, types
 * and choices are those; VMware's, Xen's and CIM's are left out.
 */
export const STANDARD_NAMESPACES: readonly StandardNamespace[] = [
  ...computeNamespaces,
  ...imageNamespaces,
  ...softwareNamespaces,
];
