import { quoted } from "../../api/equals.ts";
import type { Session } from "../../app/session.tsx";

/** Where log-ins go, as the catalog has it; else as this browser knows the cloud. */
export const authUrlOf = ({ catalog }: Session): string => {
  const endpoints = catalog.find(({ type }) => type === "identity")?.endpoints ?? [];
  const url = endpoints.find((one) => one.interface === "public")?.url ?? `${location.origin}/identity`;
  return url.endsWith("/v3") ? url : `${url}/v3`;
};

/** A file for `source`, as Horizon gives it out: it asks for the password. */
export function openrcText(session: Session): string {
  const { user, project, region } = session;
  const variables: [string, string][] = [
    ["OS_AUTH_URL", authUrlOf(session)],
    ["OS_IDENTITY_API_VERSION", "3"],
    ["OS_REGION_NAME", region],
    ["OS_INTERFACE", "public"],
    ["OS_USERNAME", user.name],
    ["OS_USER_DOMAIN_NAME", user.domain.name],
    ...(project === null
      ? []
      : ([
          ["OS_PROJECT_ID", project.id],
          ["OS_PROJECT_NAME", project.name],
          ["OS_PROJECT_DOMAIN_ID", project.domain.id],
        ] as [string, string][])),
  ];
  return [
    "#!/usr/bin/env bash",
    ...variables.map(([name, value]) => `export ${name}=${quoted(value)}`),
    `printf 'Password of %s: ' ${quoted(user.name)} >&2`,
    "read -rs OS_PASSWORD",
    "export OS_PASSWORD",
    "echo >&2",
    "",
  ].join("\n");
}

/** A text as YAML takes it for one: JSON's texts are YAML's, too. */
const yaml = (text: string): string => JSON.stringify(text);

export function cloudsText(session: Session): string {
  const { user, project, region } = session;
  return [
    "clouds:",
    "  tenrec:",
    "    auth:",
    `      auth_url: ${yaml(authUrlOf(session))}`,
    `      username: ${yaml(user.name)}`,
    '      password: ""',
    `      user_domain_name: ${yaml(user.domain.name)}`,
    ...(project === null ? [] : [`      project_id: ${yaml(project.id)}`, `      project_name: ${yaml(project.name)}`]),
    `    region_name: ${yaml(region)}`,
    "    interface: public",
    "    identity_api_version: 3",
    "",
  ].join("\n");
}
