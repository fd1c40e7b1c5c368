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
    };

export type Word = readonly WordPart[];

export type Statement =
  | {
      readonly kind: "assign";
      readonly name: string;
      readonly append: boolean;
      readonly value: Word;
      readonly line: number;
      readonly column: number;
    }
  | {
      readonly kind: "call";
      readonly command: string;
      readonly args: readonly Word[];
      readonly line: number;
      readonly column: number;
    };

/** The functions of DevStack that localrc may call. */
export const knownCommands: readonly string[] = [
  "enable_service",
  "disable_service",
  "disable_all_services",
  "enable_plugin",
];
