import type { ConfigProblem } from "./errors.ts";
import type { Remarks } from "./remarks.ts";

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

/** What follows behind a blank counts for nothing, as in DevStack. */
const header = /^\[\[([^\]|\s]+)\|([^\]|\s]*)\]\](\s.*)?$/;
export const phases: readonly string[] = ["local", "post-config", "extra", "post-extra", "test-config"];

/**
 * Splits local.conf into its sections (devstack inc/meta-config). A file without any header is taken as a whole
 * as localrc, as DevStack's older `localrc` file was.
 */
export function splitSections(
  file: string,
  text: string,
  remarks: Remarks,
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
    const message = `what stands above ${(lines[first] ?? "").trim()} belongs to no section and has no effect`;
    remarks.say("warning", stray + 1, message, "DevStack ignores it, too; move it below a header");
  }
  starts.forEach((start, index) => {
    const line = lines[start] ?? "";
    const match = header.exec(line);
    const body = lines.slice(start + 1, starts[index + 1] ?? lines.length).join("\n");
    const phase = match?.[1] ?? "";
    if (match === null) {
      problems.push({ file, line: start + 1, column: 1, ...malformed(line) });
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

/** What is wrong with a line that was meant as a header. */
function malformed(line: string): { readonly message: string; readonly hint: string } {
  const text = line.trim();
  const parts = /^\[*\s*([^\]|[\s]+)\s*\|\s*([^\]|\s]*)\s*\]*/.exec(text);
  const right = parts === null ? "[[local|localrc]]" : `[[${parts[1]}|${parts[2]}]]`;
  const [open = "", close = ""] = [/^\[*/.exec(text)?.[0], /\]*$/.exec(text)?.[0]];
  let what = `malformed section header: ${text}`;
  if (parts !== null && open.length !== 2)
    what = `malformed section header ${text}: it begins with ${count(open.length)}, not two`;
  else if (parts !== null && close.length !== 2)
    what = `malformed section header ${text}: it ends with ${count(close.length)}, not two`;
  else if (line !== line.trimStart()) what = `blanks in front of the section header ${text}`;
  return { message: what, hint: `write ${right} alone on its line and without spaces` };
}

const count = (brackets: number): string =>
  brackets === 0 ? "no bracket" : `${brackets} bracket${brackets === 1 ? "" : "s"}`;

/**
 * `[[ -f x ]]` is a bash test and is left for the shell parser to refuse; anything with a `|` between words or tight brackets
 * was meant as a header, also with a bracket too few.
 */
function looksLikeHeader(line: string): boolean {
  if (/^\s*\[\w[\w-]*\|[^\s\]|]*\]*\s*$/.test(line)) return true;
  return /^\s*\[\[/.test(line) && (!/^\s*\[\[\s/.test(line) || (line.includes("|") && !line.includes("||")));
}
