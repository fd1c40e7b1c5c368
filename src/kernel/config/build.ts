import { isAbsolute, resolve } from "node:path";
import { firstHost, parseBlock } from "./addresses.ts";
import type { Resolver } from "./resolve.ts";
import { resolveServices } from "./services.ts";
import type { ComputeSettings, NetworkSettings, Settings } from "./settings.ts";
import { urlHost, withPort } from "./urls.ts";

/** Lays the resolved values out as Settings. `baseFolder`: what relative paths are relative to. */
export function buildSettings(
  r: Resolver,
  context: { readonly configFile: string | null; readonly baseFolder: string; readonly explicit: readonly string[] },
): Settings {
  const path = (text: string): string => (isAbsolute(text) ? resolve(text) : resolve(context.baseFolder, text));
  const protocol = r.value("SERVICE_PROTOCOL");
  const logFile = r.value("LOGFILE");
  return {
    stackName: r.value("STACK_NAME"),
    configFile: context.configFile,
    hostIp: r.value("HOST_IP"),
    hostIpv6: r.value("HOST_IPV6"),
    hostIpInterface: r.value("HOST_IP_IFACE") ?? "",
    serviceHost: r.value("SERVICE_HOST"),
    listenAddress: r.value("SERVICE_LISTEN_ADDRESS"),
    regionName: r.value("REGION_NAME"),
    dest: path(r.value("DEST")),
    dataDir: path(r.value("DATA_DIR")),
    virtDriver: r.value("VIRT_DRIVER"),
    libvirtType: r.value("LIBVIRT_TYPE"),
    offline: r.value("OFFLINE"),
    force: r.value("FORCE"),
    serviceTimeout: r.value("SERVICE_TIMEOUT"),
    enabledServices: resolveServices(r.value("ENABLED_SERVICES")),
    explicit: context.explicit,
    passwords: {
      admin: r.value("ADMIN_PASSWORD"),
      service: r.value("SERVICE_PASSWORD"),
    },
    ports: {
      api: r.value("API_PORT"),
      classic: r.value("CLASSIC_PORTS"),
      identity: r.value("KEYSTONE_SERVICE_PORT"),
      identityAdmin: r.value("KEYSTONE_AUTH_PORT"),
      compute: r.value("NOVA_SERVICE_PORT"),
      metadata: r.value("METADATA_SERVICE_PORT"),
      image: r.value("GLANCE_SERVICE_PORT"),
      network: r.value("Q_PORT"),
      blockStorage: r.value("CINDER_SERVICE_PORT"),
      placement: r.value("PLACEMENT_SERVICE_PORT"),
      noVnc: r.value("NOVNCPROXY_PORT"),
      serial: r.value("SERIALPROXY_PORT"),
    },
    api: {
      protocol,
      ownCertificate: ownCertificate(r, path),
      baseUrl: withPort(protocol, urlHost(r.value("SERVICE_HOST")), r.value("API_PORT")),
      ipVersion: r.value("SERVICE_IP_VERSION") === "6" ? 6 : 4,
      hostLinkRange: r.value("HOST_LINK_RANGE"),
      maxRequestBodySize: r.value("MAX_REQUEST_BODY_SIZE"),
    },
    identity: {
      authUrl: r.value("KEYSTONE_SERVICE_URI"),
      serviceDomainName: r.value("SERVICE_DOMAIN_NAME"),
      serviceProjectName: r.value("SERVICE_PROJECT_NAME"),
      tokenExpiration: r.option("keystone/token/expiration"),
      enforceNewDefaultsOf: {
        keystone: r.value("KEYSTONE_ENFORCE_NEW_DEFAULTS"),
        nova: r.value("NOVA_ENFORCE_NEW_DEFAULTS"),
        neutron: r.value("NEUTRON_ENFORCE_NEW_DEFAULTS"),
        glance: r.value("GLANCE_ENFORCE_NEW_DEFAULTS"),
        cinder: r.value("CINDER_ENFORCE_NEW_DEFAULTS"),
        placement: r.value("PLACEMENT_ENFORCE_NEW_DEFAULTS"),
      },
      securityCompliance: r.value("KEYSTONE_SECURITY_COMPLIANCE_ENABLED"),
      lockoutFailureAttempts: r.value("KEYSTONE_LOCKOUT_FAILURE_ATTEMPTS"),
      lockoutDuration: r.value("KEYSTONE_LOCKOUT_DURATION"),
      uniqueLastPasswordCount: r.value("KEYSTONE_UNIQUE_LAST_PASSWORD_COUNT"),
      passwordRegex: r.option("keystone/security_compliance/password_regex"),
    },
    network: buildNetwork(r),
    compute: buildCompute(r, path),
    image: {
      urls: r.value("IMAGE_URLS"),
      downloadDefaultImages: r.value("DOWNLOAD_DEFAULT_IMAGES"),
      defaultName: r.value("DEFAULT_IMAGE_NAME"),
      imageDir: path(r.value("GLANCE_IMAGE_DIR")),
      enforceFormat: r.value("GLANCE_ENFORCE_IMAGE_FORMAT"),
      allowLocalUrls: r.value("ALLOW_LOCAL_URLS"),
      enableQuotas: r.value("GLANCE_ENABLE_QUOTAS"),
      limitSizeTotalMb: r.value("GLANCE_LIMIT_IMAGE_SIZE_TOTAL"),
      limitCountTotal: r.value("GLANCE_LIMIT_IMAGE_COUNT_TOTAL"),
      limitCountUploading: r.value("GLANCE_LIMIT_IMAGE_COUNT_UPLOADING"),
      imageSizeCap: r.option("glance/DEFAULT/image_size_cap"),
      pageSizeDefault: r.option("glance/DEFAULT/limit_param_default"),
      pageSizeMax: r.option("glance/DEFAULT/api_limit_max"),
    },
    blockStorage: {
      volumeGroupName: r.value("VOLUME_GROUP_NAME"),
      backingFileSize: r.value("VOLUME_BACKING_FILE_SIZE"),
      backends: r.value("CINDER_ENABLED_BACKENDS").map((item) => {
        const [type = "", name = ""] = item.split(":");
        return { type, name };
      }),
      volumeNamePrefix: r.value("VOLUME_NAME_PREFIX"),
      volumeClear: r.value("CINDER_VOLUME_CLEAR"),
      lvmType: r.value("CINDER_LVM_TYPE"),
      multiattach: r.value("ENABLE_VOLUME_MULTIATTACH"),
      multiattachTypeName: r.value("VOLUME_TYPE_MULTIATTACH"),
      maxOverSubscriptionRatio: r.option("cinder/DEFAULT/max_over_subscription_ratio"),
      maxLimit: r.option("cinder/DEFAULT/osapi_max_limit"),
      quotas: {
        volumes: r.value("CINDER_QUOTA_VOLUMES"),
        snapshots: r.value("CINDER_QUOTA_SNAPSHOTS"),
        backups: r.value("CINDER_QUOTA_BACKUPS"),
        groups: r.option("cinder/DEFAULT/quota_groups"),
        gigabytes: r.option("cinder/DEFAULT/quota_gigabytes"),
        backupGigabytes: r.option("cinder/DEFAULT/quota_backup_gigabytes"),
        perVolumeGigabytes: r.option("cinder/DEFAULT/per_volume_size_limit"),
      },
    },
    logging: {
      file: logFile === null ? null : path(logFile),
      dir: path(r.value("LOGDIR")),
      days: r.value("LOGDAYS"),
      color: r.value("LOG_COLOR"),
      verbose: r.value("VERBOSE"),
      noTimestamp: r.value("VERBOSE_NO_TIMESTAMP"),
      timestampFormat: r.value("TIMESTAMP_FORMAT"),
      debug: r.value("ENABLE_DEBUG_LOG_LEVEL"),
      syslog: r.value("SYSLOG") ? { host: r.value("SYSLOG_HOST"), port: r.value("SYSLOG_PORT") } : null,
    },
    tuning: {
      ksm: r.value("ENABLE_KSM"),
      zswap: r.value("ENABLE_ZSWAP") ? { compressor: r.value("ZSWAP_COMPRESSOR"), pool: r.value("ZSWAP_ZPOOL") } : null,
    },
  };
}

