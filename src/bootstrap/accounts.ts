import type { Settings } from "../kernel/config/settings.ts";
import { SERVICES } from "../services.ts";
import { bundleFile } from "./tls/places.ts";

const accounts = SERVICES.flatMap(({ declaration }) => declaration.accounts ?? []);
/** People that stack makes accounts for, with ADMIN_PASSWORD. */
export const PEOPLE: readonly string[] = accounts.flatMap(({ people = [] }) => people);
const SERVICE_USERS = accounts.flatMap(({ service = [] }) => service.map(({ name }) => name));

const isServiceUser = (user: string): boolean => SERVICE_USERS.includes(user);
export const isSeededUser = (user: string): boolean => isServiceUser(user) || PEOPLE.includes(user);

/** The variables of DevStack's openrc for one user in one project. */
export function openrcVariables(settings: Settings, user: string, project: string): Record<string, string> {
  return {
    OS_AUTH_TYPE: "password",
    OS_AUTH_URL: settings.identity.authUrl,
    OS_IDENTITY_API_VERSION: "3",
    OS_USERNAME: user,
    OS_PASSWORD: isServiceUser(user) ? settings.passwords.service : settings.passwords.admin,
    OS_PROJECT_NAME: project,
    OS_USER_DOMAIN_ID: "default",
    OS_PROJECT_DOMAIN_ID: "default",
    OS_REGION_NAME: settings.regionName,
    OS_VOLUME_API_VERSION: "3",
    ...(settings.api.protocol === "https" ? { OS_CACERT: bundleFile(settings.dataDir) } : {}),
  };
}

/** `export NAME='value'` lines for eval; unsets what would contradict them. */
export function openrcExports(variables: Record<string, string>): string {
  const unset = [
    "OS_CLOUD",
    "OS_TOKEN",
    "OS_SYSTEM_SCOPE",
    "OS_DOMAIN_ID",
    "OS_PROJECT_ID",
    "OS_USER_ID",
    "OS_CACERT",
    "OS_TENANT_NAME",
  ];
  const lines = Object.entries(variables).map(([name, value]) => `export ${name}=${shellQuote(value)}`);
  return `${[`unset ${unset.join(" ")}`, ...lines].join("\n")}\n`;
}

/** Any text as one word of a POSIX shell. */
export function shellQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

interface CloudEntry {
  name: string;
  user: string;
  project?: string;
  system?: boolean;
}

/** The entries of DevStack's clouds.yaml. */
const CLOUDS: readonly CloudEntry[] = [
  { name: "devstack", user: "demo", project: "demo" },
  { name: "devstack-admin", user: "admin", project: "admin" },
  { name: "devstack-admin-demo", user: "admin", project: "demo" },
  { name: "devstack-alt", user: "alt_demo", project: "alt_demo" },
  { name: "devstack-alt-member", user: "alt_demo_member", project: "alt_demo" },
  { name: "devstack-alt-reader", user: "alt_demo_reader", project: "alt_demo" },
  { name: "devstack-reader", user: "demo_reader", project: "demo" },
  { name: "devstack-system-admin", user: "admin", system: true },
  { name: "devstack-system-member", user: "system_member", system: true },
  { name: "devstack-system-reader", user: "system_reader", system: true },
];

/** clouds.yaml with one entry per seeded account. JSON strings are valid YAML, so any password survives. */
export function cloudsYaml(settings: Settings): string {
  const text = (value: string) => JSON.stringify(value);
  const entry = ({ name, user, project, system }: CloudEntry) => [
    `  ${name}:`,
    "    auth:",
    `      auth_url: ${text(settings.identity.authUrl)}`,
    `      username: ${text(user)}`,
    `      password: ${text(settings.passwords.admin)}`,
    "      user_domain_id: default",
    ...(project === undefined ? [] : [`      project_name: ${text(project)}`, "      project_domain_id: default"]),
    ...(system === true ? ["      system_scope: all"] : []),
    `    region_name: ${text(settings.regionName)}`,
    '    identity_api_version: "3"',
    '    volume_api_version: "3"',
    ...(settings.api.protocol === "https" ? [`    cacert: ${text(bundleFile(settings.dataDir))}`] : []),
  ];
  const functional = ["functional:", `  image_name: ${text(settings.image.defaultName)}`];
  return `${["# Written by tenrec stack; unstack removes it.", "clouds:", ...CLOUDS.flatMap(entry), ...functional].join("\n")}\n`;
}
