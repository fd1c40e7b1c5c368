import { given, nameOf } from "../asking.ts";
import type { ResourceType } from "../types.ts";
import { changeable, rest, text } from "./rest.ts";

export const addressScope: ResourceType = {
  name: "OS::Neutron::AddressScope",
  support: { version: "6.0.0" },
  description: "Within it addresses are used once: subnet pools belong to one.",
  properties: {
    name: { ...changeable, description: "Its name." },
    shared: {
      type: "boolean",
      default: false,
      update_allowed: true,
      description: "Whether all projects may use it.",
    },
    tenant_id: { ...text, description: "Whose it is; only administrators may say so." },
    ip_version: {
      type: "integer",
      default: 4,
      constraints: [{ allowed_values: [4, 6] }],
      description: "The version of its addresses.",
    },
  },
  attributes: {},
  ...rest({
    kind: "address_scope",
    body: (run) => given({ ...run.properties, name: nameOf(run) }),
    changes: (run, { name, ...others }) => ({ ...others, ...(name === undefined ? {} : { name: nameOf(run) }) }),
  }),
};
