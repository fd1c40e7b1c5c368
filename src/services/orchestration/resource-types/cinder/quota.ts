import { quota } from "../quota.ts";

export const cinderQuota = {
  ...quota({
    name: "OS::Cinder::Quota",
    className: "CinderQuota",
    service: { name: "block-storage", client: "cinder" },
    records: "quotas",
    key: "quota_set",
    parameter: "quota_project_id",
    limits: {
      gigabytes: "GiB of volumes and snapshots",
      snapshots: "Snapshots",
      volumes: "Volumes",
      backups: "Backups",
      backup_gigabytes: "GiB of backups",
    },
  }),
  support: { version: "7.0.0" },
};
