import type { InstanceSpec } from "../../driver.ts";
import { el, type XmlElement } from "./element.ts";

/** Namespace of our own mark in a domain's metadata. What has it with our stack's name is ours, whatever it is called. */
export const OWNER_URI = "urn:tenrec:libvirt:1";
/** What nova itself writes, and what tools that read libvirt's metadata (exporters, virsh users) look for. */
const NOVA_URI = "http://openstack.org/xmlns/libvirt/nova/1.1";

export function metadataElement(spec: InstanceSpec, stackName: string, now: Date): XmlElement {
  const { flavor, owner, root } = spec;
  return el(
    "metadata",
    {},
    el("tenrec:guest", { "xmlns:tenrec": OWNER_URI, stack: stackName, uuid: spec.uuid }),
    el(
      "nova:instance",
      { "xmlns:nova": NOVA_URI },
      el("nova:package", { version: "tenrec" }),
      el("nova:name", {}, spec.displayName),
      // nova writes it without a zone and without fractions.
      el("nova:creationTime", {}, now.toISOString().slice(0, 19).replace("T", " ")),
      el(
        "nova:flavor",
        { name: flavor.name },
        el("nova:memory", {}, String(flavor.memoryMb)),
        el("nova:disk", {}, String(flavor.rootGb)),
        el("nova:swap", {}, String(flavor.swapMb)),
        el("nova:ephemeral", {}, String(flavor.ephemeralGb)),
        el("nova:vcpus", {}, String(flavor.vcpus)),
      ),
      el(
        "nova:owner",
        {},
        el("nova:user", { uuid: owner.userId }, owner.userName),
        el("nova:project", { uuid: owner.projectId }, owner.projectName),
      ),
      root !== null && el("nova:root", { type: "image", uuid: root.imageId }),
      el(
        "nova:ports",
        {},
        spec.nics.map((nic) => el("nova:port", { uuid: nic.portId })),
      ),
    ),
  );
}

/** The stack's name and uuid in an owner mark as libvirt gives it back; null when it is none. */
export function parseOwner(xml: string): { stack: string; uuid: string } | null {
  const stack = attribute(xml, "stack");
  const uuid = attribute(xml, "uuid");
  return stack === null || uuid === null ? null : { stack, uuid };
}

function attribute(xml: string, name: string): string | null {
  const value = new RegExp(`\\s${name}=(?:"([^"]*)"|'([^']*)')`).exec(xml);
  return value === null ? null : unescapeXml(value[1] ?? value[2] ?? "");
}

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

export function unescapeXml(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(amp|lt|gt|quot|apos));/g, (whole, decimal, hex, name) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    return NAMED[name] ?? whole;
  });
}
