import { boolean, choice, host, integer, nonEmpty, url } from "../types.ts";
import { urlHost, withPort } from "../urls.ts";
import { type Variable, variable } from "../variable.ts";

const perService = (service: string): Variable<boolean> =>
  variable({
    type: boolean,
    default: ({ get }) => get("ENFORCE_NEW_DEFAULTS"),
    derived: "ENFORCE_NEW_DEFAULTS",
    aliases: [`${service.toUpperCase()}_ENFORCE_SCOPE`],
    meaning: `ENFORCE_NEW_DEFAULTS for ${service} alone.`,
  });

export const identityVariables = {
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
  ENFORCE_NEW_DEFAULTS: variable({
    type: boolean,
    default: "True",
    aliases: ["ENFORCE_SCOPE"],
    meaning: "Policies of the new RBAC ask for tokens of the right scope: project, domain or system.",
  }),
  KEYSTONE_ENFORCE_NEW_DEFAULTS: perService("keystone"),
  NOVA_ENFORCE_NEW_DEFAULTS: perService("nova"),
  NEUTRON_ENFORCE_NEW_DEFAULTS: perService("neutron"),
  GLANCE_ENFORCE_NEW_DEFAULTS: perService("glance"),
  CINDER_ENFORCE_NEW_DEFAULTS: perService("cinder"),
  PLACEMENT_ENFORCE_NEW_DEFAULTS: perService("placement"),
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
};
