/**
 * The typed form of local.conf that the whole program uses. Values are resolved: no `null` means "look elsewhere",
 * sizes are bytes, times are seconds, lists are arrays. Each field names the variable (or INI option) it comes from.
 * Made by `loadSettings` (load.ts); tests take `testSettings()` from test/support/settings.ts.
 */

/** `libvirt` runs real guests; `fake` keeps everything in memory and touches nothing on the host. */
export type VirtDriver = "libvirt" | "fake";
export type LibvirtType = "kvm" | "qemu";
/** An inclusive address range. */
export interface AddressRange {
  readonly start: string;
  readonly end: string;
}

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
  /** ENABLED_SERVICES after enable_service, disable_service and negations: DevStack's names (`n-api`, `q-svc`, …). Ask through `isServiceEnabled` (services.ts), which knows groups. */
  readonly enabledServices: readonly string[];
  /** Variables that the user set (file or environment), sorted; the others are defaults and may be moved (see `remembered` of loadSettings). */
  readonly explicit: readonly string[];
  readonly passwords: PasswordSettings;
  readonly ports: PortSettings;
  readonly api: ApiSettings;
  readonly identity: IdentitySettings;
  readonly network: NetworkSettings;
  readonly compute: ComputeSettings;
  readonly image: ImageSettings;
  readonly blockStorage: BlockStorageSettings;
  readonly logging: LoggingSettings;
  readonly tuning: TuningSettings;
}

export interface PasswordSettings {
  /** ADMIN_PASSWORD: admin, demo and all other seeded users. */
  readonly admin: string;
  /** SERVICE_PASSWORD: nova, neutron, … users; ADMIN_PASSWORD when not set. */
  readonly service: string;
}