/** Null unless all three are given; `checkContradictions` refuses some of the three. */
function ownCertificate(r: Resolver, path: (text: string) => string): Settings["api"]["ownCertificate"] {
  const [certificate, key, authority] = [
    r.value("KEYSTONE_SSL_CERT"),
    r.value("KEYSTONE_SSL_KEY"),
    r.value("KEYSTONE_SSL_CA"),
  ];
  if (certificate === null || key === null || authority === null) return null;
  return { certificate: path(certificate), key: path(key), authority: path(authority) };
}

function buildNetwork(r: Resolver): NetworkSettings {
  const floating = parseBlock(r.value("FLOATING_RANGE"));
  return {
    ipVersion: r.value("IP_VERSION"),
    safeRange: r.value("IPV4_ADDRS_SAFE_TO_USE"),
    fixedRange: r.value("FIXED_RANGE"),
    floatingRange: r.value("FLOATING_RANGE"),
    useSubnetPool: r.value("USE_SUBNETPOOL"),
    subnetPoolName: r.value("SUBNETPOOL_NAME_V4"),
    subnetPoolPrefix: r.value("SUBNETPOOL_PREFIX_V4"),
    subnetPoolSize: r.value("SUBNETPOOL_SIZE_V4"),
    gateway: r.value("NETWORK_GATEWAY"),
    publicGateway: r.value("PUBLIC_NETWORK_GATEWAY") || (floating === null ? "" : firstHost(floating)),
    floatingAllocationPool: r.value("Q_FLOATING_ALLOCATION_POOL"),
    privateNetworkName: r.value("PRIVATE_NETWORK_NAME"),
    publicNetworkName: r.value("PUBLIC_NETWORK_NAME"),
    privateSubnetName: r.value("PRIVATE_SUBNET_NAME"),
    publicSubnetName: r.value("PUBLIC_SUBNET_NAME"),
    routerName: r.value("Q_ROUTER_NAME"),
    createInitialNetworks: r.value("NEUTRON_CREATE_INITIAL_NETWORKS"),
    publicBridge: r.value("PUBLIC_BRIDGE"),
    publicBridgeMtu: r.value("PUBLIC_BRIDGE_MTU"),
    publicInterface: r.value("PUBLIC_INTERFACE"),
    publicPhysicalNetwork: r.value("PUBLIC_PHYSICAL_NETWORK"),
    publicProviderType: r.value("PUBLIC_PROVIDERNET_TYPE"),
    publicSegmentationId: r.value("PUBLIC_PROVIDERNET_SEGMENTATION_ID"),
    portSecurity: r.value("NEUTRON_PORT_SECURITY"),
    useSecurityGroups: r.value("Q_USE_SECGROUP"),
    securityGroupOpen: r.value("SECURITY_GROUP_OPEN"),
    ipv6: {
      fixedRange: r.value("FIXED_RANGE_V6"),
      gateway: r.value("IPV6_PRIVATE_NETWORK_GATEWAY"),
      publicRange: r.value("IPV6_PUBLIC_RANGE"),
      publicGateway: r.value("IPV6_PUBLIC_NETWORK_GATEWAY"),
      raMode: r.value("IPV6_RA_MODE"),
      addressMode: r.value("IPV6_ADDRESS_MODE"),
      privateSubnetName: r.value("IPV6_PRIVATE_SUBNET_NAME"),
      publicSubnetName: r.value("IPV6_PUBLIC_SUBNET_NAME"),
      subnetPoolName: r.value("SUBNETPOOL_NAME_V6"),
      subnetPoolPrefix: r.value("SUBNETPOOL_PREFIX_V6"),
      subnetPoolSize: r.value("SUBNETPOOL_SIZE_V6"),
    },
    mtu: r.option("neutron/DEFAULT/global_physnet_mtu"),
    dnsDomain: r.option("neutron/DEFAULT/dns_domain"),
    dnsServers: r.value("DHCP_DNS_SERVERS"),
    dhcpLeaseDuration: r.option("neutron/DEFAULT/dhcp_lease_duration"),
    maxAllowedAddressPairs: r.option("neutron/DEFAULT/max_allowed_address_pair"),
    maxRoutes: r.option("neutron/DEFAULT/max_routes"),
    maxDnsNameservers: r.option("neutron/DEFAULT/max_dns_nameservers"),
    maxSubnetHostRoutes: r.option("neutron/DEFAULT/max_subnet_host_routes"),
    quotas: {
      network: r.option("neutron/quotas/quota_network"),
      subnet: r.option("neutron/quotas/quota_subnet"),
      subnetpool: r.option("neutron/quotas/quota_subnetpool"),
      port: r.option("neutron/quotas/quota_port"),
      router: r.option("neutron/quotas/quota_router"),
      floatingip: r.option("neutron/quotas/quota_floatingip"),
      securityGroup: r.option("neutron/quotas/quota_security_group"),
      securityGroupRule: r.option("neutron/quotas/quota_security_group_rule"),
      rbacPolicy: r.option("neutron/quotas/quota_rbac_policy"),
    },
  };
}

