import type { Service } from "../../src/kernel/module.ts";
import { identity } from "../../src/services/identity/index.ts";
import { type TestCloud, testCloud } from "./cloud.ts";

/** A cloud with the real identity service, seeded, and helpers to log in to it. */
export interface IdentityCloud extends TestCloud {
  /** A token of a seeded user (password "secret"), scoped to a project of the default domain; null is unscoped. */
  login(user: string, project: string | null): Promise<string>;
  /** One request as the admin on project admin. */
  admin: TestCloud["request"];
  /** A new user of the default domain with password "secret" and these roles on a project. Answers the id. */
  user(name: string, project?: string, ...roles: string[]): Promise<string>;
  /** The id of a project of the default domain, made when there is none. */
  project(name: string): Promise<string>;
  roleId(name: string): Promise<string>;
}

export async function identityCloud(
  options: Parameters<typeof testCloud>[1] & { others?: readonly Service[] } = {},
): Promise<IdentityCloud> {
  const cloud = await testCloud([identity(), ...(options.others ?? [])], options);
  await cloud.cloud.seed();
  const login = async (user: string, project: string | null): Promise<string> => {
    const answer = await cloud.request("POST", "/identity/v3/auth/tokens", { body: passwordLogin(user, project) });
    const token = answer.headers.get("x-subject-token");
    if (token === null) throw new Error(`${user} cannot log in: ${JSON.stringify(answer.body)}`);
    return token;
  };
  let token = await login("admin", "admin");
  const admin: IdentityCloud["admin"] = async (method, path, options) => {
    // Tests that move time outlive tokens.
    if (cloud.cloud.kernel.authenticator.authenticate(token) === null) token = await login("admin", "admin");
    return cloud.request(method, path, { token, ...options });
  };
  const roleId = async (name: string) => (await admin("GET", `/identity/v3/roles?name=${name}`)).body.roles[0].id;
  const project = async (name: string) => {
    const found = (await admin("GET", `/identity/v3/projects?name=${name}`)).body.projects[0];
    return found?.id ?? (await admin("POST", "/identity/v3/projects", { body: { project: { name } } })).body.project.id;
  };
  return {
    ...cloud,
    login,
    admin,
    roleId,
    project,
    async user(name, projectName, ...roles) {
      const body = { user: { name, password: "secret" } };
      const { id } = (await admin("POST", "/identity/v3/users", { body })).body.user;
      for (const role of roles) {
        const target = await project(projectName ?? "");
        await admin("PUT", `/identity/v3/projects/${target}/users/${id}/roles/${await roleId(role)}`);
      }
      return id;
    },
  };
}

/** The body of a password login to a project of the default domain. */
export function passwordLogin(user: string, project: string | null, password = "secret") {
  return {
    auth: {
      identity: { methods: ["password"], password: { user: { name: user, domain: { id: "default" }, password } } },
      scope: project === null ? { unscoped: {} } : { project: { name: project, domain: { name: "Default" } } },
    },
  };
}
