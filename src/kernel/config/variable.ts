import type { HostFacts } from "./settings.ts";
import { boolean, port, type ValueType } from "./types.ts";

/** What a derived default may look at: the text of other variables, and the machine. */
export interface DefaultContext {
  readonly get: (name: string) => string;
  /** DevStack's is_service_enabled. */
  readonly isEnabled: (service: string) => boolean;
  readonly facts: HostFacts;
}

/** One supported variable of local.conf. */
export interface Variable<T> {
  readonly type: ValueType<T>;
  readonly default: string | ((context: DefaultContext) => string);
  /** How a derived default comes about, in the words of the reference. */
  readonly derived?: string;
  readonly meaning: string;
  /** Older or other names of the same thing; the value is taken from them, with a note. */
  readonly aliases?: readonly string[];
  /** Secrets are generated when missing and never shown. */
  readonly secret?: boolean;
}

export function variable<T>(definition: Variable<T>): Variable<T> {
  return definition;
}

/** A variable of no matter which type. */
export type AnyVariable = Variable<unknown>;

/** A port of its own that a service has in old tutorials. */
export const classicPort = (number: number, meaning: string): Variable<number> =>
  variable({ type: port, default: String(number), meaning });

/** ENFORCE_NEW_DEFAULTS of one project of DevStack. */
export const newDefaults = (project: string): Variable<boolean> =>
  variable({
    type: boolean,
    default: ({ get }) => get("ENFORCE_NEW_DEFAULTS"),
    derived: "ENFORCE_NEW_DEFAULTS",
    aliases: [`${project.toUpperCase()}_ENFORCE_SCOPE`],
    meaning: `ENFORCE_NEW_DEFAULTS for ${project} alone.`,
  });

/** A variable that is understood and changes nothing here. */
export interface AcceptedVariable {
  /** Exact name, or a pattern with `*`. */
  readonly name: string;
  /** Said once per run when it is set; empty means: take it silently. Variables with the same note are told in one message. */
  readonly note: string;
  /** What the reference says of one that is taken silently. */
  readonly why?: string;
  /** Values that mislead nobody, so that nothing is said. */
  readonly quiet?: RegExp;
}
