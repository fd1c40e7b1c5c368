import { type ConfigurationFiles, own, same } from "../../kernel/config/declaration.ts";
import {
  boolean,
  choice,
  host,
  integer,
  nonEmpty,
  optional,
  regularExpression,
  url,
} from "../../kernel/config/types.ts";
import { urlHost, withPort } from "../../kernel/config/urls.ts";
import { classicPort, newDefaults, variable } from "../../kernel/config/variable.ts";

/** What it understands of localrc. */
export const variables = {
  KEYSTONE_SERVICE_HOST: variable({
    type: host,
    default: ({ get }) => get("SERVICE_HOST"),
    derived: "SERVICE_HOST",
    meaning: "Host of the identity endpoint.",
  }),
  KEYSTONE_SERVICE_PROTOCOL: variable({
    type: choice("http", "https"),
    default: ({ get }) => get("SERVICE_PROTOCOL"),
    derived: "SERVICE_PROTOCOL",
    meaning: "Protocol in the auth URL.",
  }),
  KEYSTONE_SERVICE_URI: variable({
    type: url,
    default: ({ get }) => {
      const protocol = get("KEYSTONE_SERVICE_PROTOCOL");
      return `${withPort(protocol, urlHost(get("KEYSTONE_SERVICE_HOST")), get("API_PORT"))}/identity`;
    },
    derived: "KEYSTONE_SERVICE_PROTOCOL://KEYSTONE_SERVICE_HOST/identity",
    meaning: "The auth URL.",
  }),
  SERVICE_DOMAIN_NAME: variable({ type: nonEmpty, default: "Default", meaning: "Domain of the service users." }),
  SERVICE_PROJECT_NAME: variable({
    type: nonEmpty,
    default: "service",
    aliases: ["SERVICE_TENANT_NAME"],
    meaning: "Project of the service users.",
  }),
  KEYSTONE_ENFORCE_NEW_DEFAULTS: newDefaults("keystone"),
  KEYSTONE_SECURITY_COMPLIANCE_ENABLED: variable({
    type: boolean,
    default: "True",
    meaning: "Lock users out after wrong passwords, refuse recent passwords.",
  }),
  KEYSTONE_LOCKOUT_FAILURE_ATTEMPTS: variable({
    type: integer(1),
    default: "2",
    aliases: ["LOCKOUT_FAILURE_ATTEMPTS"],
    meaning: "Wrong passwords before the lock-out.",
  }),
  KEYSTONE_LOCKOUT_DURATION: variable({
    type: integer(1),
    default: "10",
    aliases: ["LOCKOUT_DURATION"],
    meaning: "Seconds of the lock-out.",
  }),
  KEYSTONE_UNIQUE_LAST_PASSWORD_COUNT: variable({
    type: integer(0),
    default: "2",
    aliases: ["UNIQUE_LAST_PASSWORD_COUNT"],
    meaning: "Number of former passwords that may not be used again.",
  }),
  KEYSTONE_SERVICE_PORT: classicPort(5000, "Classic port of identity."),
  KEYSTONE_AUTH_PORT: classicPort(35357, "Classic admin port of identity."),
};

/** What it understands of its configuration files. */
const options = {
  "token/expiration": own(integer(1), 3600, "Seconds a token is good for."),
  "security_compliance/password_regex": own(optional(regularExpression), "", "What a new password must match."),
  "security_compliance/lockout_failure_attempts": same("KEYSTONE_LOCKOUT_FAILURE_ATTEMPTS"),
  "security_compliance/lockout_duration": same("KEYSTONE_LOCKOUT_DURATION"),
  "security_compliance/unique_last_password_count": same("KEYSTONE_UNIQUE_LAST_PASSWORD_COUNT"),
  "oslo_policy/enforce_new_defaults": same("KEYSTONE_ENFORCE_NEW_DEFAULTS"),
  "DEFAULT/debug": same("ENABLE_DEBUG_LOG_LEVEL"),
};

export const files: ConfigurationFiles = {
  name: "keystone",
  variable: "$KEYSTONE_CONF",
  targets: [/^\$KEYSTONE_CONF$|\/keystone\.conf$/],
  options,
};

type IdentityVariables = typeof variables;

declare module "../../kernel/config/variables.ts" {
  interface ServiceVariables extends IdentityVariables {}
  interface OptionTables {
    keystone: typeof options;
  }
}
