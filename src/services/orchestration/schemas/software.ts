import type { JsonSchema } from "../../../kernel/http/route.ts";

const text = { type: ["string", "null"] };
const map = { type: ["object", "null"] };
const list = { type: ["array", "null"] };

export const newConfig: JsonSchema = {
  type: "object",
  properties: { name: text, group: text, inputs: list, outputs: list, options: map },
};

const deployment = { input_values: map, output_values: map, action: text, status: text, status_reason: text };

export const newDeployment: JsonSchema = {
  type: "object",
  properties: { ...deployment, config_id: { type: "string" }, server_id: { type: "string" } },
  required: ["config_id", "server_id"],
};

export const deploymentChanges: JsonSchema = {
  type: "object",
  properties: { ...deployment, config_id: { type: "string" } },
};
