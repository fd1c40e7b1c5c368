import { badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, caller, route } from "../../../kernel/http/route.ts";
import { missing } from "../errors.ts";
import type { Core } from "../manager/core.ts";
import type { Managers } from "../manager/index.ts";
import type { AssignmentRow } from "../store/rows.ts";
import type { Json } from "./attributes.ts";
import { collection, queryFlag } from "./collection.ts";

/** An assignment as shown: where it came from, when that is not where it holds. */
interface Shown extends AssignmentRow {
  /** The role whose implication gave it. */
  priorRole: string | null;
  /** The assignment it comes from by group or inheritance, for the `assignment` link. */
  source: AssignmentRow;
}

const TREE_POLICY = "identity:list_role_assignments_for_tree";

/** `GET /v3/role_assignments`. */
export function assignmentRoutes({ core }: Managers): AnyRoute[] {
  return [
    route({
      name: "role-assignments:list",
      method: "GET",
      path: "/v3/role_assignments",
      policy: "identity:list_role_assignments",
      of: caller,
      success: 200,
      handler(request) {
        const { query } = request;
        const tree = queryFlag(request, "include_subtree");
        const projectId = query.get("scope.project.id");
        const project = projectId === null ? undefined : core.store.projects.get(projectId);
        if (tree && projectId !== null && project === undefined) throw missing("project", projectId);
        if (tree) request.authorize({ domainId: project?.domain_id ?? null, projectId }, TREE_POLICY);
        requireSensible(request);
        const inProjects = projectId === null ? null : new Set([projectId, ...(tree ? subtree(core, projectId) : [])]);
        const effective = queryFlag(request, "effective");
        const all = core.store.assignments.all().map((row) => ({ ...row, priorRole: null, source: row }));
        const rows = (effective ? expand(core, all, query.get("user.id")) : all).filter(
          (row) => fits(request, row, inProjects) && mayShow(core, request, row),
        );
        const view = viewer(core, request);
        return collection(request, "role_assignments", rows.map(view));
      },
    }),
  ];
}

/** Errors: 400 for filters that exclude each other, in keystone's words. */
function requireSensible(request: ApiRequest<unknown>): void {
  const has = (name: string) => request.query.has(name);
  if (has("user.id") && has("group.id")) throw badRequest("Specify a user or group, not both");
  if ([has("scope.project.id"), has("scope.domain.id"), has("scope.system")].filter(Boolean).length > 1) {
    throw badRequest("Specify a domain or project, not both");
  }
  if (queryFlag(request, "effective")) {
    if (has("group.id")) {
      throw badRequest("Combining effective and group filter will always result in an empty list.");
    }
    if (has("scope.OS-INHERIT:inherited_to") && has("scope.domain.id")) {
      throw badRequest("Combining effective, domain and inherited filters will always result in an empty list.");
    }
  }
  if (queryFlag(request, "include_subtree") && !has("scope.project.id")) {
    throw badRequest("scope.project.id must be specified if include_subtree is also specified");
  }
}

function fits({ query }: ApiRequest<unknown>, row: Shown, projects: ReadonlySet<string> | null): boolean {
  const is = (name: string, type: string, kind: string, id: string) =>
    query.get(name) === null || (type === kind && query.get(name) === id);
  const inherited = query.get("scope.OS-INHERIT:inherited_to");
  return (
    is("user.id", row.actor_type, "user", row.actor_id) &&
    is("group.id", row.actor_type, "group", row.actor_id) &&
    is("scope.domain.id", row.target_type, "domain", row.target_id) &&
    (query.get("role.id") ?? row.role_id) === row.role_id &&
    (!query.has("scope.system") || row.target_type === "system") &&
    (projects === null || (row.target_type === "project" && projects.has(row.target_id))) &&
    (inherited === null || row.source.inherited === 1)
  );
}

/** A token of one domain shows what holds there, whatever its role. */
function mayShow({ store }: Core, { context }: ApiRequest<unknown>, row: Shown): boolean {
  if (context.domainId === null) return true;
  if (row.target_type === "system") return false;
  const target = store.projects.get(row.target_id);
  return target !== undefined && (target.domain_id ?? target.id) === context.domainId;
}

