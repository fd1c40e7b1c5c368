import type { SettingsDeclaration } from "../../kernel/config/declaration.ts";
import { files, variables } from "./variables.ts";

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

declare module "../../kernel/config/settings.ts" {
  interface Settings {
    readonly blockStorage: BlockStorageSettings;
  }
  interface PortSettings {
    /** CINDER_SERVICE_PORT (8776) */
    readonly blockStorage: number;
  }
}

export const settings: SettingsDeclaration = {
  groups: [{ title: "Block storage", variables }],
  files,
  newDefaults: "CINDER_ENFORCE_NEW_DEFAULTS",
  ports: {
    blockStorage: {
      variable: "CINDER_SERVICE_PORT",
      what: "blockStorage",
      ifTaken: "that API is only on the main port then",
      classic: true,
    },
  },
  build: (r) => ({
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
  }),
  check({ blockStorage }, r) {
    const names = blockStorage.backends.map((backend) => backend.name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice === undefined) return;
    r.problem(
      "CINDER_ENABLED_BACKENDS",
      `CINDER_ENABLED_BACKENDS has two backends named ${twice}`,
      "give each a name of its own",
    );
  },
};
