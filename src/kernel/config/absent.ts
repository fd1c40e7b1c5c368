/**
 * What DevStack and its plugins bring and this cloud has not. One row per feature, so that a feature that comes to be is
 * taken out here and nowhere else.
 */
interface AbsentFeature {
  /** Reads on from "there is no …". */
  readonly feature: string;
  /** Services' and groups' names; `*` stands for any text. */
  readonly services: readonly string[];
  /** Names in `enable_plugin`. */
  readonly plugins?: readonly string[];
  /** Variables that only such a service would read: nothing is said of them, the service's own line has said it. */
  readonly variables?: readonly string[];
  /** What enabling the project by its name enables, and what its services' names begin with. */
  readonly group?: { readonly project: string; readonly prefix: string; readonly members: readonly string[] };
}

const absent: readonly AbsentFeature[] = [
  { feature: "backup of volumes (c-bak)", services: ["c-bak", "cinder-backup"], variables: ["CINDER_BACKUP_*"] },
  {
    feature: "telemetry (ceilometer)",
    group: {
      project: "ceilometer",
      prefix: "ceilometer-",
      members: ["ceilometer-acompute", "ceilometer-anotification"],
    },
    services: ["ceilometer", "ceilometer-*"],
    plugins: ["ceilometer", "panko"],
    variables: ["CEILOMETER_*", "PANKO_*"],
  },
  {
    feature: "metrics store (gnocchi)",
    group: { project: "gnocchi", prefix: "gnocchi-", members: ["gnocchi-api", "gnocchi-metricd"] },
    services: ["gnocchi", "gnocchi-*"],
    plugins: ["gnocchi"],
    variables: ["GNOCCHI_*"],
  },
  {
    feature: "alarm service (aodh)",
    group: { project: "aodh", prefix: "aodh-", members: ["aodh-api", "aodh-evaluator"] },
    services: ["aodh", "aodh-*"],
    plugins: ["aodh"],
    variables: ["AODH_*"],
  },
  {
    feature: "database service (trove)",
    group: { project: "trove", prefix: "tr-", members: ["tr-api"] },
    services: ["trove", "tr-*"],
    plugins: ["trove"],
    variables: ["TROVE_*"],
  },
  { feature: "EC2 API (ec2-api)", services: ["ec2-api", "ec2-*"], plugins: ["ec2-api"], variables: ["EC2_*"] },
  {
    feature: "key manager (barbican)",
    services: ["barbican", "barbican-*"],
    plugins: ["barbican"],
    variables: ["BARBICAN_*", "USE_BARBICAN"],
  },
  {
    feature: "load balancer (octavia)",
    services: ["octavia", "o-*", "q-lbaas*", "neutron-lbaas*", "ovn-octavia-provider"],
    plugins: ["octavia", "neutron-lbaas", "ovn-octavia-provider"],
    variables: ["OCTAVIA_*", "NEUTRON_LBAAS_*", "DISABLE_AMP_IMAGE_BUILD", "LIBS_FROM_OCTAVIA"],
  },
  {
    feature: "DNS service (designate)",
    services: ["designate", "designate-*"],
    plugins: ["designate"],
    variables: ["DESIGNATE_*"],
  },
  {
    feature: "firewall service (q-fwaas)",
    services: ["q-fwaas*", "neutron-fwaas*"],
    plugins: ["neutron-fwaas"],
    variables: ["FWAAS_*"],
  },
  {
    feature: "VPN service (q-vpn)",
    services: ["q-vpn", "q-ovn-vpn-agent", "neutron-vpnaas*"],
    plugins: ["neutron-vpnaas"],
    variables: ["IPSEC_PACKAGE", "NEUTRON_VPNAAS_*"],
  },
  { feature: "traffic metering (q-metering)", services: ["q-metering", "neutron-metering"] },
  { feature: "quality of service for ports (q-qos)", services: ["q-qos", "neutron-qos"] },
  { feature: "trunk port (q-trunk)", services: ["q-trunk", "neutron-trunk"] },
  { feature: "logging of security groups (q-log)", services: ["q-log", "neutron-log"] },
  { feature: "DNS integration of ports (q-dns)", services: ["q-dns", "neutron-dns"] },
  { feature: "routed provider network (neutron-segments)", services: ["neutron-segments", "q-segments"] },
  { feature: "placement of ports (neutron-placement)", services: ["neutron-placement", "q-placement"] },
  {
    feature: "service function chaining (networking-sfc)",
    services: ["networking-sfc"],
    plugins: ["networking-sfc"],
    variables: ["SFC_*", "*_SFC_*"],
  },
  {
    feature: "shared file system service (manila)",
    services: ["manila", "m-*"],
    plugins: ["manila"],
    variables: ["MANILA_*", "SHARE_*"],
  },
  {
    feature: "container service (zun)",
    services: ["zun", "zun-*", "kuryr*"],
    plugins: ["zun", "kuryr*", "devstack-plugin-container", "docker-service"],
    variables: ["ZUN_*", "KURYR_*", "KUBERNETES_*"],
  },
  {
    feature: "container cluster service (magnum)",
    services: ["magnum", "magnum-*"],
    plugins: ["magnum", "magnum-*"],
    variables: ["MAGNUM_*"],
  },
  {
    feature: "bare metal service (ironic)",
    services: ["ironic", "ironic-*", "ir-*"],
    plugins: ["ironic", "ironic-*"],
    variables: ["IRONIC_*"],
  },
  {
    feature: "workflow service (mistral)",
    services: ["mistral", "mistral-*"],
    plugins: ["mistral"],
    variables: ["MISTRAL_*"],
  },
  {
    feature: "clustering service (senlin)",
    services: ["senlin", "sl-*"],
    plugins: ["senlin"],
    variables: ["SENLIN_*"],
  },
  {
    feature: "NFV orchestration (tacker)",
    services: ["tacker", "tacker-*"],
    plugins: ["tacker"],
    variables: ["TACKER_*"],
  },
  {
    feature: "data processing service (sahara)",
    services: ["sahara", "sahara-*"],
    plugins: ["sahara"],
    variables: ["SAHARA_*"],
  },
  {
    feature: "application catalogue (murano)",
    services: ["murano", "murano-*"],
    plugins: ["murano"],
    variables: ["MURANO_*"],
  },
  {
    feature: "search service (searchlight)",
    services: ["searchlight", "searchlight-*"],
    plugins: ["searchlight"],
    variables: ["SEARCHLIGHT_*", "ELASTICSEARCH_*"],
  },
  {
    feature: "instance recovery (masakari)",
    services: ["masakari", "masakari-*"],
    plugins: ["masakari"],
    variables: ["MASAKARI_*"],
  },
  {
    feature: "root cause analysis (vitrage)",
    services: ["vitrage", "vitrage-*"],
    plugins: ["vitrage"],
    variables: ["VITRAGE_*"],
  },
  {
    feature: "rating service (cloudkitty)",
    services: ["cloudkitty", "ck-*"],
    plugins: ["cloudkitty"],
    variables: ["CLOUDKITTY_*"],
  },
  {
    feature: "optimisation service (watcher)",
    services: ["watcher", "watcher-*"],
    plugins: ["watcher"],
    variables: ["WATCHER_*"],
  },
  {
    feature: "messaging service (zaqar)",
    services: ["zaqar", "zaqar-*"],
    plugins: ["zaqar"],
    variables: ["ZAQAR_*"],
  },
  {
    feature: "Ceph storage",
    services: ["ceph"],
    plugins: ["devstack-plugin-ceph"],
    variables: ["CEPH_*", "*_CEPH", "*_CEPH_*"],
  },
  {
    feature: "data protection service (karbor)",
    services: ["karbor", "karbor-*"],
    plugins: ["karbor"],
    variables: ["KARBOR_*"],
  },
  {
    feature: "gateway over several regions (tricircle)",
    services: ["tricircle", "trio2o", "t-*", "kb-*"],
    plugins: ["tricircle", "trio2o", "kingbird"],
    variables: ["TRICIRCLE_*", "TRIO2O_*", "KINGBIRD_*"],
  },
];

