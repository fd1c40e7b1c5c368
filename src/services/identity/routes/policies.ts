import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import { resourceSchema } from "../schemas/resource.ts";
import type { PolicyRow } from "../store/rows.ts";
import { policyView } from "../views/views.ts";
import { extras, type Json, mergeExtras, requireSameId, text } from "./attributes.ts";
import { collection, filtered } from "./collection.ts";

const KNOWN = ["id", "type", "blob", "links"];
const properties = { blob: { type: "string" }, type: { type: "string", maxLength: 255 } };

/** The old store of policy files: kept and given back, never looked into. */
export function policyRoutes({ core, policies }: Managers): AnyRoute[] {
  const { store } = core;
  const load = ({ param }: ApiRequest<unknown>): PolicyRow => policies.get(param("policy_id"));
  return [
    route({
      name: "policies:list",
      method: "GET",
      path: "/v3/policies",
      policy: "identity:list_policies",
      success: 200,
      handler(request) {
        const views = store.policies.list().map((row) => policyView(row, request.baseUrl));
        return collection(request, "policies", filtered(request, views, ["type"]));
      },
    }),
    route<{ policy: Json }>({
      name: "policies:create",
      method: "POST",
      path: "/v3/policies",
      policy: "identity:create_policy",
      request: resourceSchema("policy", properties, { required: ["blob", "type"] }),
      success: 201,
      handler(request) {
        const { policy } = request.body;
        const row = policies.create({
          type: text(policy.type),
          blob: text(policy.blob),
          extra: JSON.stringify(extras(policy, KNOWN)),
        });
        return { body: { policy: policyView(row, request.baseUrl) } };
      },
    }),
    route({
      name: "policies:show",
      method: "GET",
      path: "/v3/policies/:policy_id",
      policy: "identity:get_policy",
      success: 200,
      handler: (request) => ({ body: { policy: policyView(load(request), request.baseUrl) } }),
    }),
    route<{ policy: Json }>({
      name: "policies:update",
      method: "PATCH",
      path: "/v3/policies/:policy_id",
      policy: "identity:update_policy",
      request: resourceSchema("policy", properties, { minProperties: 1 }),
      success: 200,
      handler(request) {
        const row = load(request);
        const { policy } = request.body;
        requireSameId(policy, row.id, "policy");
        const updated = policies.update(row, {
          ...(typeof policy.type === "string" ? { type: policy.type } : {}),
          ...(typeof policy.blob === "string" ? { blob: policy.blob } : {}),
          extra: mergeExtras(row.extra, extras(policy, KNOWN)),
        });
        return { body: { policy: policyView(updated, request.baseUrl) } };
      },
    }),
    route({
      name: "policies:delete",
      method: "DELETE",
      path: "/v3/policies/:policy_id",
      policy: "identity:delete_policy",
      success: 204,
      handler(request) {
        policies.delete(load(request));
        return undefined;
      },
    }),
  ];
}
