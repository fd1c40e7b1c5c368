import { badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, caller, route } from "../../../kernel/http/route.ts";
import { missing } from "../errors.ts";
import type { Core } from "../manager/core.ts";
import type { Managers } from "../manager/index.ts";
import type { AssignmentSelection } from "../store/assignments.ts";
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

const INHERITED = "scope.OS-INHERIT:inherited_to";
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
        const places = projectId === null ? null : [projectId, ...(tree ? core.store.projects.below([projectId]) : [])];
        const rows = queryFlag(request, "effective") ? expand(core, request, places) : stored(core, request, places);
        const fitting = rows.filter(fits(request, places)).filter(shownTo(core, request, rows));
        return collection(request, "role_assignments", fitting.map(viewer(core, request, fitting)));
      },
    }),
  ];
}

/** Errors: 400 for filters that exclude each other, in keystone's words. */
function requireSensible(request: ApiRequest): void {
  const has = (name: string) => request.query.has(name);
  if (has("user.id") && has("group.id")) throw badRequest("Specify a user or group, not both");
  if ([has("scope.project.id"), has("scope.domain.id"), has("scope.system")].filter(Boolean).length > 1) {
    throw badRequest("Specify a domain or project, not both");
  }
  if (queryFlag(request, "effective")) {
    if (has("group.id")) {
      throw badRequest("Combining effective and group filter will always result in an empty list.");
    }
    if (has(INHERITED) && has("scope.domain.id")) {
      throw badRequest("Combining effective, domain and inherited filters will always result in an empty list.");
    }
  }
  if (queryFlag(request, "include_subtree") && !has("scope.project.id")) {
    throw badRequest("scope.project.id must be specified if include_subtree is also specified");
  }
}

/** Assignments as they are kept, of what a query names. */
function stored({ store }: Core, { query }: ApiRequest, places: readonly string[] | null): Shown[] {
  const actor = query.get("user.id") ?? query.get("group.id");
  const role = query.get("role.id");
  return store.assignments
    .selected({
      actors: actor === null ? undefined : [actor],
      targets: places ?? targetOf(query),
      roles: role === null ? undefined : [role],
      inherited: query.has(INHERITED) ? 1 : undefined,
    })
    .map((row) => ({ ...row, priorRole: null, source: row }));
}

/** Where an assignment is, when a query says so. */
function targetOf(query: URLSearchParams): string[] | undefined {
  const domain = query.get("scope.domain.id");
  if (domain !== null) return [domain];
  return query.has("scope.system") ? ["system"] : undefined;
}

function fits({ query }: ApiRequest, places: readonly string[] | null): (row: Shown) => boolean {
  const projects = places === null ? null : new Set(places);
  return (row) => {
    const is = (name: string, type: string, kind: string, id: string) =>
      query.get(name) === null || (type === kind && query.get(name) === id);
    return (
      is("user.id", row.actor_type, "user", row.actor_id) &&
      is("group.id", row.actor_type, "group", row.actor_id) &&
      is("scope.domain.id", row.target_type, "domain", row.target_id) &&
      (query.get("role.id") ?? row.role_id) === row.role_id &&
      (!query.has("scope.system") || row.target_type === "system") &&
      (projects === null || (row.target_type === "project" && projects.has(row.target_id))) &&
      (query.get(INHERITED) === null || row.source.inherited === 1)
    );
  };
}

/** A token of one domain shows what holds there, whatever its role. */
function shownTo({ store }: Core, { context }: ApiRequest, rows: readonly Shown[]): (row: Shown) => boolean {
  const { domainId } = context;
  if (domainId === null) return () => true;
  const targets = byId(store.projects.getMany(distinct(rows.map(({ target_id }) => target_id))));
  return ({ target_type, target_id }) => {
    const target = target_type === "system" ? undefined : targets.get(target_id);
    return target !== undefined && (target.domain_id ?? target.id) === domainId;
  };
}

const distinct = (ids: readonly string[]): string[] => [...new Set(ids)];
const byId = <Row extends { id: string }>(rows: readonly Row[]) => new Map(rows.map((row) => [row.id, row]));

/** What assignments amount to: groups become their users, inherited ones their projects, roles bring those they imply. */
function expand(core: Core, { query }: ApiRequest, places: readonly string[] | null): Shown[] {
  const { store, roles } = core;
  const userId = query.get("user.id");
  const rows = store.assignments.selected(sourcesOf(core, query, places));
  const groups = distinct(rows.flatMap(({ actor_type, actor_id }) => (actor_type === "group" ? actor_id : [])));
  const members = userId === null ? store.memberships.membersOf(groups) : new Map(groups.map((id) => [id, [userId]]));
  const below = new Map<string, readonly string[]>();
  for (const { inherited, target_id } of rows) {
    if (inherited === 1 && !below.has(target_id)) below.set(target_id, placesBelow(core, target_id, places));
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
    const targets: Pick<Shown, "target_type" | "target_id">[] =
      row.inherited === 0
        ? [row]
        : (below.get(row.target_id) ?? []).map((target_id) => ({ target_type: "project", target_id }));
    for (const actor_id of users) {
      for (const { target_type, target_id } of targets) {
        const place = { actor_type: "user" as const, actor_id, target_type, target_id, inherited: 0 };
        const held: Shown = { ...row, ...place, priorRole: null, source: row };
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

/** Projects below a project or domain; of `places`, a project with those below it, where only those are asked for. */
function placesBelow({ store }: Core, target: string, places: readonly string[] | null): readonly string[] {
  if (places !== null && !places.includes(target)) return places;
  if (places?.length === 1) return [];
  return store.projects.below([target]);
}

/** Where what a query names may come from: from groups, from above, from roles that imply its. */
function sourcesOf(
  { store, roles }: Core,
  query: URLSearchParams,
  places: readonly string[] | null,
): AssignmentSelection {
  const [userId, roleId] = [query.get("user.id"), query.get("role.id")];
  const project = places === null ? undefined : store.projects.get(places[0] ?? "");
  const above = project === undefined ? [] : roles.ancestors(project).map(({ id }) => id);
  return {
    actors:
      userId === null ? undefined : [userId, ...store.memberships.members.column("group_id", { user_id: userId })],
    targets: places === null ? targetOf(query) : [...places, ...above],
    roles:
      roleId === null
        ? undefined
        : [...roles.all().keys()].filter((id) => id === roleId || roles.impliedBy(id).includes(roleId)),
    inherited: query.has(INHERITED) ? 1 : undefined,
  };
}

function viewer({ store, roles }: Core, request: ApiRequest, rows: readonly Shown[]): (row: Shown) => Json {
  const names = queryFlag(request, "include_names");
  const actors = names ? distinct(rows.map(({ actor_id }) => actor_id)) : [];
  const users = byId(store.users.getMany(actors));
  const groups = byId(store.groups.getMany(actors));
  const targets = byId(store.projects.getMany(names ? distinct(rows.map(({ target_id }) => target_id)) : []));
  const domains = new Map<string, string | null>();
  const domainName = (id: string): string | null => {
    if (!domains.has(id)) domains.set(id, store.projects.get(id)?.name ?? null);
    return domains.get(id) ?? null;
  };
  const domain = (id: string | null) => ({ domain: { id, name: id === null ? null : domainName(id) } });
  const actor = (row: Shown): Json => {
    if (!names) return { id: row.actor_id };
    const found = (row.actor_type === "user" ? users : groups).get(row.actor_id);
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
    const found = targets.get(row.target_id);
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
