import { absentService, absentServiceNames } from "./absent.ts";

/** A DevStack group name, the prefix of its members' names, and what enabling the group by its name turns on. */
interface ServiceGroup {
  readonly prefix: string;
  readonly members: readonly string[];
}

const groups: Readonly<Record<string, ServiceGroup>> = {
  nova: { prefix: "n-", members: ["n-api", "n-cpu", "n-cond", "n-sch", "n-novnc", "n-api-meta"] },
  glance: { prefix: "g-", members: ["g-api"] },
  neutron: { prefix: "q-", members: ["q-svc", "q-agt", "q-dhcp", "q-l3", "q-meta"] },
  cinder: { prefix: "c-", members: ["c-api", "c-sch", "c-vol"] },
  swift: { prefix: "s-", members: ["s-proxy", "s-object", "s-container", "s-account"] },
  heat: { prefix: "h-", members: ["h-eng", "h-api", "h-api-cfn"] },
  trove: { prefix: "tr-", members: ["tr-api"] },
  placement: { prefix: "placement-", members: ["placement-api", "placement-client"] },
  ceilometer: { prefix: "ceilometer-", members: ["ceilometer-acompute", "ceilometer-anotification"] },
  gnocchi: { prefix: "gnocchi-", members: ["gnocchi-api", "gnocchi-metricd"] },
  aodh: { prefix: "aodh-", members: ["aodh-api", "aodh-evaluator"] },
};

/** Other names of the same: older ones, and those of DevStack's lib/neutron. */
const synonyms: Readonly<Record<string, string>> = {
  keystone: "key",
  quantum: "neutron",
  "neutron-api": "q-svc",
  "neutron-agent": "q-agt",
  "neutron-dhcp": "q-dhcp",
  "neutron-l3": "q-l3",
  "neutron-metadata-agent": "q-meta",
};

/** On by default: of DevStack's list what there is, with the agents of our network back-end. */
export const defaultServices: readonly string[] = [
  "key",
  ...membersOf("nova"),
  ...membersOf("placement"),
  ...membersOf("glance"),
  ...membersOf("cinder"),
  ...membersOf("neutron"),
];

/** Names that are understood: programs that one process makes unnecessary, and parts of what is there. */
const otherServices: readonly string[] = [
  "tls-proxy",
  "tempest",
  "mysql",
  "postgresql",
  "rabbit",
  "qpid",
  "zeromq",
  "etcd3",
  "ldap",
  "dstat",
  "pidstat",
  "sysstat",
  "tempestsysstat",
  "memory_tracker",
  "file_tracker",
  "peakmem_tracker",
  "openstack-cli-server",
  "ovn-controller",
  "ovn-controller-vtep",
  "ovn-northd",
  "ovn-router",
  "ovs-vswitchd",
  "ovsdb-server",
  "networking-ovn-metadata-agent",
  "q-ovn-agent",
  "q-ovn-metadata-agent",
  "q-port-forwarding",
  "n-net",
  "n-crt",
  "n-obj",
  "n-cauth",
  "n-xvnc",
  "n-spice",
  "n-sproxy",
  "n-vol",
  "n-cell",
  "n-cell-child",
  "n-cell-region",
  "n-super-cond",
  "g-reg",
  "neutron-port-forwarding",
  "neutron-tag-ports-during-bulk-creation",
];

export const knownServices: readonly string[] = [
  ...new Set([
    ...defaultServices,
    ...Object.keys(groups),
    ...Object.values(groups).flatMap((group) => group.members),
    ...Object.keys(synonyms),
    ...otherServices,
    ...absentServiceNames,
  ]),
];

/** Whether the name means something, here or in DevStack. */
export function isKnownService(name: string): boolean {
  return knownServices.includes(name) || absentService(name) !== null;
}

function membersOf(group: string): readonly string[] {
  return groups[group]?.members ?? [];
}

/** What a name in `enable_service NAME` turns on: itself, or a group's members. */
export function expandService(name: string): readonly string[] {
  const canonical = synonyms[name] ?? name;
  return groups[canonical]?.members ?? [canonical];
}

/** Whether a listed service is the named one, or belongs to the named group. */
function belongsTo(service: string, name: string): boolean {
  const canonical = synonyms[name] ?? name;
  const group = groups[canonical];
  return service === canonical || (group !== undefined && service.startsWith(group.prefix));
}

/**
 * Resolves an ENABLED_SERVICES text: commas or blanks between names, groups expanded, doubles dropped, `-name` removes
 * wherever it stands (DevStack cleans the list up after localrc was read).
 */
export function resolveServices(text: string): readonly string[] {
  const items = text.split(/[,\s]+/).filter((item) => item !== "");
  const removed = items.filter((item) => item.startsWith("-")).map((item) => item.slice(1));
  const listed = items.filter((item) => !item.startsWith("-")).flatMap(expandService);
  return [...new Set(listed)].filter((service) => !removed.some((name) => belongsTo(service, name)));
}

/** Takes a service or group out of a list. */
export function withoutService(services: readonly string[], name: string): readonly string[] {
  return services.filter((service) => !belongsTo(service, name));
}

/**
 * DevStack's is_service_enabled: true for a listed service, and for a group (`nova`, `cinder`, …) one of whose members is listed.
 */
export function isServiceEnabled(settings: { readonly enabledServices: readonly string[] }, name: string): boolean {
  return settings.enabledServices.some((service) => belongsTo(service, name));
}
