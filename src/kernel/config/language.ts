import type { ConfigurationFiles, IniOption, ServiceDeclaration } from "./declaration.ts";
import { ServiceNames } from "./services.ts";
import type { AnyVariable } from "./variable.ts";
import { ownGroups } from "./variables.ts";

/** Files of programs that are not here: DevStack's variables of them, and paths. */
const OTHER_FILES = /^\/?\$[A-Z0-9_]*(CONF|CONFIG|CONF_FILE|SETTINGS|CONFIG_FILE|CONF_DIR)[A-Z0-9_/.a-z-]*$|^\//;

/** The words of local.conf: the cloud's own and those of its services. Parser, validation, defaults and reference all read it. */
export class Language {
  readonly declarations: readonly ServiceDeclaration[];
  readonly services: ServiceNames;
  /** Every variable that has an effect, in the order of the reference. */
  readonly groups: readonly { readonly title: string; readonly variables: Readonly<Record<string, AnyVariable>> }[];
  /** The configuration files whose options are known. */
  readonly files: readonly ConfigurationFiles[];
  readonly #variables: ReadonlyMap<string, AnyVariable>;
  readonly #aliases: ReadonlyMap<string, string>;

  constructor(declarations: readonly ServiceDeclaration[]) {
    this.declarations = declarations;
    this.services = new ServiceNames(declarations);
    const { before, after } = ownGroups(this.services.defaults.join(","));
    this.groups = [...before, ...declarations.flatMap(({ settings }) => settings?.groups ?? []), ...after];
    this.files = declarations.flatMap(({ settings }) => settings?.files ?? []);
    this.#variables = new Map(this.groups.flatMap(({ variables }) => Object.entries(variables)));
    this.#aliases = new Map(
      [...this.#variables].flatMap(([name, { aliases = [] }]) =>
        aliases.map((alias): [string, string] => [alias, name]),
      ),
    );
  }

  findVariable(name: string): AnyVariable | undefined {
    return this.#variables.get(name);
  }

  /** The present name of an older one. */
  aliasTarget(name: string): string | undefined {
    return this.#aliases.get(name);
  }

  /** Names that a typing mistake can have meant. */
  allNames(): readonly string[] {
    return [...this.#variables.keys(), ...this.#aliases.keys()];
  }

  /** Whose options a section's file holds: `other` for programs that are not here, null for a name that DevStack does not define. */
  filesOf(target: string): ConfigurationFiles | "other" | null {
    const bare = target.replace(/\$\{(\w+)\}/g, "$$$1");
    const found = this.files.find(({ targets }) => targets.some((pattern) => pattern.test(bare)));
    return found ?? (OTHER_FILES.test(bare) ? "other" : null);
  }

  /** By `file/section/option`. */
  findOption(name: string): IniOption<unknown> | undefined {
    const [file, ...place] = name.split("/");
    const options = this.files.find(({ name: other }) => other === file)?.options ?? {};
    const key = place.join("/");
    return Object.hasOwn(options, key) ? options[key] : undefined;
  }
}
