import type { Schema } from "../../language/schema.ts";
import { nestedHandlers, part } from "../nested.ts";
import type { NestedTemplate, ResourceType, Values, Wanted } from "../types.ts";
import { deploymentProperties, structuredProperties } from "./software-deployment.ts";

/** A deployment for each of several servers. */

/** Attribute → that of each deployment. */
const OF_EACH: Readonly<Record<string, string>> = {
  deploy_stdouts: "deploy_stdout",
  deploy_stderrs: "deploy_stderr",
  deploy_status_codes: "deploy_status_code",
};

function group(type: string, version: string, more: Readonly<Record<string, Schema>>) {
  const { server: _server, ...shared } = deploymentProperties;
  const templateOf = ({ properties }: Pick<Wanted, "properties">): NestedTemplate => {
    const { servers, ...given } = properties as Values & { servers: Values | null };
    const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
    const members = Object.entries(servers ?? {}).map(([name, server]) => [
      name,
      { type, properties: { ...set, server } },
    ]);
    return {
      template: { heat_template_version: "2015-04-30", resources: Object.fromEntries(members) },
      parameters: {},
    };
  };
  return {
    service: null,
    support: { version },
    properties: {
      servers: {
        type: "map",
        required: true,
        update_allowed: true,
        description: "The servers, by the names of their deployments.",
      },
      ...shared,
      ...more,
    },
    attributes: {
      deploy_stdouts: { type: "map", description: "What each wrote." },
      deploy_stderrs: { type: "map", description: "What each wrote of errors." },
      deploy_status_codes: { type: "map", description: "The status each ended with." },
    },
    takesPath: true,
    nestedTemplate: templateOf,
    ...nestedHandlers(templateOf),
    async attribute({ nested }, name, path) {
      if (name === "show") return null;
      const pairs = nested
        .members()
        .map(async (member) => [member.name, await member.attribute(OF_EACH[name] ?? name, [])] as const);
      return part(Object.fromEntries(await Promise.all(pairs)), path);
    },
  } satisfies Partial<ResourceType>;
}

export const softwareDeploymentGroup: ResourceType = {
  name: "OS::Heat::SoftwareDeploymentGroup",
  description: "A config that several servers run.",
  ...group("OS::Heat::SoftwareDeployment", "5.0.0", {}),
};

export const structuredDeploymentGroup: ResourceType = {
  name: "OS::Heat::StructuredDeploymentGroup",
  description: "A config that is data, with values in the places of its inputs, that several servers get.",
  ...group("OS::Heat::StructuredDeployment", "5.0.0", structuredProperties),
};

/** Its name of former times, which templates still use and no list shows. */
const former = (type: ResourceType, name: string): ResourceType => ({
  ...type,
  name,
  support: { status: "HIDDEN", version: "7.0.0", message: `Please use ${type.name} instead.` },
});
export const softwareDeployments = former(softwareDeploymentGroup, "OS::Heat::SoftwareDeployments");
export const structuredDeployments = former(structuredDeploymentGroup, "OS::Heat::StructuredDeployments");
