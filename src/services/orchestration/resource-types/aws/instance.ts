import { ApiError } from "../../../../kernel/errors.ts";
import { NOVA } from "../asking.ts";
import { subnetsOfServer } from "../neutron/implied.ts";
import { server, serverOf } from "../nova/server.ts";
import type { Made, ResourceType, Run, Values } from "../types.ts";
import { inWords } from "./in-words.ts";
import { nova, of, required, text } from "./vpc-parts.ts";

interface Pair {
  readonly Key: string;
  readonly Value: string;
}

interface Mapping {
  readonly DeviceName: string;
  readonly Ebs: {
    readonly SnapshotId: string | null;
    readonly VolumeSize: string | null;
    readonly DeleteOnTermination: boolean | null;
  } | null;
}

type Interface = string | { readonly NetworkInterfaceId: string; readonly DeviceIndex: string | number };

const pairs = (list: unknown): Record<string, string> =>
  Object.fromEntries(((list ?? []) as Pair[]).map(({ Key, Value }) => [Key, Value]));

/** One that is named twice has a list. */
function hintsOf(list: unknown): Record<string, unknown> | null {
  const hints: Record<string, unknown> = {};
  for (const { Key, Value } of (list ?? []) as Pair[]) {
    const present = hints[Key];
    hints[Key] = present === undefined ? Value : [...(Array.isArray(present) ? present : [present]), Value];
  }
  return Object.keys(hints).length === 0 ? null : hints;
}

const NIC = {
  uuid: null,
  network: null,
  allocate_network: null,
  fixed_ip: null,
  port: null,
  port_extra_properties: null,
  subnet: null,
  floating_ip: null,
  tag: null,
};

function networksOf({ NetworkInterfaces, SubnetId }: Values): unknown[] | null {
  const interfaces = (NetworkInterfaces ?? []) as Interface[];
  const indexed = interfaces.map((one, index) =>
    typeof one === "string" ? { id: one, index } : { id: one.NetworkInterfaceId, index: Number(one.DeviceIndex) },
  );
  if (indexed.length > 0) {
    return indexed.sort((one, other) => one.index - other.index).map(({ id }) => ({ ...NIC, port: id }));
  }
  return SubnetId ? [{ ...NIC, subnet: SubnetId }] : null;
}

const devicesOf = (mappings: unknown): unknown[] | null =>
  ((mappings ?? []) as Mapping[]).flatMap(({ DeviceName, Ebs }) =>
    Ebs === null
      ? []
      : [
          {
            device_name: DeviceName,
            volume_id: null,
            snapshot_id: Ebs.SnapshotId,
            volume_size: Ebs.VolumeSize === null ? null : Number(Ebs.VolumeSize),
            delete_on_termination: Ebs.DeleteOnTermination,
          },
        ],
  );

/** The same in the words of OS::Nova::Server. */
const asServer = (p: Values): Values => ({
  name: null,
  image: p.ImageId,
  flavor: p.InstanceType,
  flavor_update_policy: "RESIZE",
  image_update_policy: "REPLACE",
  user_data_update_policy: "REPLACE",
  user_data_format: "HEAT_CFNTOOLS",
  user_data: p.UserData,
  key_name: p.KeyName,
  availability_zone: p.AvailabilityZone,
  security_groups: [...((p.SecurityGroups ?? []) as string[]), ...((p.SecurityGroupIds ?? []) as string[])],
  networks: networksOf(p),
  metadata: pairs(p.Tags),
  scheduler_hints: hintsOf(p.NovaSchedulerHints),
  block_device_mapping: devicesOf(p.BlockDeviceMappings),
  block_device_mapping_v2: null,
});

/** Which properties of a server each of these is about. */
const ABOUT: Readonly<Record<string, string>> = {
  InstanceType: "flavor",
  Tags: "metadata",
  NetworkInterfaces: "networks",
  SubnetId: "networks",
};

const asRun = <T extends { readonly properties: Values }>(run: T): T => inWords(run, asServer);

/** Volumes that it is to have from the start. Those that it has are left. */
async function attachVolumes(run: Run): Promise<void> {
  const wanted = (run.properties.Volumes ?? []) as { VolumeId: string; Device: string }[];
  const params = { server_id: run.physicalId ?? "" };
  for (const { VolumeId, Device } of wanted) {
    const body = { volumeAttachment: { volumeId: VolumeId, device: Device } };
    try {
      await run.call("compute", "volume-attachments:create", { ...NOVA, params, body });
    } catch (error) {
      const there = await run.call<{ volumeAttachments: { volumeId: string }[] }>(
        "compute",
        "volume-attachments:list",
        { ...NOVA, params },
      );
      const has = there.volumeAttachments.some(({ volumeId }) => volumeId === VolumeId);
      if (!(error instanceof ApiError) || !has) throw error;
    }
  }
}

