import { forbidden, notFound } from "../../../kernel/errors.ts";
import type { DomainOption } from "../store/domain-options.ts";
import type { Core } from "./core.ts";
import { DEFAULT_DOMAIN } from "./projects.ts";

type Json = Record<string, unknown>;
type Groups = Readonly<Record<string, Json>>;

/** What a domain may set for itself, with keystone's defaults. */
const DEFAULTS: Groups = {
  identity: { driver: "sql", list_limit: null },
  ldap: {
    url: "ldap://localhost",
    user: null,
    suffix: "cn=example,cn=com",
    query_scope: "one",
    page_size: 0,
    alias_dereferencing: "default",
    debug_level: null,
    chase_referrals: null,
    user_tree_dn: null,
    user_filter: null,
    user_objectclass: "inetOrgPerson",
    user_id_attribute: "cn",
    user_name_attribute: "sn",
    user_mail_attribute: "mail",
    user_description_attribute: "description",
    user_pass_attribute: "userPassword",
    user_enabled_attribute: "enabled",
    user_enabled_invert: false,
    user_enabled_mask: 0,
    user_enabled_default: "True",
    user_attribute_ignore: ["default_project_id"],
    user_default_project_id_attribute: null,
    user_enabled_emulation: false,
    user_enabled_emulation_dn: null,
    user_enabled_emulation_use_group_config: false,
    user_additional_attribute_mapping: [],
    group_tree_dn: null,
    group_filter: null,
    group_objectclass: "groupOfNames",
    group_id_attribute: "cn",
    group_name_attribute: "ou",
    group_members_are_ids: false,
    group_member_attribute: "member",
    group_desc_attribute: "description",
    group_attribute_ignore: [],
    group_additional_attribute_mapping: [],
    tls_cacertfile: null,
    tls_cacertdir: null,
    use_tls: false,
    tls_req_cert: "demand",
    use_pool: true,
    pool_size: 10,
    pool_retry_max: 3,
    pool_retry_delay: 0.1,
    pool_connection_timeout: -1,
    pool_connection_lifetime: 600,
    use_auth_pool: true,
    auth_pool_size: 100,
    auth_pool_connection_lifetime: 60,
  },
};

/** May be set, is never shown. */
const SENSITIVE: Readonly<Record<string, readonly string[]>> = { ldap: ["password"] };

/** What anybody may read of the rules for passwords, in the default domain. */
const COMPLIANCE: Groups = { security_compliance: { password_regex: null, password_regex_description: null } };

const invalid = (reason: string) => forbidden(`Invalid domain specific configuration: ${reason}.`);

/**
 * The options a domain sets for its identity backend. They are kept and given back; every domain's users live in the
 * database whatever its options say (keystone too reads them only with domain_specific_drivers_enabled).
 */
export class DomainConfigs {
  readonly #core: Core;

  constructor(core: Core) {
    this.#core = core;
  }

  defaults(group: string | null, name: string | null): Json {
    requireSupported(group, name);
    if (group !== null && name !== null && !Object.hasOwn(DEFAULTS[group] ?? {}, name)) {
      throw invalid(`Reading the default for option ${name} in group ${group} is not supported`);
    }
    return picked(DEFAULTS, group, name);
  }

  securityCompliance(domainId: string, name: string | null): Json {
    if (domainId !== DEFAULT_DOMAIN) {
      throw invalid(
        "Reading security compliance information for any domain other than the default domain is not allowed or supported.",
      );
    }
    if (name !== null && !Object.hasOwn(COMPLIANCE.security_compliance ?? {}, name)) {
      throw invalid(
        "Reading security compliance values other than password_regex and password_regex_description is not allowed.",
      );
    }
    return picked(COMPLIANCE, "security_compliance", name);
  }

  exists(domainId: string): boolean {
    return this.#core.store.domainOptions.list(domainId, null, null).length > 0;
  }

  /** Errors: 404 when nothing of it is set. */
  get(domainId: string, group: string | null, name: string | null): Json {
    requireSupported(group, name);
    const options = this.#core.store.domainOptions.list(domainId, group, name).filter((one) => !one.sensitive);
    if (options.length === 0) throw unset(domainId, group, name);
    return picked(grouped(options), group, name);
  }

