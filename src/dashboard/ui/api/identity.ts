import type { Call } from "./call.ts";
import type { Resource } from "./resource.ts";

interface Named {
  readonly id: string;
  readonly name: string;
}

export interface Project extends Named {
  readonly description: string | null;
  readonly enabled: boolean;
  readonly domain_id: string;
  readonly parent_id: string | null;
}

export interface User extends Named {
  readonly description?: string | null;
  readonly email?: string | null;
  readonly enabled: boolean;
  readonly domain_id: string;
  readonly default_project_id?: string | null;
  readonly password_expires_at: string | null;
}

/** A role that somebody has somewhere; it has no id of its own. */
export interface Assignment {
  readonly role: Named;
  readonly user?: Named;
  readonly group?: Named;
}

export const projects: Resource<Project> = {
  kind: "identity.project",
  list: { service: "identity", path: "/v3/projects" },
  plural: "projects",
  singular: "project",
  path: "/v3/projects",
  idOf: ({ id }) => id,
  paged: false,
};

export const users: Resource<User> = {
  kind: "identity.user",
  list: { service: "identity", path: "/v3/users" },
  plural: "users",
  singular: "user",
  path: "/v3/users",
  idOf: ({ id }) => id,
  paged: false,
};

export const roles: Resource<Named> = {
  kind: "identity.role",
  list: { service: "identity", path: "/v3/roles" },
  plural: "roles",
  singular: "role",
  path: "/v3/roles",
  idOf: ({ id }) => id,
  paged: false,
};

export const assignments: Resource<Assignment> = {
  kind: "identity.assignment",
  list: { service: "identity", path: "/v3/role_assignments", query: { include_names: "true" } },
  plural: "role_assignments",
  singular: null,
  path: "/v3/role_assignments",
  idOf: ({ role, user, group }) => `${role.id} ${user?.id ?? group?.id ?? ""}`,
  paged: false,
};

export const identity = (method: Call["method"], path: string, body?: unknown): Call => ({
  service: "identity",
  ...(method === undefined ? {} : { method }),
  path: `/v3${path}`,
  ...(body === undefined ? {} : { body }),
});