export interface PortSettings {
  /** API_PORT: the one port with every API under DevStack's paths (`/identity`, `/compute/v2.1`, …). */
  readonly api: number;
  /** CLASSIC_PORTS: also listen on the ports below (a taken one is a warning). */
  readonly classic: boolean;
  /** KEYSTONE_SERVICE_PORT (5000) */
  readonly identity: number;
  /** KEYSTONE_AUTH_PORT (35357, the admin port of v2.0 times) */
  readonly identityAdmin: number;
  /** NOVA_SERVICE_PORT (8774) */
  readonly compute: number;
  /** METADATA_SERVICE_PORT (8775) */
  readonly metadata: number;
  /** GLANCE_SERVICE_PORT (9292) */
  readonly image: number;
  /** Q_PORT (9696) */
  readonly network: number;
  /** CINDER_SERVICE_PORT (8776) */
  readonly blockStorage: number;
  /** PLACEMENT_SERVICE_PORT (8778) */
  readonly placement: number;
  /** NOVNCPROXY_PORT (6080) */
  readonly noVnc: number;
  /** SERIALPROXY_PORT (6083) */
  readonly serial: number;
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

export interface IdentitySettings {
  /** KEYSTONE_SERVICE_URI (or from KEYSTONE_SERVICE_PROTOCOL and _HOST): the auth URL, `http://HOST/identity`. */
  readonly authUrl: string;
  /** SERVICE_DOMAIN_NAME (Default) */
  readonly serviceDomainName: string;
  /** SERVICE_PROJECT_NAME (service) */
  readonly serviceProjectName: string;
  /** keystone [token] expiration, seconds. */
  readonly tokenExpiration: number;
  /** NOVA_ENFORCE_NEW_DEFAULTS, … of each service, ENFORCE_NEW_DEFAULTS where not set: scopes are enforced, and reader and member differ. */
  readonly enforceNewDefaultsOf: {
    readonly keystone: boolean;
    readonly nova: boolean;
    readonly neutron: boolean;
    readonly glance: boolean;
    readonly cinder: boolean;
    readonly placement: boolean;
  };
  /** KEYSTONE_SECURITY_COMPLIANCE_ENABLED: the four limits below hold only when true. */
  readonly securityCompliance: boolean;
  /** KEYSTONE_LOCKOUT_FAILURE_ATTEMPTS */
  readonly lockoutFailureAttempts: number;
  /** KEYSTONE_LOCKOUT_DURATION, seconds. */
  readonly lockoutDuration: number;
  /** KEYSTONE_UNIQUE_LAST_PASSWORD_COUNT */
  readonly uniqueLastPasswordCount: number;
  /** keystone [security_compliance] password_regex, or null. */
  readonly passwordRegex: string | null;
}

export interface NetworkSettings {
  /** IP_VERSION: which subnets are seeded. */
  readonly ipVersion: "4" | "6" | "4+6";
  /** IPV4_ADDRS_SAFE_TO_USE */
  readonly safeRange: string;
  /** FIXED_RANGE: CIDR of the private subnet when no pool is used. */
  readonly fixedRange: string;
  /** FLOATING_RANGE: CIDR of the public subnet. */
  readonly floatingRange: string;
  /** USE_SUBNETPOOL */
  readonly useSubnetPool: boolean;
  /** SUBNETPOOL_NAME_V4 */
  readonly subnetPoolName: string;
  /** SUBNETPOOL_PREFIX_V4 */
  readonly subnetPoolPrefix: string;
  /** SUBNETPOOL_SIZE_V4: prefix length of what is taken from the pool. */
  readonly subnetPoolSize: number;
  /** NETWORK_GATEWAY, or null for the first address of the private subnet. */
  readonly gateway: string | null;
  /** PUBLIC_NETWORK_GATEWAY: put on the public bridge; the first address of FLOATING_RANGE when not set. */
  readonly publicGateway: string;
  /** Q_FLOATING_ALLOCATION_POOL, or null for all of FLOATING_RANGE but the gateway. */
  readonly floatingAllocationPool: AddressRange | null;
  /** PRIVATE_NETWORK_NAME, PUBLIC_NETWORK_NAME, PRIVATE_SUBNET_NAME, PUBLIC_SUBNET_NAME, Q_ROUTER_NAME */
  readonly privateNetworkName: string;
  readonly publicNetworkName: string;
  readonly privateSubnetName: string;
  readonly publicSubnetName: string;
  readonly routerName: string;
  /** NEUTRON_CREATE_INITIAL_NETWORKS */
  readonly createInitialNetworks: boolean;
  /** PUBLIC_BRIDGE */
  readonly publicBridge: string;
  /** PUBLIC_BRIDGE_MTU */
  readonly publicBridgeMtu: number;
  /** PUBLIC_INTERFACE: NIC that joins the public bridge, or null (then FLOATING_RANGE is masqueraded). */
  readonly publicInterface: string | null;
  /** PUBLIC_PHYSICAL_NETWORK: physical network name of the public one. */
  readonly publicPhysicalNetwork: string;
  /** PUBLIC_PROVIDERNET_TYPE */
  readonly publicProviderType: "flat" | "vlan";
  /** PUBLIC_PROVIDERNET_SEGMENTATION_ID, or null. */
  readonly publicSegmentationId: number | null;
  /** NEUTRON_PORT_SECURITY */
  readonly portSecurity: boolean;
  /** Q_USE_SECGROUP */
  readonly useSecurityGroups: boolean;
  /** SECURITY_GROUP_OPEN: what the seeded projects' default groups let in (`ssh`, `icmp`, `http`, `https`, or `tcp/PORT`, `udp/PORT`, PORT may be `FROM-TO`). */
  readonly securityGroupOpen: readonly string[];
  /** IPV6_ADDRS_SAFE_TO_USE, FIXED_RANGE_V6, IPV6_PUBLIC_RANGE, … */
  readonly ipv6: {
    /** FIXED_RANGE_V6 */
    readonly fixedRange: string;
    /** IPV6_PRIVATE_NETWORK_GATEWAY, or null for the first address. */
    readonly gateway: string | null;
    /** IPV6_PUBLIC_RANGE */
    readonly publicRange: string;
    /** IPV6_PUBLIC_NETWORK_GATEWAY, or null for the first address. */
    readonly publicGateway: string | null;
    /** IPV6_RA_MODE */
    readonly raMode: "slaac" | "dhcpv6-stateful" | "dhcpv6-stateless";
    /** IPV6_ADDRESS_MODE */
    readonly addressMode: "slaac" | "dhcpv6-stateful" | "dhcpv6-stateless";
    /** IPV6_PRIVATE_SUBNET_NAME */
    readonly privateSubnetName: string;
    /** IPV6_PUBLIC_SUBNET_NAME */
    readonly publicSubnetName: string;
    /** SUBNETPOOL_NAME_V6 */
    readonly subnetPoolName: string;
    /** SUBNETPOOL_PREFIX_V6 */
    readonly subnetPoolPrefix: string;
    /** SUBNETPOOL_SIZE_V6 */
    readonly subnetPoolSize: number;
  };
  /** neutron [DEFAULT] global_physnet_mtu */
  readonly mtu: number;
  /** neutron [DEFAULT] dns_domain, with its dot at the end. */
  readonly dnsDomain: string;
  /** DHCP_DNS_SERVERS / neutron dhcp agent's dnsmasq_dns_servers: resolvers given to guests of subnets without their own; empty means the host's. */
  readonly dnsServers: readonly string[];
  /** neutron [DEFAULT] dhcp_lease_duration, seconds; -1 is infinite. */
  readonly dhcpLeaseDuration: number;
  /** neutron [DEFAULT] max_allowed_address_pair, max_fixed_ips_per_port, max_routes (-1 unlimited where upstream allows it) */
  readonly maxAllowedAddressPairs: number;
  readonly maxRoutes: number;
  readonly maxDnsNameservers: number;
  readonly maxSubnetHostRoutes: number;
  readonly quotas: NetworkQuotas;
}

/** neutron [quotas] quota_*; -1 is unlimited. */
export interface NetworkQuotas {
  readonly network: number;
  readonly subnet: number;
  readonly subnetpool: number;
  readonly port: number;
  readonly router: number;
  readonly floatingip: number;
  readonly securityGroup: number;
  readonly securityGroupRule: number;
  readonly rbacPolicy: number;
}

export interface ComputeSettings {
  /** nova [DEFAULT] cpu_allocation_ratio */
  readonly cpuAllocationRatio: number;
  /** nova [DEFAULT] ram_allocation_ratio */
  readonly ramAllocationRatio: number;
  /** nova [DEFAULT] disk_allocation_ratio */
  readonly diskAllocationRatio: number;
  /** nova [DEFAULT] reserved_host_cpus */
  readonly reservedHostCpus: number;
  /** nova [DEFAULT] reserved_host_memory_mb, MiB. */
  readonly reservedHostMemoryMb: number;
  /** nova [DEFAULT] reserved_host_disk_mb, MiB. */
  readonly reservedHostDiskMb: number;
  /** LIBVIRT_CPU_MODE */
  readonly libvirtCpuMode: "custom" | "host-model" | "host-passthrough" | "maximum" | "none";
  /** LIBVIRT_CPU_MODEL: only with mode custom. */
  readonly libvirtCpuModel: string;
  /** NOVA_INSTANCES_PATH (INSTANCES_PATH) */
  readonly instancesPath: string;
  /** INSTANCE_NAME_PREFIX: `instance-` makes instance-0000000a. */
  readonly instanceNamePrefix: string;
  /** FORCE_CONFIG_DRIVE */
  readonly forceConfigDrive: boolean;
  /** NOVA_ALLOW_MOVE_TO_SAME_HOST */
  readonly allowResizeToSameHost: boolean;
  /** NOVA_VNC_ENABLED */
  readonly vncEnabled: boolean;
  /** NOVA_SERIAL_ENABLED */
  readonly serialEnabled: boolean;
  /** NOVNCPROXY_URL: `http://HOST:6080/vnc_lite.html`. */
  readonly noVncProxyUrl: string;
  /** DEFAULT_INSTANCE_TYPE, or null (then m1.nano and m1.micro are made too, as with tempest). */
  readonly defaultInstanceType: string | null;
  /** nova [DEFAULT] default_availability_zone, internal_service_availability_zone */
  readonly defaultAvailabilityZone: string;
  /** nova [DEFAULT] metadata/config: dhcp_domain, guests' domain name; may be empty. */
  readonly dhcpDomain: string;
  /** nova [DEFAULT] reclaim_instance_interval, seconds; 0 deletes at once. */
  readonly reclaimInstanceInterval: number;
  /** nova [DEFAULT] shelved_offload_time, seconds; 0 offloads at once, -1 never. */
  readonly shelvedOffloadTime: number;
  /** nova [DEFAULT] resume_guests_state_on_host_boot */
  readonly resumeGuestsOnBoot: boolean;
  /** nova [DEFAULT] max_concurrent_builds */
  readonly maxConcurrentBuilds: number;
  /** nova [api] max_limit: the most items of one list page. */
  readonly maxLimit: number;
  /** nova [DEFAULT] shutdown_timeout, seconds a guest may take for ACPI power-off. */
  readonly shutdownTimeout: number;
  /** nova [scheduler_filter] / [filter_scheduler] enabled_filters, empty for nova's own list. */
  readonly enabledFilters: readonly string[];
  /** nova [api] vendordata_jsonfile_path, or null. */
  readonly vendordataJsonFile: string | null;
  readonly quotas: ComputeQuotas;
}

/** nova [quota]; -1 is unlimited. */
export interface ComputeQuotas {
  readonly instances: number;
  readonly cores: number;
  /** MiB */
  readonly ram: number;
  readonly metadataItems: number;
  readonly injectedFiles: number;
  readonly injectedFileContentBytes: number;
  readonly injectedFilePathLength: number;
  readonly keyPairs: number;
  readonly serverGroups: number;
  readonly serverGroupMembers: number;
}

export interface ImageSettings {
  /** IMAGE_URLS, comma list, in order. */
  readonly urls: readonly string[];
  /** DOWNLOAD_DEFAULT_IMAGES: seed the default image (the built-in one needs no network). */
  readonly downloadDefaultImages: boolean;
  /** DEFAULT_IMAGE_NAME */
  readonly defaultName: string;
  /** GLANCE_IMAGE_DIR */
  readonly imageDir: string;
  /** GLANCE_ENFORCE_IMAGE_FORMAT: refuse uploads whose content is not of the declared disk_format. */
  readonly enforceFormat: boolean;
  /** ALLOW_LOCAL_URLS: web-download and IMAGE_URLS of users may reach loopback and private addresses. */
  readonly allowLocalUrls: boolean;
  /** GLANCE_ENABLE_QUOTAS */
  readonly enableQuotas: boolean;
  /** GLANCE_LIMIT_IMAGE_SIZE_TOTAL, MiB. */
  readonly limitSizeTotalMb: number;
  /** GLANCE_LIMIT_IMAGE_COUNT_TOTAL */
  readonly limitCountTotal: number;
  /** GLANCE_LIMIT_IMAGE_COUNT_UPLOADING */
  readonly limitCountUploading: number;
  /** glance [DEFAULT] image_size_cap, bytes. */
  readonly imageSizeCap: number;
  /** glance [DEFAULT] limit_param_default / api_limit_max: page sizes. */
  readonly pageSizeDefault: number;
  readonly pageSizeMax: number;
}

export interface BlockStorageSettings {
  /** VOLUME_GROUP_NAME: base; a backend's group is `NAME-BACKEND`, an existing group of that exact name is used as it is. */
  readonly volumeGroupName: string;
  /** VOLUME_BACKING_FILE_SIZE, bytes. */
  readonly backingFileSize: number;
  /** CINDER_ENABLED_BACKENDS as `type:name`; one volume type per name. */
  readonly backends: readonly { readonly type: string; readonly name: string }[];
  /** VOLUME_NAME_PREFIX: `volume-` */
  readonly volumeNamePrefix: string;
  /** CINDER_VOLUME_CLEAR */
  readonly volumeClear: "zero" | "none" | "shred";
  /** CINDER_LVM_TYPE */
  readonly lvmType: "auto" | "thin" | "default";
  /** ENABLE_VOLUME_MULTIATTACH: also seed the multiattach type. */
  readonly multiattach: boolean;
  /** VOLUME_TYPE_MULTIATTACH */
  readonly multiattachTypeName: string;
  /** cinder [DEFAULT] max_over_subscription_ratio */
  readonly maxOverSubscriptionRatio: number;
  /** cinder [DEFAULT] osapi_max_limit */
  readonly maxLimit: number;
  /** cinder [DEFAULT] quota_*; -1 is unlimited (CINDER_QUOTA_VOLUMES, _SNAPSHOTS, _BACKUPS). */
  readonly quotas: {
    readonly volumes: number;
    readonly snapshots: number;
    readonly backups: number;
    readonly groups: number;
    readonly gigabytes: number;
    readonly backupGigabytes: number;
    readonly perVolumeGigabytes: number;
  };
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
