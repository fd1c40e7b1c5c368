import type { ConfigProblem } from "./errors.ts";
import type { Language } from "./language.ts";
import { hasForeignQuotes, isPlaceholder } from "./placeholder.ts";
import type { HostFacts } from "./settings.ts";
import type { OptionName, OptionValue, ValueOf, VariableName } from "./variables.ts";

/** Where a value came from; null file is the environment. */
export interface Origin {
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
}
export interface Given extends Origin {
  readonly value: string;
}

/** Stands for a file where a value comes from an earlier stack, or was worked out. */
export const rememberedFile = "(remembered)";

/** Turns texts into typed values, with defaults; collects what does not fit. */
export class Resolver {
  readonly problems: ConfigProblem[] = [];
  /** What was taken in another form than it was written. */
  readonly notes: ConfigProblem[] = [];
  readonly #language: Language;
  readonly #given: ReadonlyMap<string, Given>;
  readonly #options: ReadonlyMap<string, Given>;
  readonly #facts: HostFacts;
  readonly #reported = new Set<string>();

  /** @param options by `file/section/option` */
  constructor(
    language: Language,
    given: ReadonlyMap<string, Given>,
    options: ReadonlyMap<string, Given>,
    facts: HostFacts,
  ) {
    this.#language = language;
    this.#given = given;
    this.#options = options;
    this.#facts = facts;
  }

  /** The text of a variable, given or default; empty for unknown names. */
  text(name: string): string {
    return this.#given.get(name)?.value ?? this.#defaultText(name);
  }

  #defaultText(name: string): string {
    const definition = this.#language.findVariable(name);
    if (definition === undefined) return "";
    return typeof definition.default === "string"
      ? definition.default
      : definition.default({
          get: (other) => this.text(other),
          isEnabled: (service) => this.isEnabled(service),
          facts: this.#facts,
        });
  }

  /** DevStack's is_service_enabled. */
  isEnabled(service: string): boolean {
    return this.#language.services.isEnabled(this.enabledServices(), service);
  }

  /** ENABLED_SERVICES, resolved. */
  enabledServices(): readonly string[] {
    return this.#language.services.resolve(this.text("ENABLED_SERVICES"));
  }

  isGiven(name: string): boolean {
    return this.#given.has(name);
  }

  /** Whether the user set it: neither a default nor what an earlier stack settled on. */
  isChosen(name: string): boolean {
    const given = this.#given.get(name);
    return given !== undefined && given.file !== rememberedFile;
  }

  origin(name: string): Origin {
    return this.#given.get(name) ?? { file: null, line: null, column: null };
  }

  /** The typed value; for a wrong text a problem is noted once and the default stands in, so that checking goes on. */
  value<Name extends VariableName>(name: Name): ValueOf<Name> {
    return this.#parse(name) as ValueOf<Name>;
  }

  option<Name extends OptionName>(name: Name): OptionValue<Name> {
    const [, section, option] = name.split("/");
    const definition = this.#language.findOption(name);
    if (definition === undefined || !("type" in definition)) throw new Error(`no such option: ${name}`);
    const given = this.#options.get(name);
    const parsed = definition.type.parse(given?.value ?? definition.default);
    if (parsed.ok) return parsed.value as OptionValue<Name>;
    this.#report(name, given, `[${section}] ${option} ${parsed.message}`, parsed.hint);
    const fallback = definition.type.parse(definition.default);
    return (fallback.ok ? fallback.value : undefined) as OptionValue<Name>;
  }

  #parse(name: string): unknown {
    const definition = this.#language.findVariable(name);
    if (definition === undefined) throw new Error(`no such variable: ${name}`);
    const given = this.#given.get(name);
    if (given !== undefined) {
      const parsed = definition.type.parse(given.value);
      if (parsed.ok) {
        if (parsed.note !== undefined) this.#note(name, given, parsed.note);
        return parsed.value;
      }
      const { message, hint } = misfit(given.value, parsed);
      this.#report(name, given, `${name} ${message}`, hint);
    }
    const parsed = definition.type.parse(this.#defaultText(name));
    if (parsed.ok) return parsed.value;
    // A default that depends on a wrong value is wrong too; that one is reported already.
    if (name === "HOST_IP" && given === undefined) {
      this.#report(
        name,
        given,
        "HOST_IP cannot be detected: no usable IPv4 address on the default route's interface",
        "set HOST_IP=address, or HOST_IP_IFACE=interface",
      );
    }
    return "";
  }

  #report(name: string, origin: Origin | undefined, message: string, hint: string): void {
    if (this.#reported.has(name)) return;
    this.#reported.add(name);
    this.problems.push({
      file: origin?.file ?? null,
      line: origin?.line ?? null,
      column: origin?.column ?? null,
      message,
      hint,
    });
  }

  #note(name: string, origin: Origin, note: { readonly message: string; readonly hint: string }): void {
    const message = `${name} ${note.message}`;
    if (origin.file === rememberedFile || this.notes.some((one) => one.message === message)) return;
    this.notes.push({ ...place(origin), message, hint: note.hint });
  }

  /** Whether the variable's given text was refused. */
  isWrong(name: string): boolean {
    return this.#reported.has(name);
  }

  problem(name: string, message: string, hint: string): void {
    this.problems.push({ ...place(this.origin(name)), message, hint });
  }
}

/** Why a value does not fit, where its look tells more than its type. */
function misfit(value: string, told: { readonly message: string; readonly hint: string }): typeof told {
  if (isPlaceholder(value)) return { message: `is still the placeholder ${value}`, hint: told.hint };
  if (!hasForeignQuotes(value)) return told;
  return { message: `${told.message}: it has typographic quotes`, hint: "bash knows only the plain ' and \"" };
}

function place(origin: Origin): Origin {
  return { file: origin.file, line: origin.line, column: origin.column };
}

/** Which of two contradicting variables to blame: the one that was set; the second when both were. */
export function blame(r: Resolver, one: string, other: string): string {
  return r.isGiven(one) && !r.isGiven(other) ? one : other;
}
