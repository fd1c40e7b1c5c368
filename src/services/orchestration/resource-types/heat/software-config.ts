import { stringify } from "yaml";
import type { Schema } from "../../language/schema.ts";
import { given, lost, orGone } from "../asking.ts";
import type { Made, ResourceType, Run, Values } from "../types.ts";

/** Configs that the API keeps. They never change: another one is another resource. */

interface Config {
  readonly id: string;
  readonly name: string;
  readonly config: unknown;
  readonly creation_time: string;
}

const paramsOf = ({ stack }: Pick<Made, "stack">, more: Record<string, string> = {}) => ({
  params: { url_tenant_id: stack.projectId, ...more },
});

/** Null: there is none of this id. */
export async function configOf(made: Pick<Made, "call" | "stack">, id: string | null): Promise<Config | null> {
  if (id === null) return null;
  const input = paramsOf(made, { config_id: id });
  const body = await orGone(() =>
    made.call<{ software_config: Config }>("orchestration", "software-configs:show", input),
  );
  return body?.software_config ?? null;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** What a user gives in place of a config: the config's text where it is the id of one. */
export async function textOrConfig(made: Pick<Made, "call" | "stack">, given: string): Promise<string> {
  if (!UUID.test(given)) return given;
  const config = await configOf(made, given);
  return config === null ? given : String(config.config ?? "");
}

/** What all types of configs do. `content`: what is kept, beside the name. */
export function keptConfig(content: (run: Run) => Promise<Values> | Values) {
  return {
    service: null,
    attributes: { config: { type: "string", description: "The text of the config." } },
    async create(run) {
      if (run.physicalId !== null) return;
      const name = run.physicalName();
      const left = await lost(run, async () => {
        const body = await run.call<{ software_configs: Config[] }>(
          "orchestration",
          "software-configs:list",
          paramsOf(run),
        );
        return body.software_configs.filter((one) => one.name === name);
      });
      if (left !== null) return run.setPhysicalId(left);
      const body = { name, ...given(await content(run)) };
      const made = await run.call<{ software_config: Config }>("orchestration", "software-configs:create", {
        ...paramsOf(run),
        body,
      });
      run.setPhysicalId(made.software_config.id);
    },
    async delete(run) {
      const { physicalId } = run;
      if (physicalId === null) return;
      const input = paramsOf(run, { config_id: physicalId });
      await orGone(() => run.call("orchestration", "software-configs:delete", input));
    },
    async attribute(made, name) {
      return name === "config" ? ((await configOf(made, made.physicalId))?.config ?? null) : null;
    },
    show: (made) => configOf(made, made.physicalId),
  } satisfies Partial<ResourceType>;
}

const kind: Schema = {
  type: "string",
  default: "String",
  constraints: [{ allowed_values: ["String", "Number", "CommaDelimitedList", "Json", "Boolean"] }],
  description: "What its values are.",
};

export const common = {
  group: { type: "string", default: "Heat::Ungrouped", description: "Which tool on the server it is for." },
  options: { type: "map", description: "Options of that tool." },
  inputs: {
    type: "list",
    description: "What it expects.",
    items: {
      type: "map",
      fields: {
        name: { type: "string", required: true, description: "Its name." },
        description: { type: "string", description: "What it is." },
        type: kind,
        default: { type: "any", description: "Its value where none is given." },
        replace_on_change: {
          type: "boolean",
          default: false,
          description: "Whether another value makes a new deployment.",
        },
      },
    },
  },
  outputs: {
    type: "list",
    description: "What it produces.",
    items: {
      type: "map",
      fields: {
        name: { type: "string", required: true, description: "Its name." },
        description: { type: "string", description: "What it is." },
        type: kind,
        error_output: {
          type: "boolean",
          default: false,
          description: "Whether a deployment that gives it a value has failed.",
        },
      },
    },
  },
} as const satisfies Record<string, Schema>;

/** Inputs and outputs without what nobody gave. */
export const described = (values: unknown): unknown =>
  Array.isArray(values) ? values.map((one) => given(one as Record<string, unknown>)) : null;

const asWritten = keptConfig(({ properties }) => {
  const { group, config, options, inputs, outputs } = properties as Values;
  return { group, config, options, inputs: described(inputs), outputs: described(outputs) };
});

export const softwareConfig: ResourceType = {
  name: "OS::Heat::SoftwareConfig",
  support: { version: "2014.1" },
  description: "A script or manifest for servers, with what it expects and produces.",
  properties: { ...common, config: { type: "string", description: "The script or manifest." } },
  ...asWritten,
};

export const structuredConfig: ResourceType = {
  name: "OS::Heat::StructuredConfig",
  support: { version: "2014.1" },
  description: "A config that is data, with places for the values of inputs.",
  properties: { ...common, config: { type: "map", description: "The data." } },
  ...asWritten,
};

export const cloudConfig: ResourceType = {
  name: "OS::Heat::CloudConfig",
  support: { version: "2014.1" },
  description: "A cloud-config for the user data of servers.",
  properties: { cloud_config: { type: "map", description: "The cloud-config, as data." } },
  ...keptConfig(({ properties }) => ({
    config: `#cloud-config\n${stringify((properties as Values).cloud_config ?? {}, { version: "1.1", sortMapEntries: true })}`,
    group: "Heat::Ungrouped",
  })),
};