async function addressOf(made: Made): Promise<string> {
  const found = await serverOf(made);
  return Object.values(found?.addresses ?? {})[0]?.[0]?.addr ?? "0.0.0.0";
}

const ignored = (type: "string" | "boolean") => ({ type, description: "Taken and not looked at." }) as const;
const list = { type: "list" } as const;
const pairList = (description: string) =>
  ({
    ...list,
    description,
    items: {
      type: "map",
      fields: {
        Key: { ...required, description: "A name." },
        Value: { ...required, description: "What it says." },
      },
    },
  }) as const;

export const instance: ResourceType = {
  name: "AWS::EC2::Instance",
  service: nova,
  description: "A server.",
  alsoNeeds: (properties, others) => subnetsOfServer(asServer(properties), others),
  properties: {
    ImageId: { ...of("glance.image"), required: true, description: "The image, by id or name." },
    InstanceType: { ...of("nova.flavor"), required: true, update_allowed: true, description: "The flavor." },
    KeyName: { ...of("nova.keypair"), description: "The key pair." },
    AvailabilityZone: { ...text, description: "Where it runs." },
    DisableApiTermination: ignored("string"),
    KernelId: ignored("string"),
    Monitoring: ignored("boolean"),
    PlacementGroupName: ignored("string"),
    PrivateIpAddress: ignored("string"),
    RamDiskId: ignored("string"),
    SecurityGroups: { ...list, description: "Names of security groups." },
    SecurityGroupIds: { ...list, description: "Ids of security groups." },
    NetworkInterfaces: { ...list, update_allowed: true, description: "Ports." },
    SourceDestCheck: ignored("boolean"),
    SubnetId: { ...text, update_allowed: true, description: "The subnet." },
    Tags: { ...pairList("Notes about it."), update_allowed: true },
    NovaSchedulerHints: pairList("What the scheduler is told."),
    Tenancy: { ...ignored("string"), constraints: [{ allowed_values: ["dedicated", "default"] }] },
    UserData: { ...text, description: "Data or a script for cloud-init." },
    Volumes: {
      ...list,
      default: [],
      description: "Volumes it gets.",
      items: {
        type: "map",
        fields: {
          Device: { ...required, description: "The device in the guest." },
          VolumeId: { ...of("cinder.volume"), required: true, description: "The volume." },
        },
      },
    },
    BlockDeviceMappings: {
      ...list,
      description: "Disks it gets.",
      items: {
        type: "map",
        fields: {
          DeviceName: { ...required, description: "The device in the guest." },
          Ebs: {
            type: "map",
            description: "The disk.",
            fields: {
              DeleteOnTermination: { type: "boolean", default: true, description: "Whether it goes with the server." },
              Iops: { type: "number", description: "Taken and not looked at." },
              SnapshotId: { ...of("cinder.snapshot"), description: "A snapshot to make it of." },
              VolumeSize: { ...text, description: "GiB." },
              VolumeType: ignored("string"),
            },
          },
          NoDevice: { type: "map", description: "Taken and not looked at." },
          VirtualName: ignored("string"),
        },
      },
    },
  },
  attributes: {
    AvailabilityZone: { type: "string", description: "Where it runs." },
    PrivateDnsName: { type: "string", description: "Its address." },
    PublicDnsName: { type: "string", description: "Its address." },
    PrivateIp: { type: "string", description: "Its address." },
    PublicIp: { type: "string", description: "Its address." },
  },
  create: (run) => server.create?.(asRun(run)),
  async isCreated(run) {
    if ((await server.isCreated?.(asRun(run))) === false) return false;
    await attachVolumes(run);
    return true;
  },
  update(run, changed) {
    const words = asServer(run.properties);
    const about = Object.keys(changed).flatMap((key) => ABOUT[key] ?? []);
    return server.update?.(asRun(run), Object.fromEntries(about.map((key) => [key, words[key]])));
  },
  isUpdated: (run) => server.isUpdated?.(asRun(run)) ?? true,
  release: (run) => server.release?.(asRun(run)) ?? true,
  takeBack: (run) => server.takeBack?.(asRun(run)),
  delete: (run) => server.delete?.(run),
  isDeleted: (run) => server.isDeleted?.(run) ?? true,
  suspend: (run) => server.suspend?.(run),
  isSuspended: (run) => server.isSuspended?.(run) ?? true,
  resume: (run) => server.resume?.(run),
  isResumed: (run) => server.isResumed?.(run) ?? true,
  check: (run) => server.check?.(run),
  async attribute(made, name) {
    if (name === "AvailabilityZone") return (await serverOf(made))?.["OS-EXT-AZ:availability_zone"] ?? null;
    return addressOf(made);
  },
};
