import { quota } from "../quota.ts";

export const neutronQuota = quota({
  name: "OS::Neutron::Quota",
  className: "NeutronQuota",
  service: { name: "network", client: "neutron" },
  records: "quotas",
  key: "quota",
  parameter: "project_id",
  limits: {
    subnet: "Subnets",
    network: "Networks",
    floatingip: "Floating addresses",
    security_group_rule: "Rules of security groups",
    security_group: "Security groups",
    router: "Routers",
    port: "Ports",
    subnetpool: "Subnet pools",
    rbac_policy: "RBAC policies",
  },
});
