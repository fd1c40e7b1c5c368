import { absentPlugin } from "../absent.ts";
import type { ConfigProblem } from "../errors.ts";
import type { Language } from "../language.ts";
import { inVain, notThere, otherPlugins, type Remarks, withoutEffect } from "../remarks.ts";
import { noteOfPanels, noteOfPlugin } from "../variables/plugins.ts";
import { Scanner } from "./scanner.ts";
import { ServiceWords } from "./service-words.ts";
import type { Statement, Test, Word } from "./syntax.ts";

/** The text a variable was set to, and where. */
export interface RawValue {
  readonly value: string;
  readonly line: number;
  readonly column: number;
}

/** What a word stands for; `command` is a `$(…)` in it, which is never run: the text is not known then. */
export interface Expanded {
  readonly text: string;
  readonly command: string | null;
  /** Names that are set nowhere. */
  readonly unset: readonly string[];
}

export interface Evaluation {
  readonly values: ReadonlyMap<string, RawValue>;
  /** Names that some value looked up: such a helper variable needs no warning when it is not a known one. */
  readonly used: ReadonlySet<string>;
  readonly problems: readonly ConfigProblem[];
  /** The line that switched a service off, null where none did. */
  offAt(service: string): number | null;
  /** A text of post-config, which DevStack evaluates between double quotes. @throws SyntaxProblem */
  expandText(text: string, line: number): Expanded;
}

interface Outside {
  readonly language: Language;
  readonly environment: (name: string) => string | undefined;
  readonly fallback: (name: string, set: ReadonlyMap<string, RawValue>) => string | undefined;
}

/** Runs the statements of localrc in order. `outside` gives what was set before: environment, then defaults; undefined for unknown names. */
export function evaluateLocalrc(
  file: string,
  statements: readonly Statement[],
  outside: Outside,
  remarks: Remarks,
): Evaluation {
  const evaluator = new Evaluator(file, outside, remarks);
  for (const statement of statements) evaluator.run(statement);
  evaluator.finish();
  return evaluator;
}

type Place = { readonly line: number; readonly column: number };

/** Asked for by a command's output, these are found out without it. */
const DETECTED: ReadonlySet<string> = new Set(["HOST_IP", "HOST_IP_IFACE", "HOST_IPV6", "SERVICE_HOST"]);

class Evaluator implements Evaluation {
  readonly values = new Map<string, RawValue>();
  readonly used = new Set<string>();
  readonly problems: ConfigProblem[] = [];
  readonly #file: string;
  readonly #outside: Outside;
  readonly #remarks: Remarks;
  readonly #language: Language;
  readonly #services: ServiceWords;
  readonly #plugins = new Set<string>();
  /** Variables whose value would be what a command prints → that command. */
  readonly #computed = new Map<string, string>();

  constructor(file: string, outside: Outside, remarks: Remarks) {
    this.#file = file;
    this.#outside = outside;
    this.#remarks = remarks;
    this.#language = outside.language;
    this.#services = new ServiceWords(outside.language.services, remarks);
  }

  run(statement: Statement): void {
    if (statement.kind === "if") this.#if(statement);
    else if (statement.kind === "nothing") this.#remarks.group(inVain[statement.why], statement.line, statement.name);
    else if (statement.kind === "assign") this.#assign(statement);
    else if (statement.command === "disable_all_services") this.#setServices([], statement);
    else if (statement.command === "enable_plugin") this.#enablePlugin(statement);
    else this.#editServices(statement);
  }

  /** After the last statement: what is to be said of the services that are on in the end. */
  finish(): void {
    const list = this.values.get("ENABLED_SERVICES");
    if (list !== undefined) this.#services.describe(this.#list(), list.line);
  }

  offAt(service: string): number | null {
    return this.#services.offAt(service);
  }

  expandText(text: string, line: number): Expanded {
    return this.#expand(new Scanner(text, line).expandable());
  }

