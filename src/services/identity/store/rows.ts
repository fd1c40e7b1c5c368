/** Rows as the tables hold them: booleans are 0 or 1, times integer milliseconds, `extra`, `options` and lists JSON. */

export interface ProjectRow {
  id: string;
  name: string;
  /** Null for a domain. */
  domain_id: string | null;
  /** The domain's id for a project at the top. */
  parent_id: string | null;
  is_domain: number;
  description: string;
  enabled: number;
  extra: string;
  options: string;
  created_at: number;
}

export interface UserRow {
  id: string;
  domain_id: string;
  name: string;
  enabled: number;
  default_project_id: string | null;
  extra: string;
  options: string;
  created_at: number;
}

export interface PasswordRow {
  id: number;
  user_id: string;
  hash: string;
  created_at: number;
  expires_at: number | null;
}

export interface GroupRow {
  id: string;
  domain_id: string;
  name: string;
  description: string;
  extra: string;
}

export interface RoleRow {
  id: string;
  name: string;
  /** Null for a global role; a domain role counts only through the roles it implies. */
  domain_id: string | null;
  description: string | null;
  options: string;
  extra: string;
}

export type ActorType = "user" | "group";
export type TargetType = "project" | "domain" | "system";

export interface AssignmentRow {
  actor_type: ActorType;
  actor_id: string;
  target_type: TargetType;
  /** "system" for the system. */
  target_id: string;
  role_id: string;
  /** 1: holds on all projects below the target, not on it. */
  inherited: number;
}

export interface RegionRow {
  id: string;
  description: string;
  parent_region_id: string | null;
  extra: string;
}

export interface ServiceRow {
  id: string;
  type: string;
  name: string | null;
  description: string | null;
  enabled: number;
  extra: string;
}

export interface EndpointRow {
  id: string;
  service_id: string;
  interface: string;
  region_id: string | null;
  url: string;
  enabled: number;
  extra: string;
}

export interface PolicyRow {
  id: string;
  type: string;
  blob: string;
  extra: string;
}

export interface CredentialRow {
  id: string;
  user_id: string;
  project_id: string | null;
  type: string;
  blob: string;
  extra: string;
}

export interface TrustRow {
  id: string;
  trustor_user_id: string;
  trustee_user_id: string;
  project_id: string | null;
  impersonation: number;
  /** Ids. */
  roles: string;
  expires_at: number | null;
  remaining_uses: number | null;
  redelegated_trust_id: string | null;
  redelegation_count: number;
  deleted_at: number | null;
  extra: string;
}

export interface ApplicationCredentialRow {
  id: string;
  user_id: string;
  project_id: string;
  name: string;
  description: string | null;
  secret_hash: string;
  /** Ids. */
  roles: string;
  unrestricted: number;
  expires_at: number | null;
  /** The same as it is shown, to the microsecond that was given. */
  expires_text: string | null;
  /** Ids of access rules, or null when everything is allowed. */
  access_rules: string | null;
  created_at: number;
}

export interface AccessRuleRow {
  id: string;
  user_id: string;
  service: string;
  path: string;
  method: string;
}

export interface RegisteredLimitRow {
  id: string;
  service_id: string;
  region_id: string | null;
  resource_name: string;
  default_limit: number;
  description: string | null;
}

export interface LimitRow {
  id: string;
  project_id: string | null;
  domain_id: string | null;
  service_id: string;
  region_id: string | null;
  resource_name: string;
  resource_limit: number;
  description: string | null;
}

export interface EndpointGroupRow {
  id: string;
  name: string;
  description: string | null;
  filters: string;
}
