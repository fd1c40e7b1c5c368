/** What tempest has to know about the cloud under test. */
export interface CloudFacts {
  authUrl: string;
  password: string;
  imageId: string;
  alternativeImageId: string;
  imageName: string;
  flavorId: string;
  flavorName: string;
  alternativeFlavorId: string;
  publicNetworkId: string;
  publicNetworkName: string;
  publicSubnetId: string;
  /** Aliases that the network API says it has; tests of others are skipped. */
  networkExtensions: readonly string[];
  imageFile: string;
  /** As the default volume backend tells it: some volume types are asked for with it. */
  storageProtocol: string;
  computeMaxMicroversion: string;
  /** Service types in the catalog. */
  services: ReadonlySet<string>;
  /** Log in to guests over SSH; off with the fake driver. */
  validation: boolean;
  directory: string;
}

/** Scenarios of the orchestration plugin in which software runs inside a guest. */
const NEED_GUESTS = [
  "CfnInitIntegrationTest",
  "ServerSignalIntegrationTest",
  "SoftwareConfigIntegrationTest",
  "VolumeBackupRestoreIntegrationTest",
];

/** tempest.conf as sections; the comments say why where it is not plain. */
export function tempestConf(facts: CloudFacts): string {
  const has = (type: string) => facts.services.has(type);
  const sections: Record<string, Record<string, string | number | boolean>> = {
    DEFAULT: { debug: true, use_stderr: false, log_dir: facts.directory, log_file: "tempest.log" },
    oslo_concurrency: { lock_path: `${facts.directory}/lock` },
    auth: {
      use_dynamic_credentials: true,
      create_isolated_networks: true,
      admin_username: "admin",
      admin_password: facts.password,
      admin_project_name: "admin",
      admin_domain_name: "Default",
      default_credentials_domain_name: "Default",
    },
    identity: {
      auth_version: "v3",
      uri_v3: `${facts.authUrl}/v3`,
      region: "RegionOne",
      v3_endpoint_type: "public",
      admin_role: "admin",
    },
    "identity-feature-enabled": {
      api_v2: false,
      trust: true,
      project_tags: true,
      application_credentials: true,
      access_rules: true,
      immutable_user_source: false,
    },
    "service-clients": { http_timeout: 60 },
    service_available: {
      nova: has("compute"),
      neutron: has("network"),
      glance: has("image"),
      cinder: has("block-storage"),
      swift: has("object-store"),
      horizon: false,
      heat: has("orchestration"),
      heat_plugin: has("orchestration"),
    },
    compute: {
      image_ref: facts.imageId,
      image_ref_alt: facts.alternativeImageId,
      flavor_ref: facts.flavorId,
      flavor_ref_alt: facts.alternativeFlavorId,
      build_interval: 1,
      // Fake guests are done at once; the tests that wait for a state in between would wait for all of it.
      build_timeout: facts.validation ? 300 : 60,
      max_microversion: facts.computeMaxMicroversion,
      volume_device_name: "vdb",
    },
    "compute-feature-enabled": {
      console_output: true,
      resize: true,
      pause: true,
      suspend: true,
      shelve: true,
      cold_migration: false,
      live_migration: false,
      metadata_service: true,
      config_drive: true,
      rescue: true,
      interface_attach: true,
      snapshot: true,
      personality: false,
      // A misnamed option that also gates tests of server metadata.
      xenapi_apis: true,
    },
    image: { build_timeout: 300, disk_formats: "ami,ari,aki,vhd,vmdk,raw,qcow2,vdi,iso,vhdx" },
    "image-feature-enabled": { api_v2: true, import_image: true },
    network: {
      project_network_cidr: "10.100.0.0/16",
      project_network_mask_bits: 28,
      public_network_id: facts.publicNetworkId,
      floating_network_name: facts.publicNetworkName,
      subnet_id: facts.publicSubnetId,
      project_networks_reachable: false,
    },
    "network-feature-enabled": {
      api_extensions: facts.networkExtensions.join(","),
      ipv6: true,
      port_security: true,
      port_admin_state_change: true,
      floating_ips: true,
    },
    validation: {
      run_validation: facts.validation,
      connect_method: "floating",
      network_for_ssh: facts.publicNetworkName,
      auth_method: "keypair",
      image_ssh_user: "cirros",
      image_ssh_password: "gocubsgo",
      image_alt_ssh_user: "cirros",
      image_alt_ssh_password: "gocubsgo",
      ssh_key_type: "ecdsa",
      ping_timeout: 120,
      connect_timeout: 60,
      ssh_timeout: 300,
    },
    scenario: {
      img_file: facts.imageFile,
      img_disk_format: "qcow2",
      img_container_format: "bare",
      dhcp_client: "udhcpc",
    },
    "object-storage": { operator_role: "member", reseller_admin_role: "ResellerAdmin" },
    "object-storage-feature-enabled": { discoverability: true },
    volume: { build_interval: 1, build_timeout: 300, volume_size: 1, storage_protocol: facts.storageProtocol },
    "volume-feature-enabled": { multi_backend: false, backup: false, snapshot: true, clone: true },
    // Its tests log in as users there are; networks and images go by names.
    heat_plugin: {
      auth_url: `${facts.authUrl}/v3`,
      auth_version: 3,
      username: "demo",
      password: facts.password,
      project_name: "demo",
      user_domain_name: "Default",
      project_domain_name: "Default",
      admin_username: "admin",
      admin_password: facts.password,
      admin_project_name: "admin",
      region: "RegionOne",
      instance_type: facts.flavorName,
      minimal_instance_type: facts.flavorName,
      image_ref: facts.imageName,
      minimal_image_ref: facts.imageName,
      fixed_network_name: "private",
      fixed_subnet_name: "private-subnet",
      network_for_ssh: "private",
      floating_network_name: facts.publicNetworkName,
      build_interval: 1,
      build_timeout: facts.validation ? 600 : 120,
      // Those that wait for what a guest says.
      skip_scenario_test_list: facts.validation ? "" : NEED_GUESTS.join(","),
      skip_functional_test_list: facts.validation ? "" : "OSWaitCondition",
    },
    heat_features_enabled: { stack_cancel: true, multi_cloud: false },
  };
  // oslo.config substitutes $name, and % would end a value early in old versions: both are doubled.
  const escaped = (value: string | number | boolean) => String(value).replaceAll("$", "$$$$");
  return Object.entries(sections)
    .map(
      ([name, options]) =>
        `[${name}]\n${Object.entries(options)
          .map(([key, value]) => `${key} = ${escaped(value)}\n`)
          .join("")}`,
    )
    .join("\n");
}