  /** All of it anew. */
  replace(domainId: string, config: unknown): Json {
    const options = validated(config);
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      store.domainOptions.delete(domainId, null, null);
      for (const option of options) store.domainOptions.set(domainId, option);
    });
    return this.#shown(domainId);
  }

  /** Adds to what is set; with a group (and name) the body holds just that, and it must be set already. Answers all of it. */
  update(domainId: string, group: string | null, name: string | null, body: unknown): Json {
    const config = group !== null && name !== null ? { [group]: body } : body;
    const options = validated(config);
    requireSupported(group, name);
    if (group !== null) this.#requireOnly(domainId, group, name, options);
    const { store, kernel } = this.#core;
    kernel.db.transaction(() => {
      for (const option of options) store.domainOptions.set(domainId, option);
    });
    return this.#shown(domainId);
  }

  delete(domainId: string, group: string | null, name: string | null): void {
    requireSupported(group, name);
    const { domainOptions } = this.#core.store;
    if (group !== null && domainOptions.list(domainId, group, null).length === 0) throw unset(domainId, group, null);
    if (name !== null && domainOptions.list(domainId, group, name).length === 0) throw unset(domainId, group, name);
    domainOptions.delete(domainId, group, name);
  }

  #requireOnly(domainId: string, group: string, name: string | null, options: readonly DomainOption[]): void {
    const groups = [...new Set(options.map((option) => option.group))];
    const names = options.map((option) => option.name);
    if (name !== null && names.length !== 1) {
      throw invalid(
        `Trying to update option ${name} in group ${group}, so that, and only that, option must be specified  in the config`,
      );
    }
    if (groups.length !== 1) {
      throw invalid(`Trying to update group ${group}, so that, and only that, group must be specified in the config`);
    }
    if (groups[0] !== group) {
      throw invalid(`request to update group ${group}, but config provided contains group ${groups[0]} instead`);
    }
    if (name !== null && names[0] !== name) {
      throw invalid(
        `Trying to update option ${name} in group ${group}, but config provided contains option ${names[0]} instead`,
      );
    }
    if (this.#core.store.domainOptions.list(domainId, group, name).length === 0) throw unset(domainId, group, name);
  }

  /** What is set and may be shown, which may be nothing. */
  #shown(domainId: string): Json {
    return grouped(this.#core.store.domainOptions.list(domainId, null, null).filter((one) => !one.sensitive));
  }
}

function requireSupported(group: string | null, name: string | null): void {
  if (group === null) return;
  if (!Object.hasOwn(DEFAULTS, group)) {
    throw invalid(`Group ${group} is not supported for domain specific configurations`);
  }
  if (name !== null && !Object.hasOwn(DEFAULTS[group] ?? {}, name) && !isSensitive(group, name)) {
    throw invalid(`Option ${name} in group ${group} is not supported for domain specific configurations`);
  }
}

const isSensitive = (group: string, name: string) => SENSITIVE[group]?.includes(name) === true;

function validated(config: unknown): DomainOption[] {
  if (!isFilled(config)) throw invalid("No options specified");
  return Object.entries(config).flatMap(([group, options]) => {
    if (!isFilled(options)) {
      throw invalid(`The value of group ${group} specified in the config should be a dictionary of options`);
    }
    return Object.entries(options).map(([name, value]) => {
      requireSupported(group, name);
      return { group, name, value, sensitive: isSensitive(group, name) };
    });
  });
}

function isFilled(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length > 0;
}

function grouped(options: readonly DomainOption[]): Groups {
  const groups: Record<string, Json> = {};
  for (const { group, name, value } of options) groups[group] = { ...groups[group], [name]: value };
  return groups;
}

/** All groups, or one, or without its group the one option that was asked for. */
function picked(groups: Groups, group: string | null, name: string | null): Json {
  if (group === null) return { ...groups };
  const options = groups[group] ?? {};
  return name === null ? { [group]: options } : { [name]: options[name] };
}

function unset(domainId: string, group: string | null, name: string | null) {
  const what = name !== null ? `option ${name} in group ${group}` : group !== null ? `group ${group}` : "any options";
  return notFound(`Could not find ${what} in domain configuration for domain ${domainId}.`);
}
