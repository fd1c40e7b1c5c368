import { optionTables } from "./post-config/options.ts";
import type { ValueType } from "./types.ts";

/** A known INI option: either another way to set a variable, or a setting of its own. */
export type IniOption<T> =
  | { readonly variable: string }
  | { readonly type: ValueType<T>; readonly default: string; readonly meaning: string };

export type ConfigService = keyof typeof optionTables | "other";

/** DevStack's variables and file names of configuration files, and whose options they hold. `other`: read by programs that are not here. */
const files: readonly (readonly [RegExp, ConfigService])[] = [
  [/^\$NOVA_(CPU_|API_|COND_|CELLS_)?CONF$|\/nova(-\w+)?\.conf$/, "nova"],
  [
    /^\/?\$(NEUTRON|Q_PLUGIN|NEUTRON_CORE_PLUGIN|Q_L3|Q_DHCP|Q_META|NEUTRON_L3|NEUTRON_DHCP|NEUTRON_META)_CONF(_FILE)?$/,
    "neutron",
  ],
  [/\/neutron\.conf$|\/ml2_conf\.ini$|\/(l3|dhcp|metadata)_agent\.ini$/, "neutron"],
  [/^\$CINDER_CONF$|\/cinder\.conf$/, "cinder"],
  [/^\$GLANCE_(API_|REGISTRY_|CACHE_)?CONF$|\/glance-\w+\.conf$/, "glance"],
  [/^\$KEYSTONE_CONF$|\/keystone\.conf$/, "keystone"],
  [/^\/?\$[A-Z0-9_]*(CONF|CONFIG|CONF_FILE|SETTINGS|CONFIG_FILE|CONF_DIR)[A-Z0-9_/.a-z-]*$|^\//, "other"],
];

/** Whose options a section's file holds, or null for a name that DevStack does not define. */
export function configServiceOf(target: string): ConfigService | null {
  const bare = target.replace(/\$\{(\w+)\}/g, "$$$1");
  return files.find(([pattern]) => pattern.test(bare))?.[1] ?? null;
}

export function findIniOption(service: ConfigService, section: string, option: string): IniOption<unknown> | undefined {
  if (service === "other") return undefined;
  const table: Readonly<Record<string, IniOption<unknown>>> = optionTables[service];
  const key = `${section}/${option}`;
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

export function iniOptionNames(service: ConfigService): readonly string[] {
  return service === "other" ? [] : Object.keys(optionTables[service]);
}
