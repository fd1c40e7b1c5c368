import { valueMistake } from "../../language/mistakes.ts";
import { given, idOf, type Lookup } from "../asking.ts";
import type { ResourceType } from "../types.ts";
import { rest, text } from "./rest.ts";

interface Properties {
  readonly object_type: string;
  readonly object_id: string;
  readonly action: string;
}

/** What may be shared, and how. */
const ACTIONS: Readonly<Record<string, readonly string[]>> = {
  network: ["access_as_shared", "access_as_external"],
  qos_policy: ["access_as_shared"],
  security_group: ["access_as_shared"],
  address_scope: ["access_as_shared"],
  subnetpool: ["access_as_shared"],
};
/** Those that are found by name, too. */
const NAMED: readonly string[] = ["network", "security_group", "address_scope", "subnetpool"] satisfies Lookup[];

export const rbacPolicy: ResourceType = {
  name: "OS::Neutron::RBACPolicy",
  support: { version: "6.0.0" },
  description: "Shares a thing of the network with another project.",
  properties: {
    object_type: {
      type: "string",
      required: true,
      constraints: [{ allowed_values: Object.keys(ACTIONS) }],
      description: "What kind of thing is shared.",
    },
    target_tenant: {
      ...text,
      required: true,
      update_allowed: true,
      description: "The project that it is shared with.",
    },
    action: {
      type: "string",
      required: true,
      constraints: [{ allowed_values: ["access_as_shared", "access_as_external"] }],
      description: "How it is shared.",
    },
    object_id: { ...text, required: true, description: "The thing, by id or name." },
    tenant_id: { ...text, description: "Whose the policy is; only administrators may say so." },
  },
  attributes: {},
  validate({ properties }) {
    const { action, object_type } = properties as unknown as Properties;
    const valid = ACTIONS[object_type] ?? [];
    if (valid.includes(action)) return;
    throw valueMistake(`Invalid action "${action}" for object type ${object_type}. Valid actions: ${valid.join(", ")}`);
  },
  ...rest({
    kind: "rbac_policy",
    plural: "rbac_policies",
    async body(run) {
      const { object_type, object_id, ...others } = run.properties as unknown as Properties;
      const id = NAMED.includes(object_type) ? await idOf(run, object_type as Lookup, object_id) : object_id;
      return given({ ...others, object_type, object_id: id });
    },
  }),
};
