import { valueMistake } from "../../language/mistakes.ts";
import { volume } from "../cinder/volume.ts";
import { volumeAttachment } from "../cinder/volume-attachment.ts";
import type { ResourceType, Run, Values } from "../types.ts";
import { inWords } from "./in-words.ts";
import { of, required } from "./vpc-parts.ts";

const kept = { immutable: true } as const;

interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** The same in the words of OS::Cinder::Volume. */
const asCinder = ({ AvailabilityZone, Size, SnapshotId, Tags }: Values): Values => ({
  availability_zone: AvailabilityZone || null,
  size: Size,
  backup_id: SnapshotId,
  metadata: Object.fromEntries(((Tags ?? []) as Tag[]).map(({ Key, Value }) => [Key, Value])),
  read_only: null,
});

export const ec2Volume: ResourceType = {
  ...volume,
  name: "AWS::EC2::Volume",
  className: "Volume",
  description: "A volume.",
  properties: {
    AvailabilityZone: { ...required, ...kept, description: "Where it is." },
    Size: { type: "integer", ...kept, constraints: [{ range: { min: 1 } }], description: "GiB." },
    SnapshotId: { ...of("cinder.backup"), ...kept, description: "A backup it is made of." },
    Tags: {
      type: "list",
      ...kept,
      description: "Notes about it.",
      items: {
        type: "map",
        fields: {
          Key: { ...required, description: "A name." },
          Value: { ...required, description: "What it says." },
        },
      },
    },
  },
  attributes: {},
  validate({ properties: { Size, SnapshotId } }) {
    if (Size === null && SnapshotId === null) {
      throw valueMistake('If "SnapshotId" is not provided, "Size" must be specified');
    }
  },
  create: (run) => volume.create?.(inWords(run, asCinder)),
  isCreated: (run) => volume.isCreated?.(inWords(run, asCinder)) ?? true,
};

const asAttachment = ({ InstanceId, VolumeId, Device }: Values): Values => ({
  instance_uuid: InstanceId,
  volume_id: VolumeId,
  mountpoint: Device,
});

type Verb = "create" | "isCreated" | "delete" | "isDeleted" | "check";

/** What the type of cinder does, in other words. */
const verb =
  <T>(name: Verb) =>
  (run: Run): T =>
    (volumeAttachment[name] as ((run: Run) => T) | undefined)?.(inWords(run, asAttachment)) as T;

export const ec2VolumeAttachment: ResourceType = {
  ...volumeAttachment,
  name: "AWS::EC2::VolumeAttachment",
  className: "VolumeAttachment",
  description: "Attaches a volume to a server.",
  properties: {
    InstanceId: { ...of("nova.server"), required: true, ...kept, description: "The server." },
    VolumeId: { ...of("cinder.volume"), required: true, ...kept, description: "The volume." },
    Device: {
      ...required,
      ...kept,
      constraints: [{ allowed_pattern: "/dev/vd[b-z]" }],
      description: "The device in the guest.",
    },
  },
  attributes: {},
  create: verb<Promise<void>>("create"),
  isCreated: verb<Promise<boolean>>("isCreated"),
  delete: verb<Promise<void>>("delete"),
  isDeleted: verb<Promise<boolean>>("isDeleted"),
};