  #if(statement: Statement & { readonly kind: "if" }): void {
    const chosen = statement.branches.find(({ test }) => test === null || this.#holds(test, statement));
    for (const inner of chosen?.body ?? []) this.run(inner);
  }

  #holds(test: Test, at: Place): boolean {
    if (test.operator === "enabled") {
      const { services } = this.#language;
      return test.names.some((name) => services.isEnabled(this.#list(), this.#text(name, at)));
    }
    const { operator, left, right } = test;
    const [one, other] = [this.#text(left, at), this.#text(right, at)];
    if (operator === "-z") return one === "";
    if (operator === "-n") return one !== "";
    return (one === other) === (operator === "=");
  }

  #assign(statement: Statement & { readonly kind: "assign" }): void {
    const { name, line, column } = statement;
    const { text, command } = this.#expandSaid(statement.value, line);
    if (command !== null) {
      this.#assignComputed(statement, command);
      return;
    }
    if (
      (statement.items?.length ?? 0) > 1 &&
      this.#language.findVariable(this.#language.aliasTarget(name) ?? name) !== undefined
    ) {
      const hint = `${name} is none of DevStack's arrays; write a comma separated list, ${name}=a,b`;
      this.#remarks.say("warning", line, `only the first item of ${name} counts`, hint);
    }
    // Items behind those there are already.
    if (statement.items !== undefined && statement.append && (this.#current(name) ?? "") !== "") return;
    this.#computed.delete(name);
    // DevStack has set its list of services before it reads localrc; everything else is still unset then.
    const before = name === "ENABLED_SERVICES" ? this.#lookup(name) : this.#current(name);
    this.values.set(name, { value: statement.append ? `${before ?? ""}${text}` : text, line, column });
    if (name === "ENABLED_SERVICES") {
      this.#services.mention(text, line);
      const off = text.split(/[,\s]+/).flatMap((item) => (item.startsWith("-") ? [item.slice(1)] : []));
      this.#services.takenAway(off, line);
      const { value = "" } = this.values.get(name) ?? {};
      this.values.set(name, { value: this.#language.services.completeText(value, this.#services), line, column });
    }
    if (name === "DISABLED_SERVICES") this.#disable(text.split(/[,\s]+/), statement);
  }

  /** `NAME=$(…)`: found out where that is possible, of no matter where NAME has no effect, else a mistake. */
  #assignComputed({ name, line, column }: Statement & { readonly kind: "assign" }, command: string): void {
    const target = this.#language.aliasTarget(name) ?? name;
    this.values.delete(name);
    if (DETECTED.has(target)) {
      const hint = `it is detected as if left out; write ${name}=… if that is not what you want`;
      this.#remarks.say("note", line, `${shortened(command)} is not run for ${name}`, hint);
    } else if (this.#language.findVariable(target) !== undefined) {
      const hint = `write the resulting value itself: ${name}=…`;
      const what = command.startsWith("$((") ? "arithmetic is not done here" : "nothing is run here";
      this.#problem({ line, column }, `${name} is what ${shortened(command)} gives, and ${what}`, hint);
    } else {
      this.#computed.set(name, command);
      this.values.set(name, { value: "", line, column });
    }
  }

  #editServices(statement: Statement & { readonly kind: "call" }): void {
    const known = this.problems.length;
    const names = statement.args
      .flatMap((word) => this.#text(word, statement).split(/[,\s]+/))
      .filter((name) => name !== "");
    if (this.problems.length > known) return;
    if (names.length === 0) {
      this.#problem(statement, `${statement.command} without a service`, `write ${statement.command} NAME …`);
      return;
    }
    const off = names.filter((name) => statement.command === "disable_service" || name.startsWith("-"));
    this.#disable(
      off.map((name) => name.replace(/^-/, "")),
      statement,
    );
    const before = this.#list();
    const on = names.filter((name) => !off.includes(name));
    for (const name of on) this.#services.mention(name, statement.line);
    this.#setServices(
      on.reduce((list, name) => this.#services.enable(list, name, statement.line), before),
      statement,
    );
  }

  #disable(names: readonly string[], at: Place): void {
    const known = names.filter((name) => name !== "");
    if (known.length === 0) return;
    let services = this.#list();
    for (const name of known) {
      this.#services.disable(name, at.line);
      services = this.#language.services.without(services, name);
    }
    this.#setServices(services, at);
  }

  #enablePlugin(statement: Statement & { readonly kind: "call" }): void {
    const [name = "", url = ""] = statement.args.map((word) => this.#expand(word).text);
    if (name === "" || url === "") {
      this.#problem(statement, "enable_plugin needs a name and a URL", "write enable_plugin NAME URL [BRANCH]");
      return;
    }
    if (this.#plugins.has(name)) {
      this.#problem(statement, `plugin "${name}" is enabled twice`, "remove one of the two lines");
      return;
    }
    this.#plugins.add(name);
    const panels = noteOfPanels(name);
    const feature = panels === null ? absentPlugin(name) : null;
    const note = panels ?? noteOfPlugin(name, this.#language.services);
    if (feature !== null) this.#remarks.group(notThere, statement.line, feature);
    else if (note === null) this.#remarks.group(otherPlugins, statement.line, name);
    else if (note !== "") this.#remarks.group(withoutEffect(note), statement.line, name);
  }

  /** The services that are on at this point. */
  #list(): readonly string[] {
    return this.#language.services.resolve(this.#lookup("ENABLED_SERVICES") ?? "");
  }

  #setServices(services: readonly string[], at: Place): void {
    this.values.set("ENABLED_SERVICES", { value: services.join(","), line: at.line, column: at.column });
  }

  /** The text of a word where a command's output would decide: then a mistake is noted. */
  #text(word: Word, at: Place): string {
    const { text, command } = this.#expandSaid(word, at.line);
    if (command !== null) {
      const hint = "write the resulting value itself";
      this.#problem(at, `this line depends on what ${shortened(command)} prints, and nothing is run here`, hint);
    }
    return text;
  }

