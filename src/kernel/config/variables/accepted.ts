import { matchesPattern } from "../absent.ts";
import type { AcceptedVariable } from "../variable.ts";

const accept = (note: string, ...names: string[]): AcceptedVariable[] => names.map((name) => ({ name, note }));
/** Nothing is said, for nobody can be misled; `why` is for the reference. */
const silently = (why: string, ...names: string[]): AcceptedVariable[] =>
  names.map((name) => ({ name, note: "", why }));
/** As `accept`, but nothing is said when the value is one of these words (any letter case). */
const acceptQuietly = (note: string, quiet: string, ...names: string[]): AcceptedVariable[] =>
  names.map((name) => ({ name, note, quiet: new RegExp(`^(${quiet})$`, "i") }));

export const NOVA_NETWORK =
  "nova-network is gone, Neutron's networks are used; to give floating IPs a real interface set PUBLIC_INTERFACE instead";
export const TEMPEST = "tempest is set up and run outside of this program: docs/conformance.md tells how";
export const LDAP = "users are kept in the cloud's own database, not in an LDAP directory";
export const NETWORK_BACKEND =
  "the network back-end is Linux bridges of this one host, driven by this process, whatever the choice";
const PINNED = "nothing is fetched or built: this is one program of one version";
const CERTIFICATE = "all ports have one certificate: KEYSTONE_SSL_CERT, KEYSTONE_SSL_KEY and KEYSTONE_SSL_CA";

/**
 * Variables that local.conf files on the web set and that have nothing to do here. An exact name wins over patterns, the first pattern over later ones.
 * What nobody can be misled by is taken silently.
 */
