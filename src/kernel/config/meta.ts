import type { ConfigProblem } from "./errors.ts";

/** A `[[phase|file]]` part of local.conf. */
export interface MetaSection {
  readonly phase: string;
  /** As written, `$NOVA_CONF` is not yet looked up. */
  readonly target: string;
  /** Line of the header, 1-based; 0 for a file without headers. */
  readonly line: number;
  /** Line of the first line of the body. */
  readonly bodyLine: number;
  readonly body: string;
}

const header = /^\[\[([^\]|\s]+)\|([^\]|\s]+)\]\]\s*$/;
export const phases: readonly string[] = ["local", "post-config", "extra", "post-extra", "test-config"];

/**
 * Splits local.conf into its sections (devstack inc/meta-config). A file without any header is taken as a whole
 * as localrc, as DevStack's older `localrc` file was.
 */
export function splitSections(
  file: string,
  text: string,
): { readonly sections: readonly MetaSection[]; readonly problems: readonly ConfigProblem[] } {
  const lines = text
    .replaceAll("\r\n", "\n")
    .replace(/^\uFEFF/, "")
    .split("\n");
  const problems: ConfigProblem[] = [];
  const sections: MetaSection[] = [];
  const starts = lines.flatMap((line, index) => (looksLikeHeader(line) ? [index] : []));
  const first = starts[0];
  if (first === undefined) {
    return {
      sections: [{ phase: "local", target: "localrc", line: 0, bodyLine: 1, body: lines.join("\n") }],
      problems,
    };
  }
  const stray = lines.slice(0, first).findIndex((line) => line.trim() !== "" && !line.trim().startsWith("#"));
  if (stray !== -1) {
    problems.push({
      file,
      line: stray + 1,
      column: 1,
      message: "text before the first [[phase|file]] header belongs to no section and DevStack would ignore it",
      hint: "put the line [[local|localrc]] above it",
    });
  }
  starts.forEach((start, index) => {
    const line = lines[start] ?? "";
    const match = header.exec(line);
    const body = lines.slice(start + 1, starts[index + 1] ?? lines.length).join("\n");
    const phase = match?.[1] ?? "";
    if (match === null) {
      problems.push({
        file,
        line: start + 1,
        column: 1,
        message: `malformed section header: ${line.trim()}`,
        hint: "write [[phase|file]] alone on its line and without spaces, for example [[local|localrc]]",
      });
    } else if (!phases.includes(phase)) {
      problems.push({
        file,
        line: start + 1,
        column: 3,
        message: `unknown phase "${phase}" in section header`,
        hint: `phases are ${phases.join(", ")}`,
      });
    } else {
      sections.push({ phase, target: match[2] ?? "", line: start + 1, bodyLine: start + 2, body });
    }
  });
  return { sections, problems };
}

/** `[[ -f x ]]` is a bash test and is left for the shell parser to refuse; anything with a `|` or tight brackets was meant as a header. */
function looksLikeHeader(line: string): boolean {
  return /^\s*\[\[/.test(line) && (!/^\s*\[\[\s/.test(line) || (line.includes("|") && !line.includes("||")));
}
