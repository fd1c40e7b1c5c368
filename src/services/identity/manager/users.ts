import { badRequest } from "../../../kernel/errors.ts";
import { hexId } from "../../../kernel/ids/ids.ts";
import { loginFailed, missing, storeConflict } from "../errors.ts";
import type { UserRow } from "../store/rows.ts";
import type { Core } from "./core.ts";
import { optionsOf, type ProjectManager } from "./projects.ts";

export interface UserChanges {
  name?: string;
  enabled?: boolean;
  defaultProjectId?: string | null;
  options?: Record<string, unknown>;
  /** Null takes the password away: the user can log in by application credential or token only. */
  password?: string | null;
  extra?: string;
}

/** Users and their passwords. */
export class UserManager {
  readonly #core: Core;
  readonly #projects: ProjectManager;

  constructor(core: Core, projects: ProjectManager) {
    this.#core = core;
    this.#projects = projects;
  }

  /** Errors: 404. */
  get(id: string): UserRow {
    const row = this.#core.store.users.get(id);
    if (row === undefined) throw missing("user", id);
    return row;
  }

  /** Errors: 404 for the domain, 409 for the name, 400 for a password that the rules refuse. */
  async create(user: UserChanges & { name: string; domainId: string }): Promise<UserRow> {
    const { store, kernel, passwords } = this.#core;
    this.#projects.domain(user.domainId);
    this.#requireFreeName(user.name, user.domainId, null);
    if (typeof user.password === "string") this.#requireGoodPassword(user.password);
    const hash = typeof user.password === "string" ? await passwords.hash(user.password) : null;
    return kernel.db.transaction(() => {
      this.#projects.domain(user.domainId);
      this.#requireFreeName(user.name, user.domainId, null);
      const now = kernel.clock.now();
      const row = store.users.insert({
        id: hexId(),
        domain_id: user.domainId,
        name: user.name,
        enabled: user.enabled === false ? 0 : 1,
        default_project_id: user.defaultProjectId ?? null,
        extra: user.extra ?? "{}",
        options: optionsOf("{}", user.options),
        created_at: now,
      });
      if (hash !== null) store.passwords.add(row.id, hash, now, this.#historyLength());
      return row;
    });
  }

  /** A new password or disabling voids the user's tokens. Errors: 409 for the name, 400 for the password. */
  async update(id: string, changes: UserChanges): Promise<UserRow> {
    const { store, kernel, passwords, tokens } = this.#core;
    this.get(id);
    if (typeof changes.password === "string") this.#requireGoodPassword(changes.password);
    const hash = typeof changes.password === "string" ? await passwords.hash(changes.password) : null;
    return kernel.db.transaction(() => {
      const row = this.get(id);
      if (changes.name !== undefined && changes.name !== row.name) {
        this.#requireFreeName(changes.name, row.domain_id, id);
      }
      store.users.update(id, {
        ...(changes.name === undefined ? {} : { name: changes.name }),
        ...(changes.enabled === undefined ? {} : { enabled: changes.enabled ? 1 : 0 }),
        ...(changes.defaultProjectId === undefined ? {} : { default_project_id: changes.defaultProjectId }),
        ...(changes.options === undefined ? {} : { options: optionsOf(row.options, changes.options) }),
        ...(changes.extra === undefined ? {} : { extra: changes.extra }),
      });
      if (hash !== null) {
        store.passwords.add(id, hash, kernel.clock.now(), this.#historyLength());
        // keystone's reset by an administrator also ends a lock-out.
        store.passwords.clearFailures(id);
      }
      if (changes.password === null) store.passwords.clear(id);
      if (changes.password !== undefined || (changes.enabled === false && row.enabled === 1)) tokens.revoke("user", id);
      return this.get(id);
    });
  }

  /** A user changes the own password; knowing the old one is the proof. Errors: 401, and 400 for the new one. */
  async changePassword(id: string, original: string, next: string): Promise<void> {
    const { store, kernel, passwords, tokens, login } = this.#core;
    const user = store.users.get(id) ?? null;
    if (!(await login.checkPassword(user, original)) || user === null || user.enabled === 0) throw loginFailed();
    this.#requireGoodPassword(next);
    await this.#requireNewPassword(id, next);
    const hash = await passwords.hash(next);
    kernel.db.transaction(() => {
      this.get(id);
      store.passwords.add(id, hash, kernel.clock.now(), this.#historyLength());
      tokens.revoke("user", id);
    });
  }

  delete(id: string): void {
    this.#core.kernel.db.transaction(() => {
      this.get(id);
      this.#projects.forgetUser(id);
    });
  }

  #historyLength(): number {
    const { securityCompliance, uniqueLastPasswordCount } = this.#core.kernel.settings.identity;
    return securityCompliance ? Math.max(1, uniqueLastPasswordCount) : 1;
  }

  #requireGoodPassword(password: string): void {
    const { passwordRegex } = this.#core.kernel.settings.identity;
    if (passwordRegex !== null && !new RegExp(passwordRegex).test(password)) {
      throw badRequest(`Password validation error: The password does not match the requirements: ${passwordRegex}.`);
    }
  }

  async #requireNewPassword(id: string, password: string): Promise<void> {
    const { store, passwords, kernel } = this.#core;
    const { securityCompliance, uniqueLastPasswordCount } = kernel.settings.identity;
    if (!securityCompliance || uniqueLastPasswordCount < 2) return;
    for (const { hash } of store.passwords.history(id, uniqueLastPasswordCount)) {
      if (await passwords.verify(password, hash)) {
        throw badRequest(
          `Password validation error: The new password cannot be identical to a previous password. The total number which includes the new password must be unique is ${uniqueLastPasswordCount}.`,
        );
      }
    }
  }

  #requireFreeName(name: string, domainId: string, exceptId: string | null): void {
    const taken = this.#core.store.users.find({ domain_id: domainId, name });
    if (taken === undefined || taken.id === exceptId) return;
    throw storeConflict("user", `Duplicate entry found with name ${name} at domain ID ${domainId}`);
  }
}
