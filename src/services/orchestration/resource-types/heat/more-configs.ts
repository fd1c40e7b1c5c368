import { ValidationFailed } from "../../language/mistakes.ts";
import { mimeMessage, mimeParts } from "../../values/mime.ts";
import type { ResourceType, Values } from "../types.ts";
import { common, described, keptConfig, textOrConfig } from "./software-config.ts";

/** Configs that are made of several. */

interface Component {
  readonly actions: readonly string[];
  readonly config: string | null;
  readonly tool: string;
}

const text = { type: "string" } as const;

const component = keptConfig(({ properties }) => {
  const { configs, options, inputs, outputs } = properties as Values;
  return { group: "component", config: { configs }, options, inputs: described(inputs), outputs: described(outputs) };
});

export const softwareComponent: ResourceType = {
  name: "OS::Heat::SoftwareComponent",
  support: { version: "2014.2" },
  description: "A config for each action of a stack.",
  properties: {
    configs: {
      type: "list",
      required: true,
      constraints: [{ length: { min: 1 } }],
      description: "What is run, by the actions that run it.",
      items: {
        type: "map",
        fields: {
          actions: {
            type: "list",
            default: ["CREATE", "UPDATE"],
            items: text,
            constraints: [{ length: { min: 1 } }],
            description: "The actions that run it.",
          },
          config: { ...text, description: "The script or manifest." },
          tool: { ...text, required: true, description: "What runs it on the server." },
        },
      },
    },
    inputs: common.inputs,
    outputs: common.outputs,
    options: common.options,
  },
  validate({ name, properties }) {
    const { configs } = properties as unknown as { configs: readonly Component[] | null };
    const actions = (configs ?? []).flatMap((one) => one.actions ?? []);
    if (new Set(actions).size === actions.length) return;
    throw new ValidationFailed(
      `Defining more than one configuration for the same action in SoftwareComponent "${name}" is not allowed.`,
    );
  },
  ...component,
  attributes: { configs: { type: "list", description: "What is run, by the actions that run it." } },
  async attribute(made, name) {
    const config = (await component.attribute(made, "config")) as { configs?: unknown } | null;
    return name === "configs" ? (config?.configs ?? null) : null;
  },
};

interface Part {
  readonly config: string;
  readonly filename: string | null;
  readonly type: "text" | "multipart";
  readonly subtype: string | null;
}

/** "sh" of "sh.txt": what a file's name says it is. */
const stem = (filename: string | null): string | null =>
  filename === null ? null : filename.replace(/(.)\.[^.]*$/, "$1");

export const multipartMime: ResourceType = {
  name: "OS::Heat::MultipartMime",
  support: { version: "2014.1" },
  description: "Several configs as one message, for the user data of servers.",
  properties: {
    group: { ...text, default: "Heat::Ungrouped", description: "Which tool on the server it is for." },
    parts: {
      type: "list",
      default: [],
      description: "What the message is made of.",
      items: {
        type: "map",
        fields: {
          config: { ...text, required: true, description: "The content, or the id of a config." },
          filename: { ...text, description: "The part's name." },
          type: {
            ...text,
            default: "text",
            constraints: [{ allowed_values: ["text", "multipart"] }],
            description: "Whether it is a message of parts itself.",
          },
          subtype: { ...text, description: "What kind of text it is." },
        },
      },
    },
  },
  ...keptConfig(async (run) => {
    const { parts, group } = run.properties as unknown as { parts: readonly Part[] | null; group: string };
    const read = (parts ?? []).map(async ({ config, filename, type, subtype }) => {
      const content = await textOrConfig(run, config);
      if (type === "multipart") return mimeParts(content) ?? [];
      return [{ content, filename, subtype: subtype ?? stem(filename) ?? "plain" }];
    });
    return { group, config: mimeMessage((await Promise.all(read)).flat(), run.id) };
  }),
};