/** What assignments amount to: groups become their users, inherited ones their projects, roles bring those they imply. */
function expand({ store, roles }: Core, rows: readonly Shown[], userId: string | null): Shown[] {
  const members = new Map<string, string[]>();
  for (const { group_id, user_id } of store.memberships.allMembers()) {
    members.set(group_id, [...(members.get(group_id) ?? []), user_id]);
  }
  const projects = store.projects.list({ is_domain: 0 });
  const below = new Map<string, string[]>();
  for (const project of projects) {
    for (const { id } of roles.ancestors(project)) below.set(id, [...(below.get(id) ?? []), project.id]);
  }
  const seen = new Set<string>();
  const result: Shown[] = [];
  const add = (row: Shown) => {
    const key = [row.actor_id, row.target_type, row.target_id, row.role_id].join(" ");
    if (seen.has(key)) return;
    seen.add(key);
    result.push(row);
  };
  for (const row of rows) {
    const users = row.actor_type === "user" ? [row.actor_id] : (members.get(row.actor_id) ?? []);
    const places: Pick<Shown, "target_type" | "target_id">[] =
      row.inherited === 0
        ? [row]
        : (below.get(row.target_id) ?? []).map((target_id) => ({ target_type: "project", target_id }));
    for (const actor_id of users) {
      if (userId !== null && actor_id !== userId) continue;
      for (const { target_type, target_id } of places) {
        const held: Shown = { ...row, actor_type: "user", actor_id, target_type, target_id, inherited: 0 };
        const direct = roles.all().get(row.role_id);
        if (direct?.domain_id === null) add(held);
        for (const implied of roles.impliedBy(row.role_id)) {
          if (roles.all().get(implied)?.domain_id === null) add({ ...held, role_id: implied, priorRole: row.role_id });
        }
      }
    }
  }
  return result;
}

function subtree({ store, roles }: Core, projectId: string): string[] {
  return store.projects
    .list({ is_domain: 0 })
    .filter((project) => roles.ancestors(project).some(({ id }) => id === projectId))
    .map(({ id }) => id);
}

function viewer({ store, roles }: Core, request: ApiRequest<unknown>): (row: Shown) => Json {
  const names = queryFlag(request, "include_names");
  const domain = (id: string | null) => ({
    domain: { id, name: id === null ? null : (store.projects.get(id)?.name ?? null) },
  });
  const actor = (row: Shown): Json => {
    if (!names) return { id: row.actor_id };
    const found = row.actor_type === "user" ? store.users.get(row.actor_id) : store.groups.get(row.actor_id);
    return { id: row.actor_id, name: found?.name ?? "", ...domain(found?.domain_id ?? null) };
  };
  const role = (row: Shown): Json => {
    const found = roles.all().get(row.role_id);
    if (!names) return { id: row.role_id };
    return {
      id: row.role_id,
      name: found?.name ?? "",
      ...(found?.domain_id == null ? {} : domain(found.domain_id)),
    };
  };
  const scope = (row: Shown): Json => {
    const inherited = row.source.inherited === 1 ? { "OS-INHERIT:inherited_to": "projects" } : {};
    if (row.target_type === "system") return { system: { all: true } };
    if (!names) return { [row.target_type]: { id: row.target_id }, ...inherited };
    const found = store.projects.get(row.target_id);
    const named: Json = { id: row.target_id, name: found?.name ?? "" };
    if (row.target_type === "project") Object.assign(named, domain(found?.domain_id ?? null));
    return { [row.target_type]: named, ...inherited };
  };
  return (row) => {
    const links: Json = { assignment: linkTo(row.source, request.baseUrl) };
    if (row.source.actor_type === "group" && row.actor_type === "user") {
      links.membership = `${request.baseUrl}/v3/groups/${row.source.actor_id}/users/${row.actor_id}`;
    }
    if (row.priorRole !== null) {
      links.prior_role = `${request.baseUrl}/v3/prior_role/${row.priorRole}/implies/${row.role_id}`;
    }
    return { links, role: role(row), [row.actor_type]: actor(row), scope: scope(row) };
  };
}

function linkTo(row: AssignmentRow, base: string): string {
  const who = `${row.actor_type}s/${row.actor_id}/roles/${row.role_id}`;
  if (row.target_type === "system") return `${base}/v3/system/${who}`;
  const where = `${row.target_type}s/${row.target_id}`;
  return row.inherited === 1
    ? `${base}/v3/OS-INHERIT/${where}/${who}/inherited_to_projects`
    : `${base}/v3/${where}/${who}`;
}
