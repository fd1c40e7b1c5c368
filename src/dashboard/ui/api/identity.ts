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

export interface Group extends Named {
  readonly description: string;
  readonly domain_id: string;
}

export interface Domain extends Named {
  readonly description: string;
  readonly enabled: boolean;
}

export interface Role extends Named {
  readonly description: string | null;
  /** Null: of the whole cloud. */
  readonly domain_id: string | null;
}

/** A role that somebody has somewhere; it has no id of its own. */
export interface Assignment {
  readonly role: Named;
  readonly user?: Named;
  readonly group?: Named;
  readonly scope: {
    readonly project?: Named;
    readonly domain?: Named;
    readonly system?: { readonly all: true };
    /** For what is in the domain, and not for itself. */
    readonly "OS-INHERIT:inherited_to"?: "projects";
  };
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

export const groups: Resource<Group> = {
  kind: "identity.group",
  list: { service: "identity", path: "/v3/groups" },
  plural: "groups",
  singular: "group",
  path: "/v3/groups",
  idOf: ({ id }) => id,
  paged: false,
};

/** To events they are projects (live.ts). */
export const domains: Resource<Domain> = {
  kind: "identity.domain",
  list: { service: "identity", path: "/v3/domains" },
  plural: "domains",
  singular: "domain",
  path: "/v3/domains",
  idOf: ({ id }) => id,
  paged: false,
};

export const roles: Resource<Role> = {
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
  idOf: ({ role, user, group, scope }) =>
    [role, user ?? group, scope.project ?? scope.domain].map((one) => one?.id ?? "").join(" ") +
    (scope["OS-INHERIT:inherited_to"] ?? ""),
  listedOnly: true,
  paged: false,
};

export const identity = (method: Call["method"], path: string, body?: unknown): Call => ({
  service: "identity",
  ...(method === undefined ? {} : { method }),
  path: `/v3${path}`,
  ...(body === undefined ? {} : { body }),
});
