import { type AnyRoute, type ApiRequest, caller, route } from "../../../kernel/http/route.ts";
import { isoMicros } from "../../../kernel/time/clock.ts";
import type { IdentityContext } from "../context.ts";
import { forbiddenAction, missing } from "../errors.ts";
import { requireNoApplicationCredential } from "../manager/delegation.ts";
import { TrustManager } from "../manager/trusts.ts";
import type { TrustRow } from "../store/rows.ts";
import { roleView } from "../views/views.ts";
import { collection, type Json, nullableString, resourceSchema, text, textOrNull } from "./shared.ts";

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
export function trustRoutes(identity: IdentityContext): AnyRoute[] {
  const { store, tokens } = identity;
  const trusts = new TrustManager(identity);
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
  /** Errors: 404 for one that has ended, 403 for strangers. */
  const load = (request: ApiRequest<unknown>): TrustRow => {
    requireNoApplicationCredential(tokens.sender(request));
    const row = trusts.get(request.param("trust_id"));
    const { context } = request;
    const mayLook = context.isAdmin || (context.system && context.roles.has("reader"));
    if (!mayLook && ![row.trustor_user_id, row.trustee_user_id].includes(context.userId)) {
      throw forbiddenAction("identity:get_trust");
    }
    return row;
  };

  return [
    route({
      name: "trusts:list",
      method: "GET",
      path: "/v3/OS-TRUST/trusts",
      policy: "identity:list_trusts",
      success: 200,
      handler(request) {
        const { context, query } = request;
        requireNoApplicationCredential(tokens.sender(request));
        const trustor = query.get("trustor_user_id");
        const trustee = query.get("trustee_user_id");
        const mayAll = context.isAdmin || (context.system && context.roles.has("reader"));
        const own =
          (trustor !== null || trustee !== null) &&
          (trustor ?? context.userId) === context.userId &&
          (trustee ?? context.userId) === context.userId;
        if (!mayAll && !own) throw forbiddenAction("identity:list_trusts");
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
      success: 200,
      handler: (request) => ({ body: { trust: view(load(request), request.baseUrl) } }),
    }),
    route({
      name: "trusts:delete",
      method: "DELETE",
      path: "/v3/OS-TRUST/trusts/:trust_id",
      policy: "identity:delete_trust",
      success: 204,
      handler(request) {
        const row = load(request);
        if (!request.context.isAdmin && row.trustor_user_id !== request.context.userId) {
          throw forbiddenAction("identity:delete_trust");
        }
        trusts.delete(row);
        return undefined;
      },
    }),
    route({
      name: "trusts:roles",
      method: "GET",
      path: "/v3/OS-TRUST/trusts/:trust_id/roles",
      policy: "identity:get_trust",
      success: 200,
      handler(request) {
        const row = load(request);
        const views = trusts.rolesOf(row).map((role) => roleView(role, request.baseUrl));
        return { body: { roles: views, links: rolesLinks(row, request.baseUrl) } };
      },
    }),
    route({
      name: "trusts:role",
      method: "GET",
      path: "/v3/OS-TRUST/trusts/:trust_id/roles/:role_id",
      policy: "identity:get_trust",
      success: 200,
      handler(request) {
        const role = trusts.rolesOf(load(request)).find(({ id }) => id === request.param("role_id"));
        if (role === undefined) throw missing("role", request.param("role_id"));
        return { body: { role: roleView(role, request.baseUrl) } };
      },
    }),
  ];
}
