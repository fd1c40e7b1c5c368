/** What the shell parser makes of localrc: the subset of bash that describes settings. */

export type WordPart =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "variable";
      readonly name: string;
      /** Of `${NAME:-word}` and `${NAME-word}`. */
      readonly fallback: Word | null;
      /** Whether an empty value takes the fallback too (the colon). */
      readonly whenEmpty: boolean;
      readonly line: number;
      readonly column: number;
    }
  /** `$(…)`, backquotes or `$((…))`, as written: never run, so its value is not known. */
  | { readonly kind: "command"; readonly text: string };

export type Word = readonly WordPart[];

export type Statement =
  | {
      readonly kind: "assign";
      readonly name: string;
      readonly append: boolean;
      readonly value: Word;
      /** Of `NAME=(a b)`; `value` is the first, which is what `$NAME` means in bash. */
      readonly items?: readonly Word[];
      readonly line: number;
      readonly column: number;
    }
  | {
      readonly kind: "call";
      readonly command: string;
      readonly args: readonly Word[];
      readonly line: number;
      readonly column: number;
    }
  | { readonly kind: "if"; readonly branches: readonly Branch[]; readonly line: number; readonly column: number }
  | {
      readonly kind: "nothing";
      readonly why: Vain;
      /** What the message is about: the name that is not set, or the word that is no command. */
      readonly name: string;
      readonly line: number;
      readonly column: number;
    };

/**
 * Why a line changes nothing. Bash takes it for a command, finds none and goes on; so does DevStack, which reads localrc before it
 * sets errexit.
 */
export type Vain = "space around =" | "words behind a value" | "behind a list" | "no name" | "ini section" | "element";

/** A test that needs nothing but variables and the list of services: `[ a = b ]`, `!=`, `-z`, `-n`, `is_service_enabled NAME …`. */
export type Test =
  | { readonly operator: "=" | "!=" | "-z" | "-n"; readonly left: Word; readonly right: Word }
  | { readonly operator: "enabled"; readonly names: readonly Word[] };

/** `if TEST; then BODY`, `elif …`; the test of `else` is null. */
export interface Branch {
  readonly test: Test | null;
  readonly body: readonly Statement[];
}

/** The functions of DevStack that localrc may call. */
export const knownCommands: readonly string[] = [
  "enable_service",
  "disable_service",
  "disable_all_services",
  "enable_plugin",
];