const fits = (patterns: readonly string[] | undefined, name: string): boolean =>
  (patterns ?? []).some((pattern) => matchesPattern(pattern, name));

/** `*` in the pattern, at most twice, stands for any text. */
export function matchesPattern(pattern: string, name: string): boolean {
  const parts = pattern.split("*");
  if (parts.length === 1) return pattern === name;
  const [start = "", middle = "", end = ""] = parts.length === 2 ? [parts[0], "", parts[1]] : parts;
  if (name.length < start.length + middle.length + end.length) return false;
  if (!name.startsWith(start) || !name.endsWith(end)) return false;
  return name.slice(start.length, name.length - end.length).includes(middle);
}

/** What a service of that name would bring, or null when it is none of the absent ones. */
export function absentService(name: string): string | null {
  return absent.find(({ services }) => fits(services, name.toLowerCase()))?.feature ?? null;
}

export function absentPlugin(name: string): string | null {
  return absent.find(({ plugins }) => fits(plugins, name))?.feature ?? null;
}

/** Whether a variable is read by none but an absent service. */
export function isOfAbsentFeature(variable: string): boolean {
  return absent.some(({ variables }) => fits(variables, variable));
}

/** Variables of absent features, for the reference. */
export const absentVariables: readonly { readonly feature: string; readonly variables: readonly string[] }[] =
  absent.flatMap(({ feature, variables }) => (variables === undefined ? [] : [{ feature, variables }]));

/** Names that an `enable_service` may hold, for the nearest to a mistyped one. */
export const absentServiceNames: readonly string[] = absent
  .flatMap(({ services }) => services)
  .map((name) => name.replace("*", ""))
  .filter((name) => !name.endsWith("-"));

/** The projects of absent services, for `enable_service PROJECT`. */
export const absentGroups = absent.flatMap(({ group }) => (group === undefined ? [] : [group]));

const ELSEWHERE = "guests of that kind are not to be had here";
const givenUp = (driver: string): string => `${driver}, which made containers of servers, was given up`;
/** Values of VIRT_DRIVER for guests of other kinds, with why there are none. */
export const ABSENT_DRIVERS: Readonly<Record<string, string>> = {
  docker: givenUp("nova-docker"),
  lxd: givenUp("nova-lxd"),
  ...Object.fromEntries(
    ["ironic", "lxc", "openvz", "vsphere", "xenserver", "xenapi", "zvm", "hyperv", "powervm", "zun"].map((driver) => [
      driver,
      ELSEWHERE,
    ]),
  ),
};
