import type { ValueType } from "./types.ts";
import type { Variable } from "./variable.ts";
import { apiVariables } from "./variables/api.ts";
import { generalVariables } from "./variables/general.ts";
import { loggingVariables } from "./variables/logging.ts";
import { passwordVariables } from "./variables/passwords.ts";

/**
 * The variables of the services. Each adds its own in its variables.ts:
 * `declare module "../../kernel/config/variables.ts" { interface ServiceVariables extends ImageVariables {} }`
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface ServiceVariables {}

/** The tables of options by the name of their configuration file, filled as ServiceVariables is. */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface OptionTables {}

/** What the cloud itself understands, whichever services it has: groups before and after those of the services. */
export const ownGroups = (enabledServices: string) =>
  ({
    before: [
      { title: "The stack and its host", variables: generalVariables(enabledServices) },
      { title: "Passwords", variables: passwordVariables },
      { title: "API endpoints", variables: apiVariables },
    ],
    after: [{ title: "Logs", variables: loggingVariables }],
  }) as const;

type OwnVariables = ReturnType<typeof generalVariables> &
  typeof passwordVariables &
  typeof apiVariables &
  typeof loggingVariables;
type Variables = OwnVariables & ServiceVariables;

export type VariableName = keyof Variables & string;
export type ValueOf<Name extends VariableName> = Variables[Name] extends Variable<infer T> ? T : never;

type Joined = { [File in keyof OptionTables]: `${File}/${keyof OptionTables[File] & string}` }[keyof OptionTables];
type Definition<Key> = Key extends `${infer File extends keyof OptionTables}/${infer Option}`
  ? OptionTables[File][Option & keyof OptionTables[File]]
  : never;
type TypeOf<D> = D extends { readonly type: ValueType<infer T> } ? T : never;
/** `file/section/option` of the options that are settings of their own. */
export type OptionName = { [Key in Joined]: Definition<Key> extends { readonly type: unknown } ? Key : never }[Joined];
export type OptionValue<Name extends OptionName> = TypeOf<Definition<Name>>;
