import type { Kernel } from "../../kernel/module.ts";
import { Catalog } from "./manager/catalog.ts";
import { Login } from "./manager/login.ts";
import { Passwords } from "./manager/passwords.ts";
import { RoleResolver } from "./manager/roles.ts";
import { Tokens } from "./manager/tokens.ts";
import { IdentityStore } from "./store/store.ts";

/** What the parts of the identity service share; one per cloud. */
export class IdentityContext {
  readonly kernel: Kernel;
  readonly store: IdentityStore;
  readonly roles: RoleResolver;
  readonly tokens: Tokens;
  readonly passwords: Passwords;
  readonly login: Login;
  readonly catalog: Catalog;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
    this.store = new IdentityStore(kernel.db);
    this.roles = new RoleResolver(this.store);
    this.tokens = new Tokens(kernel, this.store, this.roles);
    this.passwords = new Passwords();
    this.login = new Login(kernel, this.store, this.tokens, this.passwords);
    this.catalog = new Catalog(this.store);
  }
}
