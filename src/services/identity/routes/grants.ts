import {
  type AnyRoute,
  type ApiRequest,
  type Lookup,
  type Method,
  route,
  type Touched,
} from "../../../kernel/http/route.ts";
import { missing } from "../errors.ts";
import type { Managers } from "../manager/index.ts";
import type { ActorType, AssignmentRow, GroupRow, ProjectRow, RoleRow, TargetType, UserRow } from "../store/rows.ts";
import { roleView } from "../views/views.ts";
import { collection } from "./collection.ts";

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

/** What a path names; undefined is not there, null not named. */
interface Named {
  who: UserRow | GroupRow | undefined;
  where: ProjectRow | null | undefined;
  role: RoleRow | null | undefined;
}

function listPath({ actor, target, inherited }: Kind): string {
  const base = target === "system" ? "/v3/system" : `/v3${inherited ? "/OS-INHERIT" : ""}/${target}s/:target_id`;
  return `${base}/${actor}s/:actor_id/roles`;
}

/** Giving and taking roles: the same five operations on each kind of place. */
export function grantRoutes(managers: Managers): AnyRoute[] {
  return KINDS.flatMap((kind) => grantRoutesOf(managers, kind));
}

function grantRoutesOf({ core, grants }: Managers, kind: Kind): AnyRoute[] {
  const { store, roles } = core;
  const { actor, target, inherited } = kind;
  const name = `${inherited ? "inherited-" : ""}${target}-${actor}-grants`;
  const suffix = inherited ? "/inherited_to_projects" : "";
  const path = `${listPath(kind)}/:role_id${suffix}`;
  const policy = (verb: string) =>
    target === "system"
      ? `identity:${verb.replace("check", "list")}_system_grant${/list|check/.test(verb) ? "s" : ""}`
      : `identity:${verb}_grant${verb === "list" ? "s" : ""}`;

  const named = ({ param }: Lookup): Named => {
    const actorId = param("actor_id");
    const roleId = param("role_id");
    const place = target === "system" ? null : store.projects.get(param("target_id"));
    return {
      who: actor === "user" ? store.users.get(actorId) : store.groups.get(actorId),
      where: target === "domain" && place?.is_domain === 0 ? undefined : place,
      role: roleId === "" ? null : roles.all().get(roleId),
    };
  };
  /** Errors: 404 for the first of what a path names that is not there. */
  const requireFound = ({ role, where, who }: Named, { param }: Pick<Lookup, "param">, mayBeGone = false) => {
    if (role === undefined) throw missing("role", param("role_id"));
    if (where === undefined) throw missing(target, param("target_id"));
    if (who === undefined && !mayBeGone) throw missing(actor, param("actor_id"));
  };
  /**
   * keystone finds all that the path of a grant names before it asks who may (projects.py, domains.py, system.py
   * `_build_enforcement_target`), but for inherited ones (os_inherit.py) and for who loses a role.
   */
  const grant = (verb: string): Touched<Named> => ({
    kind: `${target} ${actor} grant`,
    first: !inherited,
    find(request) {
      const found = named(request);
      if (!inherited) requireFound(found, request, verb === "revoke");
      return found;
    },
    owner: ({ who, where, role }) => ({
      domainId: where == null ? null : (where.domain_id ?? where.id),
      actorDomainId: who?.domain_id ?? null,
      roleName: role?.name ?? null,
    }),
  });
  /** The assignment that a path names, whether it is there or not. Errors: 404. */
  const assignment = (request: ApiRequest<unknown, Named>): AssignmentRow => {
    const { param, thing } = request;
    requireFound(thing, request);
    return {
      actor_type: actor,
      actor_id: param("actor_id"),
      target_type: target,
      target_id: target === "system" ? "system" : param("target_id"),
      inherited: inherited ? 1 : 0,
      role_id: param("role_id"),
    };
  };
  const operation = (verb: string, method: Method, handle: (request: ApiRequest<unknown, Named>) => void): AnyRoute =>
    route<unknown, Named>({
      name: `${name}:${verb}`,
      method,
      path,
      policy: policy(verb),
      of: grant(verb),
      success: 204,
      handler(request) {
        handle(request);
        return undefined;
      },
    });

  return [
    route<unknown, Named>({
      name: `${name}:list`,
      method: "GET",
      path: `${listPath(kind)}${suffix}`,
      policy: policy("list"),
      of: grant("list"),
      success: 200,
      handler(request) {
        const views = grants.on(assignment(request)).map((role) => roleView(role, request.baseUrl));
        return collection(request, "roles", views);
      },
    }),
    operation("check", "GET", (request) => grants.require(assignment(request))),
    operation("create", "PUT", (request) => grants.give(assignment(request))),
    operation("revoke", "DELETE", (request) => grants.take(assignment(request))),
  ];
}
