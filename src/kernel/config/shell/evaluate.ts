import type { ConfigProblem } from "../errors.ts";
import { nearest } from "../nearest.ts";
import {
  absentFeatures,
  defaultServices,
  expandService,
  knownServices,
  resolveServices,
  withoutService,
} from "../services.ts";
import type { ConfigWarning } from "../settings.ts";
import type { Statement, Word } from "./syntax.ts";

/** The text a variable was set to, and where. */
export interface RawValue {
  readonly value: string;
  readonly line: number;
  readonly column: number;
}

export interface Evaluation {
  readonly values: ReadonlyMap<string, RawValue>;
  /** Names that some value looked up: such a helper variable needs no warning when it is not a known one. */
  readonly used: ReadonlySet<string>;
  readonly problems: readonly ConfigProblem[];
  readonly warnings: readonly ConfigWarning[];
}

/** Runs the statements of localrc in order. `outside` gives what was set before: environment, then defaults; undefined for unknown names. */
export function evaluateLocalrc(
  file: string,
  statements: readonly Statement[],
  outside: {
    readonly environment: (name: string) => string | undefined;
    readonly fallback: (name: string, set: ReadonlyMap<string, RawValue>) => string | undefined;
  },
): Evaluation {
  const evaluator = new Evaluator(file, outside);
  for (const statement of statements) evaluator.run(statement);
  return evaluator;
}

class Evaluator implements Evaluation {
  readonly values = new Map<string, RawValue>();
  readonly used = new Set<string>();
  readonly problems: ConfigProblem[] = [];
  readonly warnings: ConfigWarning[] = [];
  readonly #file: string;
  readonly #outside: Parameters<typeof evaluateLocalrc>[2];
  readonly #disabled = new Set<string>();
  readonly #plugins = new Set<string>();

  constructor(file: string, outside: Parameters<typeof evaluateLocalrc>[2]) {
    this.#file = file;
    this.#outside = outside;
  }

  run(statement: Statement): void {
    if (statement.kind === "assign") this.#assign(statement);
    else if (statement.command === "disable_all_services") this.#setServices([], statement);
    else if (statement.command === "enable_plugin") this.#enablePlugin(statement);
    else this.#editServices(statement);
  }

  #assign(statement: Statement & { readonly kind: "assign" }): void {
    const { name, line, column } = statement;
    const text = this.#expand(statement.value);
    // DevStack has set its list of services before it reads localrc; everything else is still unset then.
    const before = name === "ENABLED_SERVICES" ? this.#lookup(name) : this.#current(name);
    this.values.set(name, { value: statement.append ? `${before ?? ""}${text}` : text, line, column });
  }

  #editServices(statement: Statement & { readonly kind: "call" }): void {
    const names = statement.args.flatMap((word) => this.#expand(word).split(/[,\s]+/)).filter((name) => name !== "");
    if (names.length === 0) {
      this.#problem(statement, `${statement.command} without a service`, `write ${statement.command} NAME …`);
      return;
    }
    let services = resolveServices(this.#lookup("ENABLED_SERVICES") ?? "");
    const enabled: string[] = [];
    for (const name of names) {
      const bare = name.replace(/^-/, "");
      this.checkService(bare, statement.line);
      if (statement.command === "disable_service" || name.startsWith("-")) {
        if (expandService(bare).some((service) => defaultServices.includes(service))) {
          this.#warn(
            statement.line,
            `${bare} stays on`,
            "one process has every service, and an unused one costs nothing",
          );
        }
        for (const service of expandService(bare)) this.#disabled.add(service);
        services = withoutService(services, bare);
      } else {
        services = this.#enable(services, bare, statement.line);
        enabled.push(bare);
      }
    }
    for (const feature of absentFeatures(enabled.flatMap(expandService))) {
      this.#warn(statement.line, `there is no ${feature} in this cloud yet`, "the line has no effect for it");
    }
    this.#setServices(services, statement);
  }

  #enable(services: readonly string[], name: string, line: number): readonly string[] {
    const members = expandService(name);
    const refused = members.filter((service) => this.#disabled.has(service));
    if (refused.length > 0) {
      this.#warn(
        line,
        `${refused.join(", ")} stays off`,
        "an earlier disable_service wins over enable_service; remove one of the two",
      );
    }
    return [...new Set([...services, ...members.filter((service) => !this.#disabled.has(service))])];
  }

  checkService(name: string, line: number): void {
    if (knownServices.includes(name)) return;
    const meant = nearest(name, knownServices);
    this.#warn(line, `unknown service "${name}"`, meant === null ? "it has no effect" : `did you mean ${meant}?`);
  }

  #enablePlugin(statement: Statement & { readonly kind: "call" }): void {
    const [name = "", url = ""] = statement.args.map((word) => this.#expand(word));
    if (name === "" || url === "") {
      this.#problem(statement, "enable_plugin needs a name and a URL", "write enable_plugin NAME URL [BRANCH]");
    } else if (this.#plugins.has(name)) {
      this.#problem(statement, `plugin "${name}" is enabled twice`, "remove one of the two lines");
    } else {
      this.#plugins.add(name);
      const features = absentFeatures(expandService(name));
      const what = features.length === 0 ? "" : `there is no ${features.join(" and ")} in this cloud yet; `;
      this.#warn(statement.line, `plugin "${name}" has no effect`, `${what}plugins are not fetched`);
    }
  }

  #setServices(services: readonly string[], at: { readonly line: number; readonly column: number }): void {
    this.values.set("ENABLED_SERVICES", { value: services.join(","), line: at.line, column: at.column });
  }

  #expand(word: Word): string {
    return word
      .map((part) => {
        if (part.kind === "text") return part.text;
        this.used.add(part.name);
        const value = part.fallback === null ? this.#lookup(part.name) : this.#current(part.name);
        if (part.fallback !== null) {
          return value === undefined || (part.whenEmpty && value === "") ? this.#expand(part.fallback) : value;
        }
        if (value === undefined) {
          this.#warn(
            part.line,
            `$${part.name} is not set and stands for nothing`,
            "set it above, or put the value in single quotes if the dollar sign belongs to it",
          );
        }
        return value ?? "";
      })
      .join("");
  }

  /** What bash would know: set above, or in the environment. */
  #current(name: string): string | undefined {
    return this.values.get(name)?.value ?? this.#outside.environment(name);
  }

  #lookup(name: string): string | undefined {
    return this.#current(name) ?? this.#outside.fallback(name, this.values);
  }

  #problem(at: { readonly line: number; readonly column: number }, message: string, hint: string): void {
    this.problems.push({ file: this.#file, line: at.line, column: at.column, message, hint });
  }

  #warn(line: number, message: string, hint: string): void {
    this.warnings.push({ file: this.#file, line, message, hint, severity: "warning" });
  }
}
