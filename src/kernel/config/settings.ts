/**
 * The typed form of local.conf that the whole program uses. Values are resolved: no `null` means "look elsewhere",
 * sizes are bytes, times are seconds, lists are arrays. Each field names the variable (or INI option) it comes from.
 * Made by `loadSettings` (load.ts); tests take `testSettings()` from test/support/settings.ts.
 */

import type { ServiceAccount, ServiceName } from "./declaration.ts";

/** `libvirt` runs real guests; `fake` keeps everything in memory and touches nothing on the host. */
export type VirtDriver = "libvirt" | "fake";
export type LibvirtType = "kvm" | "qemu";
/** An inclusive address range. */
export interface AddressRange {
  readonly start: string;
  readonly end: string;
}

/**
 * Each service adds its part in its settings.ts:
 * `declare module "../../kernel/config/settings.ts" { interface Settings { readonly image: ImageSettings } }`
 */
export interface Settings {
  /** STACK_NAME: names the box's network namespace, veth, units and marks; at most 11 characters. */
  readonly stackName: string;
  /** The local.conf that was read (absolute path), or null when there was none. */
  readonly configFile: string | null;
  /** HOST_IP: IPv4 address other machines reach this box at. */
  readonly hostIp: string;
  /** HOST_IPV6, or null. */
  readonly hostIpv6: string | null;
  /** HOST_IP_IFACE: the interface HOST_IP was looked for on; empty when HOST_IP was given and no interface is known. */
  readonly hostIpInterface: string;
  /** SERVICE_HOST: name or address in the catalog, IPv6 literals without brackets. */
  readonly serviceHost: string;
  /** SERVICE_LISTEN_ADDRESS: what the API sockets bind to, without brackets. */
  readonly listenAddress: string;
  /** REGION_NAME */
  readonly regionName: string;
  /** DEST: top of what is installed. */
  readonly dest: string;
  /** DATA_DIR: database, images, disks, sockets, ledger. Absolute. */
  readonly dataDir: string;
  /** VIRT_DRIVER */
  readonly virtDriver: VirtDriver;
  /** LIBVIRT_TYPE: what was asked for; the KVM probe may still fall back to qemu. */
  readonly libvirtType: LibvirtType;
  /** OFFLINE: never use the network for packages, images. */
  readonly offline: boolean;
  /** FORCE: go on where the preflight would refuse (unsupported distribution). */
  readonly force: boolean;
  /** SERVICE_TIMEOUT in seconds. */
  readonly serviceTimeout: number;
  /** ENABLED_SERVICES after enable_service, disable_service and negations: DevStack's names (`n-api`, `q-svc`, …). */
  readonly enabledServices: readonly string[];
  /** The services that these make part of the cloud, by their own names, sorted so that each comes behind those it needs. */
  readonly services: readonly ServiceName[];
  /** *_ENFORCE_NEW_DEFAULTS, ENFORCE_NEW_DEFAULTS where not set: of these services scopes are enforced, and reader and member differ. */
  readonly newDefaults: readonly ServiceName[];
  /** Accounts of the services of the cloud: SERVICE_PASSWORD, and a role on the service project. */
  readonly serviceAccounts: readonly ServiceAccount[];
  /** Where things grow, whose file systems are watched: DATA_DIR, LOGDIR and those of services, absolute. */
  readonly directories: readonly { readonly variable: string; readonly path: string }[];
  /** Every port that the services of this cloud listen on beside API_PORT. */
  readonly listening: readonly ListeningPort[];
  /** Variables that the user set (file or environment), sorted; the others are defaults and may be moved (see `remembered` of loadSettings). */
  readonly explicit: readonly string[];
  readonly passwords: PasswordSettings;
  readonly ports: PortSettings;
  readonly api: ApiSettings;
  readonly logging: LoggingSettings;
  readonly tuning: TuningSettings;
}

export interface PasswordSettings {
  /** ADMIN_PASSWORD: admin, demo and all other seeded users. */
  readonly admin: string;
  /** SERVICE_PASSWORD: nova, neutron, … users; ADMIN_PASSWORD when not set. */
  readonly service: string;
}

