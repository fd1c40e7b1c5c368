import { NOVA } from "../asking.ts";
import { quota } from "../quota.ts";

export const novaQuota = quota({
  name: "OS::Nova::Quota",
  className: "NovaQuota",
  service: { name: "compute", client: "nova" },
  records: "quota-sets",
  key: "quota_set",
  parameter: "id",
  ...NOVA,
  limits: {
    cores: "Virtual processors",
    instances: "Servers",
    key_pairs: "Key pairs of a user",
    metadata_items: "Notes of a server",
    ram: "MiB of memory",
    server_groups: "Server groups",
    server_group_members: "Servers of a group",
  },
  former: {
    fixed_ips: "Fixed addresses",
    floating_ips: "Floating addresses",
    injected_file_content_bytes: "Bytes of a file put into a server",
    injected_file_path_bytes: "Bytes of its path",
    injected_files: "Files put into a server",
    security_groups: "Security groups",
    security_group_rules: "Rules of a group",
  },
});
