import { randomBytes } from "node:crypto";
import type { OwnUser } from "../resource-types/types.ts";
import type { StackRow } from "../store/stacks.ts";
import type { Core } from "./core.ts";
import type { Handle } from "./handle.ts";

/** What users of resources are, in heat's domain: they may send signals and ask for metadata. */
export const STACK_USER = "heat_stack_user";
/** Tutorials grant it to those who make stacks. */
const STACK_OWNER = "heat_stack_owner";
const LONGEST_NAME = 64;

/** Makes the domain and the roles. */
export const prepareAccounts = (core: Core): string => core.accounts.prepare([STACK_USER, STACK_OWNER]);

/** heat/engine/resources/stack_user.py: a user in a project of its stack, named as the resource. */
export class ResourceUser implements OwnUser {
  readonly #core: Core;
  readonly #stack: StackRow;
  readonly #handle: Handle;

  constructor(core: Core, stack: StackRow, handle: Handle) {
    this.#core = core;
    this.#stack = stack;
    this.#handle = handle;
  }

  get name(): string {
    return this.#handle.physicalName(LONGEST_NAME);
  }

  get id(): string | null {
    return (this.#handle.data.user_id as string | undefined) ?? null;
  }

  get projectId(): string {
    return this.#stack.user_project_id ?? "";
  }

  get domainId(): string {
    return prepareAccounts(this.#core);
  }

  make(): string {
    const { id } = this;
    if (id !== null) return id;
    return this.#core.kernel.db.transaction(() => {
      const { project_id, root_id } = this.#stack;
      const project = { id: this.projectId, name: `${project_id}-${root_id}`, description: "Heat stack user project" };
      const made = this.#core.accounts.makeUser({ project, name: this.name, role: STACK_USER });
      this.#handle.setData("user_id", made);
      return made;
    });
  }

  key(): { access: string; secret: string } {
    return this.#core.accounts.key(this.make(), this.projectId);
  }

  async password(): Promise<string> {
    const known = this.#handle.data.password;
    if (typeof known === "string") return known;
    const password = randomBytes(24).toString("base64url");
    await this.#core.accounts.setPassword(this.make(), password);
    this.#handle.setData("password", password);
    return password;
  }

  token(): string | null {
    return this.#core.accounts.token(this.make(), this.projectId);
  }

  setEnabled(enabled: boolean): void {
    const { id } = this;
    if (id !== null) this.#core.accounts.setEnabled(id, enabled);
  }

  delete(): void {
    const { id } = this;
    if (id !== null) this.#core.accounts.deleteUser(id);
  }
}
