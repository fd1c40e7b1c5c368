/** One mistake in the configuration, told so that it can be put right without looking anything up. */
export interface ConfigProblem {
  /** Path as the user gave it, or null for the environment. */
  readonly file: string | null;
  readonly line: number | null;
  /** 1-based, where it is known. */
  readonly column: number | null;
  /** What is wrong. */
  readonly message: string;
  /** What would be right. */
  readonly hint: string;
}

/** Holds every problem that was found, in the order of the file, so that one run shows them all. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(problems.map(formatProblem).join("\n"));
    this.problems = problems;
  }
}

/** `local.conf:12:5: what is wrong; what would be right`, the form editors can jump to. */
export function formatProblem(problem: {
  readonly file: string | null;
  readonly line: number | null;
  readonly column?: number | null;
  readonly message: string;
  readonly hint: string;
}): string {
  const place = [problem.file ?? "environment", problem.line, problem.column].filter((part) => part != null).join(":");
  return `${place}: ${problem.message}${problem.hint === "" ? "" : `\n    ${problem.hint}`}`;
}
