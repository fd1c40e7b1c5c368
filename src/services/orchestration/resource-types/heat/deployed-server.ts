import { requireTransportOf, tellServer } from "../software-transport.ts";
import type { ResourceType, Values } from "../types.ts";

const text = { type: "string" } as const;

/** heat/engine/resources/openstack/heat/deployed_server.py: a server that somebody else has made, for deployments of software. */
export const deployedServer: ResourceType = {
  name: "OS::Heat::DeployedServer",
  service: null,
  description: "A server that is there already, for software to be deployed to.",
  properties: {
    name: { ...text, update_allowed: true, description: "The server's name." },
    metadata: { type: "map", update_allowed: true, description: "Ignored." },
    software_config_transport: {
      ...text,
      default: "POLL_SERVER_CFN",
      update_allowed: true,
      constraints: [{ allowed_values: ["POLL_SERVER_CFN", "POLL_SERVER_HEAT", "POLL_TEMP_URL", "ZAQAR_MESSAGE"] }],
      description: "How the server learns of software to set up.",
    },
    deployment_swift_data: {
      type: "map",
      default: {},
      update_allowed: true,
      description: "Where software to set up is told of in object storage.",
      fields: {
        container: { ...text, constraints: [{ length: { min: 1 } }], description: "The container." },
        object: { ...text, constraints: [{ length: { min: 1 } }], description: "The object." },
      },
    },
  },
  attributes: {
    name: { ...text, description: "The server's name." },
    os_collect_config: { type: "map", description: "With which the agent of the server begins to ask." },
  },
  validate: requireTransportOf,
  async create(run) {
    run.setPhysicalId(run.id);
    await tellServer(run, []);
  },
  async update(run, changed) {
    if (changed.software_config_transport !== undefined) await tellServer(run, []);
  },
  delete: ({ user }) => user.delete(),
  suspend: ({ user }) => user.setEnabled(false),
  resume: ({ user }) => user.setEnabled(true),
  attribute(made, name) {
    if (name === "name") return ((made.properties as Values).name as string | null) ?? made.physicalName();
    return name === "os_collect_config" ? (made.metadata["os-collect-config"] ?? {}) : null;
  },
};
