import type { ConfigWarning } from "./settings.ts";
import type { Vain } from "./shell/syntax.ts";

/** Several things of one kind that are told in one message. */
interface Kind {
  readonly severity: ConfigWarning["severity"];
  /** `names` is "A, B and C"; `many` whether it is more than one. */
  readonly message: (names: string, many: boolean) => string;
  /** How the last two names are joined; "and". */
  readonly join?: string;
  /** All names are listed, however many. */
  readonly whole?: boolean;
  readonly hint: string;
}

/** More names than that are counted, not listed. */
const LISTED = 6;

/**
 * What is to be said about a local.conf. Things of one kind are said once, at the line of the first, so that a file with
 * twenty variables for the same absent part gives one message.
 */
export class Remarks {
  readonly #file: string;
  readonly #single: ConfigWarning[] = [];
  readonly #groups = new Map<string, { kind: Kind; names: Map<string, number> }>();

  constructor(file: string) {
    this.#file = file;
  }

  /** Something of its own; the same words at another line are not repeated. */
  say(severity: ConfigWarning["severity"], line: number | null, message: string, hint: string): void {
    if (this.#single.some((one) => one.message === message && one.hint === hint)) return;
    this.#single.push({ file: this.#file, line, message, hint, severity });
  }

  /** One more of a kind; kinds with the same hint and severity are one. */
  group(kind: Kind, line: number, name: string): void {
    const key = `${kind.severity} ${kind.hint} ${kind.message("", true)}`;
    const found = this.#groups.get(key) ?? { kind, names: new Map<string, number>() };
    this.#groups.set(key, found);
    found.names.set(name, Math.min(line, found.names.get(name) ?? line));
  }

  /** The variables of that line that are set nowhere, in words; "" when there are none. */
  unsetAt(line: number | null): string {
    const found = this.#single.filter((one) => one.line === line && one.message.startsWith("$"));
    return found.map(({ message }) => message).join("; ");
  }

  /** In the order of their lines. */
  all(): readonly ConfigWarning[] {
    const grouped = [...this.#groups.values()].map(({ kind, names }) => {
      const inOrder = [...names].sort(([, one], [, other]) => one - other);
      return {
        file: this.#file,
        line: inOrder[0]?.[1] ?? null,
        message: kind.message(
          listed(
            inOrder.map(([name]) => name),
            kind,
          ),
          names.size > 1,
        ),
        hint: kind.hint,
        severity: kind.severity,
      };
    });
    return [...this.#single, ...grouped].sort((one, other) => (one.line ?? 0) - (other.line ?? 0));
  }
}

function listed(names: readonly string[], { join = "and", whole = false }: Kind): string {
  const shown =
    names.length > LISTED && !whole ? [...names.slice(0, LISTED - 1), `${names.length - LISTED + 1} more`] : names;
  return shown.length < 2 ? (shown[0] ?? "") : `${shown.slice(0, -1).join(", ")} ${join} ${shown.at(-1)}`;
}

/** Variables, services or options that change nothing here, by the reason why. */
export const withoutEffect = (why: string): Kind => ({
  severity: "note",
  message: (names, many) => `${names} ${many ? "have" : "has"} no effect here`,
  hint: why,
});

export const notThere: Kind = {
  severity: "warning",
  message: (names) => `there is no ${names} in this cloud yet`,
  join: "and no",
  whole: true,
  hint: "what asks for it fails; everything else is there",
};

export const unknownVariables: Kind = {
  severity: "warning",
  message: (names, many) =>
    many ? `unknown variables ${names} have no effect` : `unknown variable ${names} has no effect`,
  hint: "docs/local-conf.md lists all that are known",
};

/** Lines of localrc that bash takes for commands which there are not, by what their writers did. */
export const inVain: Readonly<Record<Vain, Kind>> = {
  "space around =": {
    severity: "warning",
    message: (names, many) => `${names} ${many ? "are" : "is"} not set: there is a space next to the =`,
    hint: "for bash, and so for DevStack, such a line sets nothing; write NAME=value",
  },
  "words behind a value": {
    severity: "warning",
    message: (names, many) => `${names} ${many ? "are" : "is"} not set: another word follows the value`,
    hint: "for bash, and so for DevStack, such a line sets nothing; put quotes around a value that contains spaces",
  },
  "behind a list": {
    severity: "warning",
    message: (names, many) =>
      `${names} ${many ? "belong" : "belongs"} to no list and ${many ? "have" : "has"} no effect`,
    hint: "a list ends with its line, in DevStack too: write it on one, or end the line above with \\",
  },
  "no name": {
    severity: "warning",
    message: (names, many) => `${names} cannot be ${many ? "names of variables" : "a variable name"}`,
    hint: "names are letters, digits and _; for bash, and so for DevStack, such a line sets nothing",
  },
  "ini section": {
    severity: "warning",
    message: (names) => `${names} inside localrc has no effect`,
    hint: "service options belong under a header such as [[post-config|FILE]]",
  },
  element: {
    severity: "warning",
    message: (names, many) => `${names} ${many ? "have" : "has"} no effect`,
    hint: "DevStack reads no arrays of settings; $NAME is the first element",
  },
};

export const unknownServices: Kind = {
  severity: "warning",
  message: (names, many) => (many ? `unknown services ${names}` : `unknown service ${names}`),
  hint: "what one process does not know has no effect",
};

/** Parts that are one with an API. */
export const staysOn = (api: string): Kind => ({
  severity: "note",
  message: (names, many) => `${names} ${many ? "stay" : "stays"} on`,
  hint: `one process is all of it; disable ${api} to be without`,
});

export const otherPlugins: Kind = {
  severity: "warning",
  message: (names, many) => `plugin${many ? "s" : ""} ${names} ${many ? "are" : "is"} not there`,
  hint: "plugins are not fetched: nothing of DevStack's is run",
};

export const unknownOptions: Kind = {
  severity: "warning",
  message: (names, many) => `${names} ${many ? "have" : "has"} no effect here`,
  hint: "docs/local-conf.md lists the options that have; the rest of the section counts",
};

export const renamedOptions: Kind = {
  severity: "note",
  message: (names) => names,
  hint: "the value is taken",
};

/** Lines of post-config that are no options. */
export const strayLines: Kind = {
  severity: "warning",
  message: (names, many) => `${names} ${many ? "are no options" : "is no option"}`,
  hint: "options are written name = value",
};

export const commandLines: Kind = {
  severity: "warning",
  message: (names, many) => `${names} ${many ? "have" : "has"} no effect in this section`,
  hint: "move to [[local|localrc]], above all other sections",
};