function buildCompute(r: Resolver, path: (text: string) => string): ComputeSettings {
  const filters = r.option("nova/filter_scheduler/enabled_filters");
  return {
    cpuAllocationRatio: r.option("nova/DEFAULT/cpu_allocation_ratio"),
    ramAllocationRatio: r.option("nova/DEFAULT/ram_allocation_ratio"),
    diskAllocationRatio: r.option("nova/DEFAULT/disk_allocation_ratio"),
    reservedHostCpus: r.option("nova/DEFAULT/reserved_host_cpus"),
    reservedHostMemoryMb: r.option("nova/DEFAULT/reserved_host_memory_mb"),
    reservedHostDiskMb: r.option("nova/DEFAULT/reserved_host_disk_mb"),
    libvirtCpuMode: r.value("LIBVIRT_CPU_MODE"),
    libvirtCpuModel: r.value("LIBVIRT_CPU_MODEL"),
    instancesPath: path(r.value("NOVA_INSTANCES_PATH")),
    instanceNamePrefix: r.value("INSTANCE_NAME_PREFIX"),
    forceConfigDrive: r.value("FORCE_CONFIG_DRIVE"),
    allowResizeToSameHost: r.value("NOVA_ALLOW_MOVE_TO_SAME_HOST"),
    vncEnabled: r.value("NOVA_VNC_ENABLED"),
    serialEnabled: r.value("NOVA_SERIAL_ENABLED"),
    noVncProxyUrl: r.value("NOVNCPROXY_URL"),
    defaultInstanceType: r.value("DEFAULT_INSTANCE_TYPE"),
    defaultAvailabilityZone: r.option("nova/DEFAULT/default_availability_zone"),
    dhcpDomain: r.option("nova/DEFAULT/dhcp_domain"),
    shelvedOffloadTime: r.option("nova/DEFAULT/shelved_offload_time"),
    reclaimInstanceInterval: r.option("nova/DEFAULT/reclaim_instance_interval"),
    resumeGuestsOnBoot: r.option("nova/DEFAULT/resume_guests_state_on_host_boot"),
    maxConcurrentBuilds: r.option("nova/DEFAULT/max_concurrent_builds"),
    maxLimit: r.option("nova/api/max_limit"),
    shutdownTimeout: r.option("nova/DEFAULT/shutdown_timeout"),
    enabledFilters: filters.length > 0 ? filters : r.option("nova/DEFAULT/enabled_filters"),
    vendordataJsonFile: r.option("nova/api/vendordata_jsonfile_path"),
    quotas: {
      instances: r.option("nova/quota/instances"),
      cores: r.option("nova/quota/cores"),
      ram: r.option("nova/quota/ram"),
      metadataItems: r.option("nova/quota/metadata_items"),
      injectedFiles: r.option("nova/quota/injected_files"),
      injectedFileContentBytes: r.option("nova/quota/injected_file_content_bytes"),
      injectedFilePathLength: r.option("nova/quota/injected_file_path_length"),
      keyPairs: r.option("nova/quota/key_pairs"),
      serverGroups: r.option("nova/quota/server_groups"),
      serverGroupMembers: r.option("nova/quota/server_group_members"),
    },
  };
}
