import type { Kernel } from "../../../kernel/module.ts";
import { IdentityStore } from "../store/store.ts";
import { Catalog } from "./catalog.ts";
import { Login } from "./login.ts";
import { Passwords } from "./passwords.ts";
import { RoleResolver } from "./roles.ts";
import { Tokens } from "./tokens.ts";

/** What the managers of this service share. */
export class Core {
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