/** Each service adds its ports, by declaration merging as Settings. */
export interface PortSettings {
  /** API_PORT: the one port with every API under DevStack's paths (`/identity`, `/compute/v2.1`, …). */
  readonly api: number;
  /** CLASSIC_PORTS: also listen on the ports below (a taken one is a warning). */
  readonly classic: boolean;
}

export type Transport = "tcp" | "udp";

export interface ListeningPort {
  readonly name: Exclude<keyof PortSettings, "api" | "classic">;
  readonly port: number;
  readonly transports: readonly Transport[];
  /** For people: "identity", "VNC consoles". */
  readonly what: string;
  /** What it means that somebody else has it. */
  readonly ifTaken: string;
}

export interface ApiSettings {
  /** SERVICE_PROTOCOL, or https through `enable_service tls-proxy`. */
  readonly protocol: "http" | "https";
  /** KEYSTONE_SSL_CERT, _KEY and _CA: absolute paths of a certificate of the user's own, or null for one by the cloud's authority. */
  readonly ownCertificate: { readonly certificate: string; readonly key: string; readonly authority: string } | null;
  /** `http://HOST` or `http://HOST:PORT` (port left out when it is the protocol's own), no slash at the end. Catalog URLs are this plus DevStack's path. */
  readonly baseUrl: string;
  /** SERVICE_IP_VERSION */
  readonly ipVersion: 4 | 6;
  /** HOST_LINK_RANGE: the /30 between the host's main namespace and the box. */
  readonly hostLinkRange: string;
  /** MAX_REQUEST_BODY_SIZE in bytes, of JSON requests ([oslo_middleware] max_request_body_size). */
  readonly maxRequestBodySize: number;
}

export interface LoggingSettings {
  /** LOGFILE: stack's own log, before the time stamp is added, or null. */
  readonly file: string | null;
  /** LOGDIR (old: SCREEN_LOGDIR) */
  readonly dir: string;
  /** LOGDAYS: older logs are removed. */
  readonly days: number;
  /** LOG_COLOR; `auto` means when standard output is a terminal. */
  readonly color: boolean | "auto";
  /** VERBOSE */
  readonly verbose: boolean;
  /** VERBOSE_NO_TIMESTAMP */
  readonly noTimestamp: boolean;
  /** TIMESTAMP_FORMAT, strftime. */
  readonly timestampFormat: string;
  /** ENABLE_DEBUG_LOG_LEVEL */
  readonly debug: boolean;
  /** SYSLOG, SYSLOG_HOST, SYSLOG_PORT; null when off. */
  readonly syslog: { readonly host: string; readonly port: number } | null;
}

export interface TuningSettings {
  /** ENABLE_KSM */
  readonly ksm: boolean;
  /** ENABLE_ZSWAP with ZSWAP_COMPRESSOR and ZSWAP_ZPOOL; null leaves it as it is. */
  readonly zswap: { readonly compressor: string; readonly pool: string } | null;
}

/** What the loader needs to know of the machine; host/facts fills it, tests write it by hand. */
export interface HostFacts {
  /** `process.arch` in uname's words: `x86_64` or `aarch64`. */
  readonly arch: string;
  readonly hostname: string;
  /** Effective user id; 0 is root. */
  readonly uid: number;
  /** Home directory of that user. */
  readonly home: string;
  /** Name of the interface of the IPv4 default route, or null. */
  readonly defaultInterface: string | null;
  /** Global addresses per interface, without loopback, without prefix length. */
  readonly addresses: readonly { readonly interface: string; readonly family: 4 | 6; readonly address: string }[];
  /** Whether the kernel has IPv6 at all. */
  readonly hasIpv6: boolean;
}

/** Something the user should know; never a reason to stop. */
export interface ConfigWarning {
  /** local.conf's path as the user gave it, or null for the environment and defaults. */
  readonly file: string | null;
  readonly line: number | null;
  readonly message: string;
  /** What would be right, or what happens instead; may be empty. */
  readonly hint: string;
  /** `note` for accepted variables without effect, `warning` for what is probably a mistake. */
  readonly severity: "note" | "warning";
}
