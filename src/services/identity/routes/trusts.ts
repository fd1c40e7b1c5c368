import { type AnyRoute, type ApiRequest, caller, route, type Touched } from "../../../kernel/http/route.ts";
import { isoMicros } from "../../../kernel/time/clock.ts";
import { missing } from "../errors.ts";
import { requireNoApplicationCredential } from "../manager/delegation.ts";
import type { Managers } from "../manager/index.ts";
import { nullableString, resourceSchema } from "../schemas/resource.ts";
import type { TrustRow } from "../store/rows.ts";
import { roleView } from "../views/views.ts";
import { type Json, text, textOrNull } from "./attributes.ts";
import { collection } from "./collection.ts";

const properties = {
  trustor_user_id: { type: "string" },
  trustee_user_id: { type: "string" },
  impersonation: { type: "boolean" },
  project_id: nullableString,
  remaining_uses: { type: ["integer", "null"], minimum: 1 },
  expires_at: nullableString,
  allow_redelegation: { type: ["boolean", "null"] },
  redelegation_count: { type: ["integer", "null"], minimum: 0 },
  roles: {
    type: "array",
    items: { type: "object", properties: { id: { type: "string" }, name: { type: "string" } } },
  },
};

/** OS-TRUST: a user lets another act with some of the own roles on a project. */
export function trustRoutes({ core, trusts }: Managers): AnyRoute[] {
  const { store, tokens } = core;
  const brief = (row: TrustRow, base: string) => ({
    id: row.id,
    trustor_user_id: row.trustor_user_id,
    trustee_user_id: row.trustee_user_id,
    project_id: row.project_id,
    impersonation: row.impersonation === 1,
    expires_at: row.expires_at === null ? null : isoMicros(row.expires_at),
    remaining_uses: row.remaining_uses,
    deleted_at: row.deleted_at === null ? null : isoMicros(row.deleted_at),
    redelegated_trust_id: row.redelegated_trust_id,
    redelegation_count: row.redelegation_count,
    links: { self: `${base}/v3/OS-TRUST/trusts/${row.id}` },
  });
  const rolesLinks = (row: TrustRow, base: string) => ({
    self: `${base}/v3/OS-TRUST/trusts/${row.id}/roles`,
    next: null,
    previous: null,
  });
  const view = (row: TrustRow, base: string) => ({
    roles: trusts.rolesOf(row).map((role) => roleView(role, base)),
    ...brief(row, base),
    roles_links: rolesLinks(row, base),
  });
  /** keystone finds it before it asks who may, unlike most (trusts.py `_build_trust_target_enforcement`). */
  const trust: Touched<TrustRow> = {
    kind: "trust",
    first: true,
    find: ({ param }) => trusts.get(param("trust_id")),
    owner: ({ trustor_user_id, trustee_user_id }) => ({ trustorId: trustor_user_id, trusteeId: trustee_user_id }),
  };
  /** Whose trusts a list asks for: trustor and trustee, as far as they are named. All of them have to be the caller. */
  const parties: Touched<readonly string[]> = {
    kind: "parties of trusts",
    find: ({ query }) => ["trustor_user_id", "trustee_user_id"].flatMap((name) => query.get(name) ?? []),
    owner: (named, { userId }) => ({ userId: named.find((id) => id !== userId) ?? named[0] ?? null }),
  };
  const usable = (request: ApiRequest<unknown, TrustRow>): TrustRow => {
    requireNoApplicationCredential(tokens.sender(request));
    return request.thing;
  };

  return [
    route({
      name: "trusts:list",
      method: "GET",
      path: "/v3/OS-TRUST/trusts",
      policy: "identity:list_trusts",
      of: parties,
      success: 200,
      handler(request) {
        const { query } = request;
        requireNoApplicationCredential(tokens.sender(request));
        const trustor = query.get("trustor_user_id");
        const trustee = query.get("trustee_user_id");
        const rows = store.trusts
          .list({
            ...(trustor === null ? {} : { trustor_user_id: trustor }),
            ...(trustee === null ? {} : { trustee_user_id: trustee }),
          })
          .filter((row) => trusts.isAlive(row));
        return collection(
          request,
          "trusts",
          rows.map((row) => brief(row, request.baseUrl)),
        );
      },
    }),
    route<{ trust: Json }>({
      name: "trusts:create",
      method: "POST",
      path: "/v3/OS-TRUST/trusts",
      policy: "identity:create_trust",
      of: caller,
      request: resourceSchema("trust", properties, {
        required: ["trustee_user_id", "trustor_user_id", "impersonation"],
      }),
      success: 201,
      handler(request) {
        const { trust } = request.body;
        const sender = tokens.sender(request);
        requireNoApplicationCredential(sender);
        const wanted = {
          trustorId: text(trust.trustor_user_id),
          trusteeId: text(trust.trustee_user_id),
          projectId: textOrNull(trust.project_id),
          impersonation: trust.impersonation === true,
          roles: (trust.roles ?? []) as { id?: string; name?: string }[],
          expiresAt: textOrNull(trust.expires_at),
          remainingUses: typeof trust.remaining_uses === "number" ? trust.remaining_uses : null,
          allowRedelegation: trust.allow_redelegation === true,
        };
        const row = trusts.create(wanted, sender, request.context.userId);
        return { body: { trust: view(row, request.baseUrl) } };
      },
    }),
    route({
      name: "trusts:show",
      method: "GET",
      path: "/v3/OS-TRUST/trusts/:trust_id",
      policy: "identity:get_trust",
      of: trust,
      success: 200,
      handler: (request) => ({ body: { trust: view(usable(request), request.baseUrl) } }),
    }),
    route({
      name: "trusts:delete",
      method: "DELETE",
      path: "/v3/OS-TRUST/trusts/:trust_id",
      policy: "identity:delete_trust",
      of: trust,
      success: 204,
      handler(request) {
        trusts.delete(usable(request));
        return undefined;
      },
    }),
    route({
      name: "trusts:roles",
      method: "GET",
      path: "/v3/OS-TRUST/trusts/:trust_id/roles",
      policy: "identity:list_roles_for_trust",
      of: trust,
      success: 200,
      handler(request) {
        const row = usable(request);
        const views = trusts.rolesOf(row).map((role) => roleView(role, request.baseUrl));
        return { body: { roles: views, links: rolesLinks(row, request.baseUrl) } };
      },
    }),
    route({
      name: "trusts:role",
      method: "GET",
      path: "/v3/OS-TRUST/trusts/:trust_id/roles/:role_id",
      policy: "identity:get_role_for_trust",
      of: trust,
      success: 200,
      handler(request) {
        const role = trusts.rolesOf(usable(request)).find(({ id }) => id === request.param("role_id"));
        if (role === undefined) throw missing("role", request.param("role_id"));
        return { body: { role: roleView(role, request.baseUrl) } };
      },
    }),
  ];
}
