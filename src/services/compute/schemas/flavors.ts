import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import type { JsonSchema } from "../../../kernel/http/route.ts";
import { boolean, name, object } from "./parameter-types.ts";

const positive: JsonSchema = {
  type: ["integer", "string"],
  pattern: "^[0-9]*$",
  minimum: 1,
  maximum: 0x7fffffff,
  minLength: 1,
};
const nonNegative: JsonSchema = {
  type: ["integer", "string"],
  pattern: "^[0-9]*$",
  minimum: 0,
  maximum: 0x7fffffff,
  minLength: 1,
};
const longDescription: JsonSchema = { type: ["string", "null"], minLength: 0, maxLength: 65535 };

export interface CreateFlavorBody {
  flavor: {
    name: string;
    id?: string | number | null;
    ram: number | string;
    vcpus: number | string;
    disk: number | string;
    "OS-FLV-EXT-DATA:ephemeral"?: number | string;
    swap?: number | string;
    rxtx_factor?: number | string;
    "os-flavor-access:is_public"?: boolean | string;
    description?: string | null;
  };
}

const fields: Record<string, JsonSchema> = {
  name,
  id: { type: ["string", "number", "null"], minLength: 1, maxLength: 255, pattern: "^(?! )[a-zA-Z0-9. _-]+(?<! )$" },
  ram: positive,
  vcpus: positive,
  disk: nonNegative,
  "OS-FLV-EXT-DATA:ephemeral": nonNegative,
  swap: nonNegative,
  rxtx_factor: {
    type: ["number", "string"],
    pattern: "^[0-9]+(\\.[0-9]+)?$",
    exclusiveMinimum: 0,
    maximum: 3.40282e38,
  },
  "os-flavor-access:is_public": boolean,
};
const required = ["name", "ram", "vcpus", "disk"];
const createOld = object({ flavor: object(fields, required) }, ["flavor"]);
const createNew = object({ flavor: object({ ...fields, description: longDescription }, required) }, ["flavor"]);
export const createFlavor = (version: Microversion): JsonSchema => (version >= mv("2.55") ? createNew : createOld);

export const updateFlavor = object({ flavor: object({ description: longDescription }, ["description"]) }, ["flavor"]);

const specValue: JsonSchema = { type: ["string", "number"], maxLength: 255 };
export const extraSpecs = object(
  {
    extra_specs: {
      type: "object",
      propertyNames: { pattern: "^[a-zA-Z0-9-_:. ]{1,255}$" },
      additionalProperties: specValue,
      minProperties: 1,
    },
  },
  ["extra_specs"],
);
export const extraSpec: JsonSchema = {
  type: "object",
  propertyNames: { pattern: "^[a-zA-Z0-9-_:. ]{1,255}$" },
  additionalProperties: specValue,
  minProperties: 1,
  maxProperties: 1,
};
const access = object({ tenant: { type: "string", minLength: 1, maxLength: 255 } }, ["tenant"]);
export const addAccess = object({ addTenantAccess: access }, ["addTenantAccess"]);
export const removeAccess = object({ removeTenantAccess: access }, ["removeTenantAccess"]);
