import type { SettingsDeclaration } from "../../kernel/config/declaration.ts";
import { files, variables } from "./variables.ts";

export interface IdentitySettings {
  /** KEYSTONE_SERVICE_URI (or from KEYSTONE_SERVICE_PROTOCOL and _HOST): the auth URL, `http://HOST/identity`. */
  readonly authUrl: string;
  /** SERVICE_DOMAIN_NAME (Default) */
  readonly serviceDomainName: string;
  /** SERVICE_PROJECT_NAME (service) */
  readonly serviceProjectName: string;
  /** keystone [token] expiration, seconds. */
  readonly tokenExpiration: number;
  /** KEYSTONE_SECURITY_COMPLIANCE_ENABLED: the four limits below hold only when true. */
  readonly securityCompliance: boolean;
  /** KEYSTONE_LOCKOUT_FAILURE_ATTEMPTS */
  readonly lockoutFailureAttempts: number;
  /** KEYSTONE_LOCKOUT_DURATION, seconds. */
  readonly lockoutDuration: number;
  /** KEYSTONE_UNIQUE_LAST_PASSWORD_COUNT */
  readonly uniqueLastPasswordCount: number;
  /** keystone [security_compliance] password_regex, or null. */
  readonly passwordRegex: string | null;
}

declare module "../../kernel/config/settings.ts" {
  interface Settings {
    readonly identity: IdentitySettings;
  }
  interface PortSettings {
    /** KEYSTONE_SERVICE_PORT (5000) */
    readonly identity: number;
    /** KEYSTONE_AUTH_PORT (35357, the admin port of v2.0 times) */
    readonly identityAdmin: number;
  }
}

export const settings: SettingsDeclaration = {
  groups: [{ title: "Identity", variables }],
  files,
  newDefaults: "KEYSTONE_ENFORCE_NEW_DEFAULTS",
  ports: {
    identity: {
      variable: "KEYSTONE_SERVICE_PORT",
      what: "identity",
      ifTaken: "that API is only on the main port then",
      classic: true,
    },
    identityAdmin: {
      variable: "KEYSTONE_AUTH_PORT",
      what: "identityAdmin",
      ifTaken: "that API is only on the main port then",
      classic: true,
    },
  },
  build: (r) => ({
    identity: {
      authUrl: r.value("KEYSTONE_SERVICE_URI"),
      serviceDomainName: r.value("SERVICE_DOMAIN_NAME"),
      serviceProjectName: r.value("SERVICE_PROJECT_NAME"),
      tokenExpiration: r.option("keystone/token/expiration"),
      securityCompliance: r.value("KEYSTONE_SECURITY_COMPLIANCE_ENABLED"),
      lockoutFailureAttempts: r.value("KEYSTONE_LOCKOUT_FAILURE_ATTEMPTS"),
      lockoutDuration: r.value("KEYSTONE_LOCKOUT_DURATION"),
      uniqueLastPasswordCount: r.value("KEYSTONE_UNIQUE_LAST_PASSWORD_COUNT"),
      passwordRegex: r.option("keystone/security_compliance/password_regex"),
    },
  }),
  check(settings, r) {
    const { hostIp, serviceHost, enabledServices } = settings;
    if (r.isGiven("SERVICE_HOST") && serviceHost !== hostIp && !enabledServices.includes("key")) {
      r.problem(
        "SERVICE_HOST",
        `SERVICE_HOST ${serviceHost} is another machine and identity is not enabled here: this describes a second compute node`,
        "a stack is one host; remove SERVICE_HOST, or add key to ENABLED_SERVICES",
      );
    }
  },
};
