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

/** Older names that mean the same. */
const synonyms: Readonly<Record<string, string>> = { keystone: "key", quantum: "neutron", "neutron-api": "q-svc" };

/** On by default: of DevStack's list what there is, with the agents of our network back-end. */
export const defaultServices: readonly string[] = [
  "key",
  ...membersOf("nova"),
  ...membersOf("placement"),
  ...membersOf("glance"),
  ...membersOf("cinder"),
  ...membersOf("neutron"),
];

/** What DevStack or its plugins have and this cloud has not, by the name of a service or of its group. */
const absent: Readonly<Record<string, string>> = {
  swift: "object storage",
  s3api: "S3 API",
  heat: "orchestration",
  horizon: "dashboard",
  "c-bak": "backup service for volumes",
  "cinder-backup": "backup service for volumes",
  ceilometer: "telemetry",
  gnocchi: "metrics store",
  aodh: "alarm service",
  trove: "database service",
  "ec2-api": "EC2 API",
  barbican: "key manager",
  octavia: "load balancer",
  "o-api": "load balancer",
  "o-cw": "load balancer",
  "o-hk": "load balancer",
  "o-hm": "load balancer",
  "q-lbaas": "load balancer",
  "q-lbaasv2": "load balancer",
  "q-fwaas": "firewall service",
  "q-vpn": "VPN service",
  "q-metering": "traffic metering",
  "q-qos": "quality of service for ports",
  "q-trunk": "trunk ports",
};

/** Names that are understood; some stand for programs that one process makes unnecessary. */
const otherServices: readonly string[] = [
  ...Object.keys(absent),
  "tls-proxy",
  "tempest",
  "mysql",
  "postgresql",
  "rabbit",
  "etcd3",
  "dstat",
  "memory_tracker",
  "file_tracker",
  "ovn-controller",
  "ovn-northd",
  "ovn-router",
  "ovs-vswitchd",
  "ovsdb-server",
  "q-ovn-agent",
  "q-ovn-metadata-agent",
  "n-net",
  "n-crt",
  "n-obj",
  "n-cauth",
  "n-xvnc",
  "n-spice",
  "n-sproxy",
  "n-vol",
  "n-cell",
  "n-super-cond",
  "g-reg",
  "s-container-sync",
  "h-api-cw",
  "neutron-tag-ports-during-bulk-creation",
];

export const knownServices: readonly string[] = [
  ...new Set([
    ...defaultServices,
    ...Object.keys(groups),
    ...Object.values(groups).flatMap((group) => group.members),
    ...Object.keys(synonyms),
    ...otherServices,
  ]),
];

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

/** What somebody who lists these services expects and this cloud does not have yet; each once. */
export function absentFeatures(services: readonly string[]): readonly string[] {
  const found = services.flatMap((service) =>
    Object.entries(absent).flatMap(([name, feature]) => (belongsTo(service, name) ? [feature] : [])),
  );
  return [...new Set(found)];
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
