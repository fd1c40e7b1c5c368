import type { Database } from "../../../kernel/db/database.ts";
import { Table } from "../../../kernel/db/table.ts";
import { AssignmentStore } from "./assignments.ts";
import { DomainOptionStore } from "./domain-options.ts";
import { EndpointFilterStore } from "./endpoint-filters.ts";
import { MembershipStore } from "./memberships.ts";
import { PasswordStore } from "./passwords.ts";
import { ProjectStore } from "./projects.ts";
import { RevocationStore } from "./revocations.ts";
import type * as rows from "./rows.ts";
import { SecretStore } from "./secrets.ts";

/** All tables of the identity service. `generation` moves with every change that a token's or access key's meaning may depend on. */
export class IdentityStore {
  readonly projects: ProjectStore;
  readonly users: Table<rows.UserRow>;
  readonly groups: Table<rows.GroupRow>;
  readonly roles: Table<rows.RoleRow>;
  readonly regions: Table<rows.RegionRow>;
  readonly services: Table<rows.ServiceRow>;
  readonly endpoints: Table<rows.EndpointRow>;
  readonly policies: Table<rows.PolicyRow>;
  readonly credentials: Table<rows.CredentialRow>;
  readonly trusts: Table<rows.TrustRow>;
  readonly applicationCredentials: Table<rows.ApplicationCredentialRow>;
  readonly accessRules: Table<rows.AccessRuleRow>;
  readonly registeredLimits: Table<rows.RegisteredLimitRow>;
  readonly limits: Table<rows.LimitRow>;
  readonly endpointGroups: Table<rows.EndpointGroupRow>;
  readonly domainOptions: DomainOptionStore;
  readonly endpointFilters: EndpointFilterStore;
  readonly memberships: MembershipStore;
  readonly assignments: AssignmentStore;
  readonly passwords: PasswordStore;
  readonly revocations: RevocationStore;
  readonly secrets: SecretStore;
  /** Compared by caches of anything that depends on users, projects, roles and assignments. */
  generation = 0;
  /** The same for services, endpoints, regions and their filters. */
  catalogGeneration = 0;

  constructor(db: Database) {
    const changed = () => {
      this.generation += 1;
    };
    const catalogChanged = () => {
      this.catalogGeneration += 1;
    };
    this.projects = new ProjectStore(db, changed);
    this.users = new Table(
      db,
      "identity_users",
      {
        id: "text",
        domain_id: "text",
        name: "caseless",
        enabled: "integer",
        default_project_id: "text",
        extra: "text",
        options: "text",
        created_at: "integer",
      },
      changed,
    );
    this.groups = new Table(
      db,
      "identity_groups",
      { id: "text", domain_id: "text", name: "caseless", description: "text", extra: "text" },
      changed,
    );
    this.roles = new Table(
      db,
      "identity_roles",
      { id: "text", name: "caseless", domain_id: "text", description: "text", options: "text", extra: "text" },
      changed,
    );
    this.regions = new Table(
      db,
      "identity_regions",
      ["id", "description", "parent_region_id", "extra"],
      catalogChanged,
    );
    this.services = new Table(
      db,
      "identity_services",
      ["id", "type", "name", "description", "enabled", "extra"],
      catalogChanged,
    );
    this.endpoints = new Table(
      db,
      "identity_endpoints",
      ["id", "service_id", "interface", "region_id", "url", "enabled", "extra"],
      catalogChanged,
    );
    this.policies = new Table(db, "identity_policies", ["id", "type", "blob", "extra"]);
    this.credentials = new Table(
      db,
      "identity_credentials",
      ["id", "user_id", "project_id", "type", "blob", "extra"],
      changed,
    );
    this.trusts = new Table(
      db,
      "identity_trusts",
      [
        "id",
        "trustor_user_id",
        "trustee_user_id",
        "project_id",
        "impersonation",
        "roles",
        "expires_at",
        "remaining_uses",
        "redelegated_trust_id",
        "redelegation_count",
        "deleted_at",
        "extra",
      ],
      changed,
    );
    this.applicationCredentials = new Table(
      db,
      "identity_application_credentials",
      [
        "id",
        "user_id",
        "project_id",
        "name",
        "description",
        "secret_hash",
        "roles",
        "unrestricted",
        "expires_at",
        "expires_text",
        "access_rules",
        "created_at",
      ],
      changed,
    );
    this.accessRules = new Table(db, "identity_access_rules", ["id", "user_id", "service", "path", "method"], changed);
    this.registeredLimits = new Table(db, "identity_registered_limits", [
      "id",
      "service_id",
      "region_id",
      "resource_name",
      "default_limit",
      "description",
    ]);
    this.limits = new Table(db, "identity_limits", [
      "id",
      "project_id",
      "domain_id",
      "service_id",
      "region_id",
      "resource_name",
      "resource_limit",
      "description",
    ]);
    this.endpointGroups = new Table(
      db,
      "identity_endpoint_groups",
      ["id", "name", "description", "filters"],
      catalogChanged,
    );
    this.domainOptions = new DomainOptionStore(db);
    this.endpointFilters = new EndpointFilterStore(db, catalogChanged);
    this.memberships = new MembershipStore(db, changed);
    this.assignments = new AssignmentStore(db, changed);
    this.passwords = new PasswordStore(db);
    this.revocations = new RevocationStore(db, changed);
    this.secrets = new SecretStore(db);
  }
}
