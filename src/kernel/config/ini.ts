import type { ConfigProblem } from "./errors.ts";

export interface IniLine {
  readonly section: string;
  readonly option: string;
  readonly value: string;
  readonly line: number;
}

/**
 * The INI inside a post-config section: `[section]`, `key = value` (the value may hold `=`), `#` and `;` comments.
 * `strays` are lines without `=`, of which DevStack makes nothing.
 */
export function parseIni(
  file: string,
  body: string,
  firstLine: number,
): {
  readonly entries: readonly IniLine[];
  readonly problems: readonly ConfigProblem[];
  readonly strays: readonly { readonly line: number; readonly text: string }[];
} {
  const entries: IniLine[] = [];
  const strays: { line: number; text: string }[] = [];
  const problems: ConfigProblem[] = [];
  let section = "";
  body.split("\n").forEach((raw, index) => {
    const text = raw.trim();
    const line = firstLine + index;
    if (text === "" || text.startsWith("#") || text.startsWith(";")) return;
    const header = /^\[([^\]]+)\](\s*[#;].*)?$/.exec(text);
    const equals = text.indexOf("=");
    const problem = (message: string, hint: string): void => {
      problems.push({ file, line, column: 1, message, hint });
    };
    if (header !== null) section = (header[1] ?? "").trim();
    else if (text.startsWith("[")) problem(`malformed INI section: ${text}`, "write [section] alone on its line");
    else if (equals === -1) strays.push({ line, text });
    else if (equals === 0) problem(`"${text}" is not an option`, "write option = value");
    else if (section === "")
      problem(`option "${text.slice(0, equals).trim()}" before any [section]`, "put [DEFAULT] above it");
    else entries.push({ section, option: text.slice(0, equals).trim(), value: text.slice(equals + 1).trim(), line });
  });
  return { entries, problems, strays };
}
