import { hexId } from "../../../kernel/ids/ids.ts";
import type { OwnAccounts } from "../facade.ts";
import { ec2Key } from "./ec2.ts";
import type { Managers } from "./index.ts";

/** How long names of users and projects may be. */
const LONGEST_NAME = 255;
const PROJECT_NAME = 64;

/** Projects and users of a service's own, in a domain of theirs that it alone writes to. */
export function ownAccounts(
  { core, projects, users, credentials }: Managers,
  domain: { readonly name: string; readonly description: string },
): OwnAccounts {
  const { store, kernel, tokens } = core;
  const present = () => store.projects.list({ name: domain.name, is_domain: 1 })[0]?.id;
  const domainId = (): string =>
    present() ?? projects.create({ ...domain, domainId: null, parentId: null, isDomain: true }).id;
  const roleId = (name: string): string =>
    store.roles.find({ domain_id: null, name })?.id ??
    store.roles.insert({ id: hexId(), name, domain_id: null, description: null, options: "{}", extra: "{}" }).id;
  /** Only what lies in the domain is its service's to change. */
  const userIn = (id: string) => {
    const row = store.users.get(id);
    return row !== undefined && row.domain_id === present() ? row : null;
  };
  return {
    prepare(roles) {
      return kernel.db.transaction(() => {
        for (const name of roles) roleId(name);
        return domainId();
      });
    },
    makeUser({ project, name, role }) {
      return kernel.db.transaction(() => {
        const domain_id = domainId();
        if (store.projects.get(project.id) === undefined) {
          const { id, description } = project;
          const given = project.name.slice(0, PROJECT_NAME);
          projects.create({ id, name: given, description, domainId: domain_id, parentId: null, isDomain: false });
        }
        const short = name.slice(0, LONGEST_NAME);
        const found = store.users.find({ domain_id, name: short });
        const user =
          found ??
          store.users.insert({
            id: hexId(),
            domain_id,
            name: short,
            enabled: 1,
            default_project_id: project.id,
            extra: "{}",
            options: "{}",
            created_at: kernel.clock.now(),
          });
        store.assignments.add({
          actor_type: "user",
          actor_id: user.id,
          target_type: "project",
          target_id: project.id,
          role_id: roleId(role),
          inherited: 0,
        });
        return user.id;
      });
    },
    key(userId, projectId) {
      const kept = store.credentials.list({ user_id: userId, project_id: projectId, type: "ec2" })[0];
      const key = ec2Key(kept ?? credentials.createKey(userId, projectId, null, true));
      if (key === null) throw new Error(`the key of user ${userId} cannot be read`);
      return { access: key.access, secret: key.secret };
    },
    async setPassword(userId, password) {
      if (userIn(userId) !== null) await users.update(userId, { password });
    },
    token(userId, projectId) {
      const scope = { kind: "project", id: projectId } as const;
      const delegation = { trustId: null, applicationCredentialId: null };
      return tokens.issue({ userId, methods: ["password"], scope, ...delegation })?.id ?? null;
    },
    setEnabled(userId, enabled) {
      kernel.db.transaction(() => {
        const user = userIn(userId);
        if (user === null || (user.enabled === 1) === enabled) return;
        store.users.update(userId, { enabled: enabled ? 1 : 0 });
        if (!enabled) tokens.revoke("user", userId);
      });
    },
    deleteUser(userId) {
      if (userIn(userId) !== null) users.delete(userId);
    },
    deleteProject(projectId) {
      const row = store.projects.get(projectId);
      if (row === undefined || row.is_domain === 1 || row.domain_id !== present()) return;
      kernel.db.transaction(() => {
        for (const user of store.users.list({ default_project_id: projectId })) projects.forgetUser(user.id);
        projects.delete(row);
      });
    },
  };
}
