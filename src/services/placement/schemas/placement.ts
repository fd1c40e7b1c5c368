import type { JsonSchema } from "../../../kernel/http/route.ts";

const uuid = { type: "string", format: "uuid" };
const count = { type: "integer", minimum: 1, maximum: 2_147_483_647 };

const inventory = {
  type: "object",
  properties: {
    resource_provider_generation: { type: "integer" },
    total: count,
    reserved: { type: "integer", minimum: 0, maximum: 2_147_483_647 },
    min_unit: count,
    max_unit: count,
    step_size: count,
    allocation_ratio: { type: "number", exclusiveMinimum: 0, maximum: 3.40282e38 },
  },
  required: ["total"],
  additionalProperties: false,
};

export interface InventoryBody {
  resource_provider_generation?: number;
  total: number;
  reserved?: number;
  min_unit?: number;
  max_unit?: number;
  step_size?: number;
  allocation_ratio?: number;
}

export const putInventory: JsonSchema = { ...inventory, required: ["total", "resource_provider_generation"] };

export const putInventories: JsonSchema = {
  type: "object",
  properties: {
    resource_provider_generation: { type: "integer" },
    inventories: { type: "object", additionalProperties: inventory, propertyNames: { pattern: "^[A-Z0-9_]+$" } },
  },
  required: ["resource_provider_generation", "inventories"],
  additionalProperties: false,
};

const providerProperties = { name: { type: "string", minLength: 1, maxLength: 200 }, parent_provider_uuid: {} };
export const createProvider: JsonSchema = {
  type: "object",
  properties: { ...providerProperties, uuid, parent_provider_uuid: { anyOf: [uuid, { type: "null" }] } },
  required: ["name"],
  additionalProperties: false,
};
export const updateProvider: JsonSchema = {
  type: "object",
  properties: { ...providerProperties, parent_provider_uuid: { anyOf: [uuid, { type: "null" }] } },
  required: ["name"],
  additionalProperties: false,
};

export const putTraits: JsonSchema = {
  type: "object",
  properties: {
    traits: { type: "array", items: { type: "string", pattern: "^[A-Z0-9_]{1,255}$" }, uniqueItems: true },
    resource_provider_generation: { type: "integer" },
  },
  required: ["traits", "resource_provider_generation"],
  additionalProperties: false,
};

const aggregates = { type: "array", items: uuid, uniqueItems: true };
export const putAggregatesList: JsonSchema = aggregates;
export const putAggregates: JsonSchema = {
  type: "object",
  properties: { aggregates, resource_provider_generation: { type: "integer" } },
  required: ["aggregates", "resource_provider_generation"],
  additionalProperties: false,
};

const resources = {
  type: "object",
  minProperties: 1,
  propertyNames: { pattern: "^[A-Z0-9_]+$" },
  additionalProperties: count,
};

/** `version` as a microversion (1028 is 1.28). Before 1.12 the allocations were a list. */
export const putAllocations = allocationSchemas();

function allocationSchemas(): (version: number) => JsonSchema {
  const owner = { type: "string", minLength: 1, maxLength: 255 };
  const list = {
    type: "array",
    minItems: 1,
    items: {
      type: "object",
      properties: {
        resource_provider: { type: "object", properties: { uuid }, required: ["uuid"], additionalProperties: false },
        resources,
      },
      required: ["resource_provider", "resources"],
      additionalProperties: false,
    },
  };
  const byProvider = (empty: boolean) => ({
    type: "object",
    minProperties: empty ? 0 : 1,
    propertyNames: { format: "uuid" },
    additionalProperties: {
      type: "object",
      properties: { resources, generation: { type: "integer" } },
      required: ["resources"],
      additionalProperties: false,
    },
  });
  const schema = (allocations: unknown, more: Record<string, unknown>, required: string[]): JsonSchema => ({
    type: "object",
    properties: { allocations, ...more },
    required: ["allocations", ...required],
    additionalProperties: false,
  });
  const owners = { project_id: owner, user_id: owner };
  const generation = { consumer_generation: { type: ["integer", "null"] }, mappings: { type: "object" } };
  const type = { consumer_type: { type: "string", pattern: "^[A-Z0-9_]+$", maxLength: 255 } };
  const ranges: [number, JsonSchema][] = [
    [
      1038,
      schema(byProvider(true), { ...owners, ...generation, ...type }, [
        "project_id",
        "user_id",
        "consumer_generation",
        "consumer_type",
      ]),
    ],
    [1028, schema(byProvider(true), { ...owners, ...generation }, ["project_id", "user_id", "consumer_generation"])],
    [1012, schema(byProvider(false), owners, ["project_id", "user_id"])],
    [1008, schema(list, owners, ["project_id", "user_id"])],
    [0, schema(list, {}, [])],
  ];
  return (version) => ranges.find(([since]) => version >= since)?.[1] ?? false;
}

export const createClass: JsonSchema = {
  type: "object",
  properties: { name: { type: "string", pattern: "^CUSTOM_[A-Z0-9_]+$", maxLength: 255 } },
  required: ["name"],
  additionalProperties: false,
};