export const acceptedVariables: readonly AcceptedVariable[] = [
  ...silently("read as disable_service is", "DISABLED_SERVICES"),
  ...silently(
    "there is one embedded database and no message broker, and tokens are of one kind",
    "DATABASE_*",
    "MYSQL_*",
    "RABBIT_*",
    "QPID_*",
    "POSTGRES*",
    "RECREATE_KEYSTONE_DB",
    "SERVICE_TOKEN",
    "ADMIN_TOKEN",
    "KEYSTONE_TOKEN_*",
    "HORIZON_PASSWORD",
  ),
  ...acceptQuietly(PINNED, "master|main|\\$TARGET_BRANCH", "TARGET_BRANCH", "*_BRANCH", "*_REPO"),
  ...accept(PINNED, "LIBS_FROM_GIT"),
  ...acceptQuietly(NOVA_NETWORK, "False|0|No", "MULTI_HOST"),
  ...accept(
    NOVA_NETWORK,
    "FLAT_INTERFACE",
    "VLAN_INTERFACE",
    "FIXED_NETWORK_SIZE",
    "FLOATING_NETWORK_SIZE",
    "NETWORK_MANAGER",
    "NET_MAN",
    "FLAT_NETWORK_BRIDGE*",
    "AUTO_ASSIGN_FLOATING_IP",
    "TEST_FLOATING_*",
  ),
  ...silently(
    "Neutron's networks are always used",
    "FORCE_DHCP_RELEASE",
    "EBTABLES_RACE_FIX",
    "NOVA_USE_NEUTRON*",
    "ENABLE_ISOLATED_METADATA",
    "LIBVIRT_FIREWALL_DRIVER",
    "GUEST_INTERFACE_DEFAULT",
    "PUBLIC_INTERFACE_DEFAULT",
  ),
  ...silently(
    "there are no screen sessions; logs are files in LOGDIR and `tenrec logs`",
    "USE_SCREEN",
    "SCREEN_*",
    "USE_SYSTEMD",
    "ENABLE_VERBOSE_LOG_LEVEL",
  ),
  ...acceptQuietly(
    NETWORK_BACKEND,
    "ml2|ovn|openvswitch|linuxbridge|linuxbridge,.*|openvswitch,linuxbridge",
    "Q_PLUGIN",
    "Q_AGENT",
    "NEUTRON_AGENT",
    "NEUTRON_CORE_PLUGIN",
    "Q_ML2_PLUGIN_MECHANISM_DRIVERS",
  ),
  ...acceptQuietly(
    NETWORK_BACKEND,
    "False|0|No|",
    "Q_DVR_MODE",
    "Q_USE_PROVIDER_NETWORKING",
    "ENABLE_TENANT_VLANS",
    "ENABLE_CHASSIS_AS_GW",
  ),
  ...acceptQuietly(NETWORK_BACKEND, "True|1|Yes|legacy", "ENABLE_TENANT_TUNNELS"),
  ...accept(
    NETWORK_BACKEND,
    "Q_ML2_TENANT_NETWORK_TYPE",
    "Q_SERVICE_PLUGIN_CLASSES",
    "ML2_L3_PLUGIN",
    "TENANT_VLAN_RANGE",
    "ML2_VLAN_RANGES",
    "ODL_*",
    "MIDONET_*",
    "NEUTRON_BACKEND",
  ),
  ...silently(
    "bridges and networks are made as the subnets of DevStack's public and private network ask, whatever the back-end",
    "PHYSICAL_NETWORK",
    "Q_*",
    "ML2_*",
    "OVN_*",
    "OVS_*",
    "SKIP_OVS_INSTALL",
    "LB_PHYSICAL_INTERFACE",
    "LB_INTERFACE_MAPPINGS",
    "PHYSICAL_INTERFACE",
    "PROVIDER_*",
    "SEGMENTATION_ID",
    "NEUTRON_DEPLOY_*",
    "TENANT_TUNNEL_RANGE*",
    "TUNNEL_*",
    "VIF_PLUGGING_*",
  ),
  ...acceptQuietly(LDAP, "sql", "KEYSTONE_IDENTITY_BACKEND", "KEYSTONE_ASSIGNMENT_BACKEND"),
  ...accept(LDAP, "LDAP_*", "KEYSTONE_LDAP_*", "KEYSTONE_CLEAR_LDAP"),
  ...silently("everything is in the cloud's own database", "KEYSTONE_*_BACKEND"),
  ...silently(
    "volumes are attached locally, without targets, and not encrypted",
    "CINDER_TARGET_*",
    "CINDER_ISCSI_HELPER",
    "ISCSI_*",
    "FIXED_KEY",
  ),
  ...accept("volume groups are kept as files the service remembers", "VOLUME_BACKING_FILE", "VOLUME_BACKING_DEVICE"),
  ...accept("write CINDER_VOLUME_CLEAR=zero, none or shred", "CINDER_SECURE_DELETE"),
  ...acceptQuietly("root disks are files in NOVA_INSTANCES_PATH, not logical volumes", "default|", "NOVA_BACKEND"),
  ...silently("root disks are files, which are removed", "LVM_VOLUME_CLEAR"),
  ...acceptQuietly("consoles are VNC and serial ones", "False|0|No", "NOVA_SPICE_ENABLED"),
  ...silently("each volume of an image is written from that image", "CINDER_IMG_CACHE_ENABLED"),
  ...silently("the built-in image is known by DEFAULT_IMAGE_NAME", "DEFAULT_IMAGE_FILE_NAME"),
  ...silently("stack loads its images from within the image service", "GLANCE_USE_IMPORT_WORKFLOW"),
  ...silently("metadata is answered by the same process, without a proxy to trust", "METADATA_PROXY_SHARED_SECRET"),
  ...accept("limits of servers are nova's quotas", "NOVA_USE_UNIFIED_LIMITS"),
  ...silently(
    "one process serves all; guests' screens are sockets that only the console proxy opens",
    "API_WORKERS",
    "API_RATE_LIMIT",
    "WSGI_MODE",
    "NOVA_NUM_CELLS",
    "NOVA_SERVICE_REPORT_INTERVAL",
    "NOVA_READY_TIMEOUT",
    "CELLSV2_SETUP",
    "SCHEDULER",
    "SCHEDULER_*",
    "VNCSERVER_LISTEN",
    "VNCSERVER_PROXYCLIENT_ADDRESS",
    "XVPVNCPROXY_*",
    "NOVA_VNC_KEYMAP",
    "ENABLE_SYSCTL_*",
    "ENABLE_KSMTUNED",
  ),
  ...silently("identity speaks v3, and v2.0 for old clients", "ENABLE_IDENTITY_V2", "IDENTITY_API_VERSION", "OS_*"),
  ...silently(
    "every endpoint is on this host",
    "KEYSTONE_AUTH_HOST",
    "KEYSTONE_AUTH_PROTOCOL",
    "KEYSTONE_AUTH_URI*",
    "GLANCE_HOSTPORT",
    "KEYSTONE_ADMIN_ENDPOINT",
    "Q_HOST",
    "GLANCE_SERVICE_HOST",
    "NOVA_SERVICE_HOST",
    "CINDER_SERVICE_HOST",
    "PLACEMENT_SERVICE_HOST",
    "NEUTRON_SERVICE_HOST",
    "METADATA_SERVICE_HOST",
    "*_SERVICE_LISTEN_ADDRESS",
  ),
  ...accept("the certificate authority is kept in DATA_DIR", "ROOT_CA_DIR", "INT_CA_DIR", "SSL_BUNDLE_FILE", "TLS_IP"),
  ...accept("with TLS all ports speak it", "SSL_ENABLED_SERVICES"),
  ...accept(CERTIFICATE, "*_SSL_CERT", "*_SSL_KEY", "*_SSL_CA"),
  ...accept(TEMPEST, "INSTALL_TEMPEST", "TEMPEST_RUN_*", "RUN_TEMPEST"),
  ...silently(
    "tempest is set up outside of this program",
    "TEMPEST_*",
    "BUILD_TIMEOUT",
    "ACTIVE_TIMEOUT",
    "SKIP_EXERCISES",
    "LIVE_MIGRATION_AVAILABLE",
    "USE_BLOCK_MIGRATION_FOR_LIVE_MIGRATION",
  ),
  // Where sources come from: there are none to fetch.
  ...silently(
    "nothing is fetched, built or installed from sources",
    "RECLONE",
    "PIP_*",
    "USE_GET_PIP",
    "GIT_BASE",
    "GIT_DEPTH",
    "GIT_TIMEOUT",
    "USE_VENV",
    "USE_PYTHON3",
    "PYTHON",
    "PYTHON3_VERSION",
    "GLOBAL_VENV",
    "FORCE_PREREQ",
    "ERROR_ON_CLONE",
    "NO_UPDATE_REPOS",
    "CLEAN_TEMPLATES",
    "INSTALL_PREREQ",
    "BRANCHLESS_TARGET_BRANCH",
    "ENABLE_FILE_INJECTION",
    "SERVICE_DIR",
    "STACK_USER",
    "HOST_TOP",
    "TOP_DIR",
    "PUBLIC_NETWORK_NAME_*",
  ),
];

/** The entry of that name, else the first whose pattern fits. */
export function findAccepted(name: string): AcceptedVariable | undefined {
  const exact = acceptedVariables.find((entry) => entry.name === name);
  return exact ?? acceptedVariables.find((entry) => matchesPattern(entry.name, name));
}