  /** Expands and says which names are set nowhere. */
  #expandSaid(word: Word, line: number): Expanded {
    const expanded = this.#expand(word);
    for (const name of expanded.unset) {
      this.#remarks.say(
        "warning",
        line,
        `$${name} is not set and stands for nothing`,
        "set it above, or put the value in single quotes if the dollar sign belongs to it",
      );
    }
    return expanded;
  }

  #expand(word: Word): Expanded {
    let text = "";
    let command: string | null = null;
    const unset: string[] = [];
    for (const part of word) {
      if (part.kind === "text") text += part.text;
      else if (part.kind === "command") command = part.text;
      else {
        this.used.add(part.name);
        const value = part.fallback === null ? this.#lookup(part.name) : this.#current(part.name);
        if (part.fallback !== null && (value === undefined || (part.whenEmpty && value === ""))) {
          const inner = this.#expand(part.fallback);
          text += inner.text;
          command ??= inner.command;
          unset.push(...inner.unset);
        } else if (value === undefined) unset.push(part.name);
        else text += value;
        command ??= this.#computed.get(part.name) ?? null;
      }
    }
    return { text, command, unset };
  }

  /** What bash would know: set above, or in the environment. */
  #current(name: string): string | undefined {
    return this.values.get(name)?.value ?? this.#outside.environment(name);
  }

  #lookup(name: string): string | undefined {
    return this.#current(name) ?? this.#outside.fallback(name, this.values);
  }

  #problem(at: Place, message: string, hint: string): void {
    this.problems.push({ file: this.#file, line: at.line, column: at.column, message, hint });
  }
}

/** A command as it is shown in one line. */
function shortened(command: string): string {
  const line = command.replace(/\s+/g, " ");
  return line.length > 40 ? `${line.slice(0, 36)} …${line.startsWith("`") ? "`" : ")"}` : line;
}
