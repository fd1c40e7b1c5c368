import { object, wrapped } from "../../../kernel/http/schemas.ts";
import { boolean, optionalUuid, text } from "./parameter-types.ts";

/** What clients repeat in the body beside the limits; it is not looked at. A pattern would hold for it too. */
const limits = {
  type: "object",
  properties: { tenant_id: { type: "string" }, class_name: { type: "string" }, force: {} },
  patternProperties: {
    "^(?!(?:tenant_id|class_name|force)$)[^\\u0000]{1,300}$": {
      type: ["integer", "string"],
      pattern: "^-?[0-9]+$",
      minimum: -1,
      minLength: 1,
      maximum: 0x7fffffff,
    },
  },
  additionalProperties: false,
};

export interface QuotaSetBody {
  quota_set: Record<string, number | string>;
}
export const updateQuotas = wrapped("quota_set", limits);

export interface QuotaClassBody {
  quota_class_set: Record<string, number | string>;
}
export const updateQuotaClass = wrapped("quota_class_set", limits);

export interface ServiceBody {
  host: string;
  binary?: string;
  service?: string;
  disabled_reason?: string;
}
const host = { type: "string", minLength: 1, maxLength: 255 };
const binary = { type: "string", minLength: 1, maxLength: 255 };
const serviceProperties = { host, binary, service: binary };
export const service = object(serviceProperties, { required: ["host"] });
export const serviceWithReason = object(
  { ...serviceProperties, disabled_reason: { type: "string", minLength: 1, maxLength: 255 } },
  { required: ["host", "disabled_reason"] },
);
export const serviceHost = object({ host }, { required: ["host"] });

const clusterProperties = { name: host, binary: text };
export const enableCluster = object(clusterProperties, { required: ["name"] });
export const disableCluster = object({ ...clusterProperties, disabled_reason: text }, { required: ["name"] });

export interface CleanupBody {
  resource_id?: string | null;
  host?: string;
  cluster_name?: string;
  service_id?: string | number;
}
export const cleanup = object({
  cluster_name: host,
  disabled: boolean,
  host,
  is_up: boolean,
  binary: { type: "string", enum: ["cinder-volume", "cinder-scheduler"] },
  resource_id: optionalUuid,
  resource_type: { type: "string", pattern: "^(?:[Vv]olume|[Ss]napshot)$" },
  service_id: { type: ["integer", "string"], pattern: "^[0-9]+$", minimum: 0 },
});
