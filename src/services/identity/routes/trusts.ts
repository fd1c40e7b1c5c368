import { badRequest, forbidden } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, caller, route } from "../../../kernel/http/route.ts";
import { hexId } from "../../../kernel/ids/ids.ts";
import { isoMicros } from "../../../kernel/time/clock.ts";
import type { IdentityContext } from "../context.ts";
import { forbiddenAction, missing } from "../errors.ts";
import { requireNoApplicationCredential } from "../manager/delegation.ts";
import type { RoleRow, TrustRow } from "../store/rows.ts";
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
export function trustRoutes({ store, kernel, roles, tokens }: IdentityContext): AnyRoute[] {
  const rolesOf = (row: TrustRow): RoleRow[] =>
    (JSON.parse(row.roles) as string[]).flatMap((id) => roles.all().get(id) ?? []);
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
    roles: rolesOf(row).map((role) => roleView(role, base)),
    ...brief(row, base),
    roles_links: rolesLinks(row, base),
  });
  const living = (row: TrustRow): boolean =>
    row.deleted_at === null && (row.expires_at === null || row.expires_at > kernel.clock.now());
  /** Errors: 404 for one that has ended, 403 for strangers. */
  const load = (request: ApiRequest<unknown>): TrustRow => {
    requireNoApplicationCredential(tokens.sender(request));
    const row = store.trusts.get(request.param("trust_id"));
    const { context } = request;
    if (row === undefined || !living(row)) throw missing("trust", request.param("trust_id"));
    const mayLook = context.isAdmin || (context.system && context.roles.has("reader"));
    if (!mayLook && ![row.trustor_user_id, row.trustee_user_id].includes(context.userId)) {
      throw forbiddenAction("identity:get_trust");
    }
    return row;
  };
  /** The roles a request names, which the trustor must have on the project. Errors: 400, 403, 404. */
  const delegated = (trust: Json, trustorId: string, projectId: string | null): string[] => {
    const named = (trust.roles ?? []) as { id?: string; name?: string }[];
    const ids = named.map(({ id, name }) => {
      const role = id !== undefined ? roles.all().get(id) : store.roles.find({ domain_id: null, name: name ?? "" });
      if (role === undefined) throw missing("role", id ?? name ?? "");
      return role.id;
    });
    if (projectId === null) return ids;
    if (ids.length === 0) throw forbidden("At least one role should be specified.");
    const project = store.projects.get(projectId);
    if (project === undefined) throw missing("project", projectId);
    const held = new Set(roles.onProject(trustorId, project).map(({ id }) => id));
    const lacking = ids.find((id) => !held.has(id));
    if (lacking !== undefined)
      throw missing(
        "role assignment with role",
        `${lacking}, user or group: ${trustorId}, project, domain, or system: ${projectId}`,
      );
    return ids;
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
          .filter(living);
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
        const trustorId = text(trust.trustor_user_id);
        const sender = tokens.sender(request);
        requireNoApplicationCredential(sender);
        if (sender?.trust != null) throw forbidden("Redelegation of trusts is not supported.");
        if (trustorId !== request.context.userId) {
          throw forbidden("The authenticated user should match the trustor");
        }
        if (trust.allow_redelegation === true && trust.remaining_uses != null) {
          throw badRequest("remaining_uses must not be set if redelegation is allowed.");
        }
        const trusteeId = text(trust.trustee_user_id);
        if (store.users.get(trusteeId) === undefined) throw missing("user", trusteeId);
        const projectId = textOrNull(trust.project_id);
        const row = kernel.db.transaction(() =>
          store.trusts.insert({
            id: hexId(),
            trustor_user_id: trustorId,
            trustee_user_id: trusteeId,
            project_id: projectId,
            impersonation: trust.impersonation === true ? 1 : 0,
            roles: JSON.stringify(delegated(trust, trustorId, projectId)),
            expires_at: expiry(trust.expires_at, kernel.clock.now()),
            remaining_uses: typeof trust.remaining_uses === "number" ? trust.remaining_uses : null,
            redelegated_trust_id: null,
            redelegation_count: 0,
            deleted_at: null,
            extra: "{}",
          }),
        );
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
        kernel.db.transaction(() => {
          store.trusts.update(row.id, { deleted_at: kernel.clock.now() });
          tokens.revoke("trust", row.id);
        });
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
        const views = rolesOf(row).map((role) => roleView(role, request.baseUrl));
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
        const role = rolesOf(load(request)).find(({ id }) => id === request.param("role_id"));
        if (role === undefined) throw missing("role", request.param("role_id"));
        return { body: { role: roleView(role, request.baseUrl) } };
      },
    }),
  ];
}

const malformed = (what: string) =>
  badRequest(
    `${what} The server could not comply with the request since it is either malformed or otherwise incorrect. The client is assumed to be in error.`,
  );

/** Milliseconds; a time without a zone is UTC. Errors: 400 for nonsense or the past. */
export function expiry(value: unknown, now: number): number | null {
  if (value === null || value === undefined) return null;
  const given = text(value);
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/.test(given)) {
    throw malformed("Timestamp not in expected format.");
  }
  const ms = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(given) ? given : `${given}Z`);
  if (Number.isNaN(ms)) throw malformed("Timestamp not in expected format.");
  if (ms <= now) throw malformed(`'expires_at' must not be before now: ${given}.`);
  return ms;
}
