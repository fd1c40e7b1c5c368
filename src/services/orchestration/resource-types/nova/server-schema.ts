import type { Schemata } from "../../language/schema.ts";
import { portExtras } from "../neutron/port.ts";
import type { AttributeSchema } from "../types.ts";

const text = { type: "string" } as const;
const boolean = { type: "boolean" } as const;
const integer = { type: "integer" } as const;
const of = (constraint: string) => ({ type: "string", constraints: [{ custom_constraint: constraint }] }) as const;
const oneOf = (...values: string[]) => ({ type: "string", constraints: [{ allowed_values: values }] }) as const;
const changing = { update_allowed: true } as const;

export const serverProperties: Schemata = {
  name: { ...text, ...changing, description: "Its name." },
  image: { ...of("glance.image"), ...changing, description: "The image it boots from, by id or name." },
  block_device_mapping: {
    type: "list",
    description: "Volumes it gets, in the words of former times.",
    items: {
      type: "map",
      fields: {
        device_name: { ...text, required: true, description: "The device in the guest." },
        volume_id: { ...of("cinder.volume"), description: "A volume." },
        snapshot_id: { ...of("cinder.snapshot"), description: "A snapshot to make one of." },
        volume_size: { ...integer, description: "GiB." },
        delete_on_termination: { ...boolean, description: "Whether it goes with the server." },
      },
    },
  },
  block_device_mapping_v2: {
    type: "list",
    description: "Disks it gets.",
    items: {
      type: "map",
      fields: {
        device_name: { ...text, description: "The device in the guest." },
        volume_id: { ...of("cinder.volume"), description: "A volume." },
        image_id: { ...of("glance.image"), description: "An image to make one of, in former words." },
        image: { ...of("glance.image"), description: "An image to make one of." },
        snapshot_id: { ...of("cinder.snapshot"), description: "A snapshot to make one of." },
        swap_size: { ...integer, description: "MiB of swap." },
        ephemeral_size: {
          ...integer,
          constraints: [{ range: { min: 1 } }],
          description: "GiB of a disk that goes with the server.",
        },
        ephemeral_format: { ...oneOf("ext2", "ext3", "ext4", "xfs", "ntfs"), description: "Its file system." },
        device_type: { ...oneOf("cdrom", "disk"), description: "What it is to the guest." },
        disk_bus: { ...oneOf("ide", "lame_bus", "scsi", "usb", "virtio"), description: "Its bus." },
        boot_index: { ...integer, description: "Its turn when the guest looks for something to boot." },
        volume_size: { ...integer, description: "GiB." },
        delete_on_termination: { ...boolean, description: "Whether it goes with the server." },
      },
    },
  },
  flavor: { ...of("nova.flavor"), required: true, ...changing, description: "Its flavor, by id or name." },
  flavor_update_policy: {
    ...oneOf("RESIZE", "REPLACE"),
    default: "RESIZE",
    ...changing,
    description: "What another flavor does.",
  },
  image_update_policy: {
    ...oneOf("REBUILD", "REPLACE", "REBUILD_PRESERVE_EPHEMERAL"),
    default: "REBUILD",
    ...changing,
    description: "What another image does.",
  },
  key_name: { ...of("nova.keypair"), description: "The key pair whose public key it gets." },
  admin_user: { ...text, hidden: true, description: "Taken and not looked at." },
  availability_zone: { ...text, description: "Where it runs." },
  security_groups: { type: "list", default: [], description: "Its security groups, where nova makes its ports." },
  networks: {
    type: "list",
    ...changing,
    description: "Its network cards.",
    items: {
      type: "map",
      fields: {
        uuid: { ...of("neutron.network"), description: "The network, in former words." },
        network: { ...of("neutron.network"), description: "The network, by id or name." },
        allocate_network: { ...oneOf("none", "auto"), ...changing, description: "None, or whichever fits." },
        fixed_ip: { ...of("ip_addr"), description: "The address." },
        port: { ...of("neutron.port"), description: "A port." },
        port_extra_properties: { type: "map", fields: portExtras, description: "More about the port." },
        subnet: { ...text, description: "The subnet." },
        floating_ip: { ...text, description: "A floating address that leads to it." },
        tag: { ...text, description: "A tag that the guest sees." },
      },
    },
  },
  scheduler_hints: { type: "map", description: "What the scheduler is told." },
  metadata: { type: "map", default: {}, ...changing, description: "Notes about it, which the guest sees." },
  user_data_format: {
    ...oneOf("HEAT_CFNTOOLS", "RAW", "SOFTWARE_CONFIG"),
    default: "HEAT_CFNTOOLS",
    description: "How the user data is given to the guest.",
  },
  software_config_transport: {
    ...oneOf("POLL_SERVER_CFN", "POLL_SERVER_HEAT", "POLL_TEMP_URL", "ZAQAR_MESSAGE"),
    default: "POLL_SERVER_CFN",
    ...changing,
    description: "How the guest learns of software to set up.",
  },
  user_data_update_policy: {
    ...oneOf("REPLACE", "IGNORE", "REBUILD"),
    default: "REPLACE",
    ...changing,
    description: "What other user data does.",
  },
  user_data: { ...text, default: "", ...changing, description: "Data or a script for cloud-init." },
  reservation_id: { ...text, description: "A reservation's id." },
  config_drive: { ...boolean, description: "Whether it gets its metadata on a disk, too." },
  diskConfig: { ...oneOf("AUTO", "MANUAL"), description: "Whether its disk is partitioned to the flavor's size." },
  personality: { type: "map", default: {}, description: "Files to put into it." },
  admin_pass: { ...text, ...changing, description: "The administrator's password." },
  tags: { type: "list", ...changing, items: text, description: "Its tags." },
  deployment_swift_data: {
    type: "map",
    default: {},
    ...changing,
    description: "Where software to set up is told of in object storage.",
    fields: {
      container: { ...text, constraints: [{ length: { min: 1 } }], description: "The container." },
      object: { ...text, constraints: [{ length: { min: 1 } }], description: "The object." },
    },
  },
};

export const serverAttributes: Readonly<Record<string, AttributeSchema>> = {
  name: { type: "string", description: "Its name." },
  addresses: { type: "map", description: "Its addresses by network with their ports, subnets and networks." },
  networks: { type: "map", description: "Its addresses, by the network's name and by its id." },
  instance_name: { type: "string", description: "Its name for the hypervisor." },
  accessIPv4: { type: "string", description: "The IPv4 address that its owner noted." },
  accessIPv6: { type: "string", description: "The IPv6 address that its owner noted." },
  console_urls: { type: "map", description: "URLs of its consoles.", live: true },
  tags: { type: "list", description: "Its tags." },
  os_collect_config: { type: "map", description: "What the guest's collector is set up with." },
};

/** Known, and no longer shown. */
export const formerAttributes: Readonly<Record<string, AttributeSchema>> = { first_address: { type: "string" } };
