import { type AnyRoute, type ApiRequest, type Lookup, type Method, route } from "../../../kernel/http/route.ts";
import type { IdentityContext } from "../context.ts";
import { missing } from "../errors.ts";
import type { ActorType, AssignmentRow, RoleRow, TargetType } from "../store/rows.ts";
import { roleView } from "../views/views.ts";
import { collection } from "./shared.ts";

const ACTORS: readonly ActorType[] = ["user", "group"];

/** One place a role can be given: who on what, and whether it is for the projects below. */
interface Kind {
  actor: ActorType;
  target: TargetType;
  inherited: boolean;
}

const KINDS: readonly Kind[] = ACTORS.flatMap((actor) => [
  { actor, target: "project", inherited: false },
  { actor, target: "domain", inherited: false },
  { actor, target: "project", inherited: true },
  { actor, target: "domain", inherited: true },
  { actor, target: "system", inherited: false },
]);

function listPath({ actor, target, inherited }: Kind): string {
  const base = target === "system" ? "/v3/system" : `/v3${inherited ? "/OS-INHERIT" : ""}/${target}s/:target_id`;
  return `${base}/${actor}s/:actor_id/roles`;
}

/** Giving and taking roles: the same five operations on each kind of place. */
export function grantRoutes(identity: IdentityContext): AnyRoute[] {
  return KINDS.flatMap((kind) => grantRoutesOf(identity, kind));
}

function grantRoutesOf({ store, kernel, roles }: IdentityContext, kind: Kind): AnyRoute[] {
  const { actor, target, inherited } = kind;
  const name = `${inherited ? "inherited-" : ""}${target}-${actor}-grants`;
  const suffix = inherited ? "/inherited_to_projects" : "";
  const path = `${listPath(kind)}/:role_id${suffix}`;
  const policy = (verb: string) =>
    target === "system"
      ? `identity:${verb.replace("check", "list")}_system_grant${/list|check/.test(verb) ? "s" : ""}`
      : `identity:${verb}_grant${verb === "list" ? "s" : ""}`;

  /** What the path names; undefined is not there, null not named. */
  const named = ({ param }: Lookup) => {
    const actorId = param("actor_id");
    const targetId = target === "system" ? "system" : param("target_id");
    const roleId = param("role_id");
    const place = target === "system" ? null : store.projects.get(targetId);
    return {
      actorId,
      targetId,
      roleId,
      who: actor === "user" ? store.users.get(actorId) : store.groups.get(actorId),
      where: target === "domain" && place?.is_domain === 0 ? undefined : place,
      role: roleId === "" ? null : roles.all().get(roleId),
    };
  };
  /** Loads and authorizes everything the path names. Errors: 404, 403. */
  const load = (request: ApiRequest<unknown>): { key: Omit<AssignmentRow, "role_id">; role: RoleRow | null } => {
    const { actorId, targetId, roleId, who, where, role } = named(request);
    request.authorize({
      domainId: where == null ? null : (where.domain_id ?? where.id),
      actorDomainId: who?.domain_id ?? null,
      roleName: role?.name ?? null,
    });
    if (role === undefined) throw missing("role", roleId);
    if (where === undefined) throw missing(target, targetId);
    if (who === undefined) throw missing(actor, actorId);
    return {
      key: {
        actor_type: actor,
        actor_id: actorId,
        target_type: target,
        target_id: targetId,
        inherited: inherited ? 1 : 0,
      },
      role,
    };
  };
  /**
   * keystone finds all that the path of a grant names before it asks who may (projects.py, domains.py, system.py
   * `_build_enforcement_target`), but for inherited ones (os_inherit.py) and for who loses a role.
   */
  const find = (verb: string) => (lookup: Lookup) => {
    if (inherited) return;
    const { role, where, who } = named(lookup);
    if (role === undefined) throw missing("role", lookup.param("role_id"));
    if (where === undefined) throw missing(target, lookup.param("target_id"));
    if (who === undefined && verb !== "revoke") throw missing(actor, lookup.param("actor_id"));
  };
  const grant = (request: ApiRequest<unknown>): AssignmentRow => {
    const { key, role } = load(request);
    return { ...key, role_id: role?.id ?? "" };
  };
  const absent = ({ role_id, actor_id, target_id }: AssignmentRow) =>
    missing(
      "role assignment with role",
      `${role_id}, user or group: ${actor_id}, project, domain, or system: ${target_id}`,
    );
  const operation = (verb: string, method: Method, handle: (request: ApiRequest<unknown>) => void): AnyRoute =>
    route({
      name: `${name}:${verb}`,
      method,
      path,
      policy: policy(verb),
      url: find(verb),
      success: 204,
      handler(request) {
        handle(request);
        return undefined;
      },
    });

  return [
    route({
      name: `${name}:list`,
      method: "GET",
      path: `${listPath(kind)}${suffix}`,
      policy: policy("list"),
      url: find("list"),
      success: 200,
      handler(request) {
        const all = roles.all();
        const views = store.assignments.on(load(request).key).flatMap(({ role_id }) => {
          const role = all.get(role_id);
          return role === undefined ? [] : [roleView(role, request.baseUrl)];
        });
        return collection(request, "roles", views);
      },
    }),
    operation("check", "GET", (request) => {
      const row = grant(request);
      if (!store.assignments.has(row)) throw absent(row);
    }),
    operation("create", "PUT", (request) => store.assignments.add(grant(request))),
    operation("revoke", "DELETE", (request) => {
      const row = grant(request);
      // Tokens look their roles up when they are used, so nothing else has to be taken back.
      kernel.db.transaction(() => {
        if (!store.assignments.remove(row)) throw absent(row);
      });
    }),
  ];
}
