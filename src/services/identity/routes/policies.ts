import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import { resourceSchema } from "../schemas/resource.ts";
import { policyView } from "../views/views.ts";
import { extras, type Json, text } from "./attributes.ts";
import { listOf } from "./collection.ts";
import { memberRoutes } from "./member.ts";

const KNOWN = ["id", "type", "blob", "links"];
const properties = { blob: { type: "string" }, type: { type: "string", maxLength: 255 } };

/** The old store of policy files: kept and given back, never looked into. */
export function policyRoutes({ core, policies }: Managers): AnyRoute[] {
  const { store } = core;
  return [
    route({
      name: "policies:list",
      method: "GET",
      path: "/v3/policies",
      policy: "identity:list_policies",
      success: 200,
      handler(request) {
        return listOf(request, {
          key: "policies",
          table: store.policies,
          filters: ["type"],
          views: (rows) => rows.map((row) => policyView(row, request.baseUrl)),
        });
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
    ...memberRoutes({
      key: "policy",
      plural: "policies",
      path: "/v3/policies/:policy_id",
      find: ({ param }) => policies.get(param("policy_id")),
      view: (request, row) => policyView(row, request.baseUrl),
      properties,
      known: KNOWN,
      changes: (sent) => ({
        ...(typeof sent.type === "string" ? { type: sent.type } : {}),
        ...(typeof sent.blob === "string" ? { blob: sent.blob } : {}),
      }),
      update: (row, changes) => policies.update(row, changes),
      delete: (row) => policies.delete(row),
    }),
  ];
}
