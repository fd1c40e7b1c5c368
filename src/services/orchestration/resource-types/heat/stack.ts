import { Mistake, ValidationFailed, valueMistake } from "../../language/mistakes.ts";
import { readTemplate } from "../../language/read.ts";
import { nestedHandlers, part } from "../nested.ts";
import type { NestedTemplate, ResourceType, Values, Wanted } from "../types.ts";

interface Properties {
  context: { region_name: string | null } | null;
  template: string;
  timeout: number | null;
  parameters: Values;
}

/** Nothing longer is read as a template here; the engine has its own limit besides. */
const MOST = 8 * 1024 * 1024;

function templateOf({ properties }: Pick<Wanted, "properties">): NestedTemplate {
  const { template, parameters, timeout } = properties as unknown as Properties;
  try {
    return { template: readTemplate(template, MOST), parameters, timeoutMins: timeout };
  } catch (error) {
    if (error instanceof Mistake) throw new ValidationFailed(error.message);
    throw error;
  }
}

const text = { type: "string" } as const;

/** A stack in a stack. There is one region here, so it is nested in the engine's own way. */
export const stack: ResourceType = {
  name: "OS::Heat::Stack",
  service: null,
  description: "A stack of its own, made of a template given as text.",
  properties: {
    context: {
      type: "map",
      update_allowed: true,
      description: "Where to make it.",
      fields: {
        region_name: { ...text, description: "The region." },
        credential_secret_id: {
          ...text,
          update_allowed: true,
          description: "A secret with the credentials of another cloud.",
        },
        ca_cert: { ...text, update_allowed: true, description: "Certificate of another cloud's authority." },
        insecure: {
          type: "boolean",
          default: false,
          update_allowed: true,
          description: "Whether its certificate is not looked at.",
        },
      },
    },
    template: { ...text, required: true, update_allowed: true, description: "The template." },
    timeout: { type: "integer", update_allowed: true, description: "Minutes it may take." },
    parameters: { type: "map", default: {}, update_allowed: true, description: "Values of the template's parameters." },
  },
  attributes: {
    stack_name: { type: "string", description: "The stack's name." },
    outputs: { type: "map", description: "Values of its outputs, by their names." },
  },
  className: "RemoteStack",
  takesPath: true,
  validate(wanted) {
    const { context } = wanted.properties as unknown as Properties;
    const region = context?.region_name ?? null;
    if (region !== null && region !== wanted.region)
      throw valueMistake(
        `Cannot establish connection to Heat endpoint at region "${region}" due to "public endpoint for orchestration service in ${region} region not found"`,
      );
    templateOf(wanted);
  },
  nestedTemplate: templateOf,
  nestedMistake: ({ region }, message) =>
    `Failed validating stack template using Heat endpoint at region "${region}" due to "ERROR: ${message}"`,
  ...nestedHandlers(templateOf),
  async attribute({ nested }, name, path) {
    if (name === "stack_name") return nested.state()?.name ?? null;
    if (name === "outputs") return part(await nested.outputs(), path);
    if (name.startsWith("outputs.")) return part((await nested.output(name.slice("outputs.".length))) ?? null, path);
    return null;
  },
};
