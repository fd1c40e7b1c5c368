import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import type { Flavor } from "../store/flavors.ts";
import type { ServerFlavor } from "../store/servers.ts";

type Links = (path: string) => { rel: string; href: string }[];

export function flavorSummary(flavor: Flavor, version: Microversion, links: Links) {
  return {
    id: flavor.id,
    name: flavor.name,
    links: links(`flavors/${flavor.id}`),
    ...(version >= mv("2.55") ? { description: flavor.description } : {}),
  };
}

export function flavorDetail(flavor: Flavor, version: Microversion, links: Links) {
  return {
    id: flavor.id,
    name: flavor.name,
    ram: flavor.ram,
    disk: flavor.disk,
    // An empty string for none, until 2.75 made it a number.
    swap: flavor.swap === 0 && version < mv("2.75") ? "" : flavor.swap,
    "OS-FLV-EXT-DATA:ephemeral": flavor.ephemeral,
    "OS-FLV-DISABLED:disabled": false,
    vcpus: flavor.vcpus,
    "os-flavor-access:is_public": flavor.isPublic,
    rxtx_factor: flavor.rxtxFactor,
    links: links(`flavors/${flavor.id}`),
    ...(version >= mv("2.55") ? { description: flavor.description } : {}),
    ...(version >= mv("2.61") ? { extra_specs: flavor.extraSpecs } : {}),
  };
}

/** What a server shows of its flavor: a link, or since 2.47 the flavor as it was. */
export function flavorInServer(flavor: ServerFlavor, version: Microversion, bookmark: (path: string) => string) {
  if (version < mv("2.47")) {
    return { id: flavor.id, links: [{ rel: "bookmark", href: bookmark(`flavors/${flavor.id}`) }] };
  }
  return {
    vcpus: flavor.vcpus,
    ram: flavor.ram,
    disk: flavor.disk,
    ephemeral: flavor.ephemeral,
    swap: flavor.swap,
    original_name: flavor.name,
    extra_specs: flavor.extraSpecs,
  };
}
