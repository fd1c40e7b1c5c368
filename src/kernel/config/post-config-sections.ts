import type { ConfigurationFiles } from "./declaration.ts";
import type { ConfigProblem } from "./errors.ts";
import { type IniLine, parseIni } from "./ini.ts";
import type { Language } from "./language.ts";
import type { MetaSection } from "./meta.ts";
import { nearest } from "./nearest.ts";
import { isOfNetworkBackend, isWithoutNotice } from "./post-config/other-places.ts";
import { commandLines, type Remarks, renamedOptions, strayLines, unknownOptions, withoutEffect } from "./remarks.ts";
import type { Given } from "./resolve.ts";
import type { Evaluation } from "./shell/evaluate.ts";
import { SyntaxProblem } from "./shell/scanner.ts";
import { NETWORK_BACKEND, TEMPEST } from "./variables/accepted.ts";

interface Collected {
  readonly given: Map<string, Given>;
  readonly problems: ConfigProblem[];
  readonly remarks: Remarks;
}

/**
 * The sections behind localrc: options that set a variable go into `given`, the others are returned by `file/section/option`.
 * Values are evaluated with localrc's variables, as DevStack's merge_config_file does.
 */
export function takePostConfig(
  language: Language,
  file: string,
  sections: readonly MetaSection[],
  evaluation: Evaluation,
  to: Collected,
): Map<string, Given> {
  const found = new Map<string, Given>();
  for (const section of sections) {
    if (section.phase === "local") {
      if (section.target === "localrc") continue;
      const hint = "variables belong under [[local|localrc]]";
      to.remarks.say("warning", section.line, `[[local|${section.target}]] is not read`, hint);
      continue;
    }
    const files = language.filesOf(section.target);
    const { entries, problems, strays } = parseIni(file, section.body, section.bodyLine);
    to.problems.push(...problems);
    for (const { line, text } of strays) {
      to.remarks.group(/^(enable|disable)_\w+\s/.test(text) ? commandLines : strayLines, line, `"${text}"`);
    }
    if (section.target === "") {
      const hint = `DevStack would skip the section, too; write for example [[post-config|${language.files[0]?.variable}]]`;
      to.remarks.say("warning", section.line, `[[${section.phase}|]] names no file`, hint);
    } else if (files === null) {
      const names = language.files.map(({ variable }) => variable);
      const hint = `use ${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;
      to.remarks.say("warning", section.line, `${section.target} names no known configuration file`, hint);
    }
    if (files === "other" && entries.length > 0) {
      const why = section.target.includes("TEMPEST") ? TEMPEST : "no program of this cloud reads it";
      to.remarks.group(withoutEffect(why), section.line, section.target);
    }
    const known = files === "other" ? null : files;
    for (const entry of entries) takeOption(file, known, entry, { language, evaluation, found, ...to });
  }
  return found;
}

function takeOption(
  file: string,
  files: ConfigurationFiles | null,
  entry: IniLine,
  to: Collected & { readonly language: Language; readonly evaluation: Evaluation; readonly found: Map<string, Given> },
): void {
  const { section, option, line } = entry;
  const place = files?.former?.[`${section}/${option}`] ?? `${section}/${option}`;
  const [presentSection = "", presentOption = ""] = place.split("/");
  const name = `${files?.name}/${place}`;
  const definition = files === null ? undefined : to.language.findOption(name);
  const value = expanded(file, entry, definition !== undefined, to);
  if (definition === undefined || value === null) {
    if (files !== null && definition === undefined) describeOption(files, entry, to.remarks);
    return;
  }
  if (place !== `${section}/${option}`) {
    to.remarks.group(renamedOptions, line, `[${section}] ${option} is [${presentSection}] ${presentOption} today`);
  }
  const origin = { value, file, line, column: 1 };
  if ("variable" in definition) to.given.set(definition.variable, origin);
  else to.found.set(name, origin);
}

/** The value with its variables, or null where it cannot be known. Nothing is said of an option that has no effect anyway. */
function expanded(
  file: string,
  { section, option, value, line }: IniLine,
  matters: boolean,
  to: Collected & { readonly evaluation: Evaluation },
): string | null {
  const name = `[${section}] ${option}`;
  try {
    const { text, command, unset } = to.evaluation.expandText(value, line);
    if (!matters) return text;
    if (command !== null) {
      const message = `${name} is what a command prints, and nothing is run here`;
      to.problems.push({ file, line, column: 1, message, hint: "write the resulting value itself" });
      return null;
    }
    for (const variable of unset) {
      const hint = "set it under [[local|localrc]], or write \\$ for a dollar sign";
      to.remarks.say("warning", line, `$${variable} of ${name} is not set and stands for nothing`, hint);
    }
    return text;
  } catch (cause) {
    if (!(cause instanceof SyntaxProblem)) throw cause;
    if (matters) to.problems.push({ file, line: cause.line, column: 1, message: cause.message, hint: cause.hint });
    return null;
  }
}

/** A mistyped name may be that far from a known one. */
const CLOSE = 2;

function describeOption(files: ConfigurationFiles, { section, option, line }: IniLine, remarks: Remarks): void {
  if (isWithoutNotice(section, option)) return;
  if (isOfNetworkBackend(section, option)) {
    remarks.group(withoutEffect(NETWORK_BACKEND), line, `[${section}] ${option}`);
    return;
  }
  const [meantSection, meantOption] =
    nearest(`${section}/${option}`, Object.keys(files.options), CLOSE)?.split("/") ?? [];
  if (meantOption === undefined) remarks.group(unknownOptions, line, `[${section}] ${option}`);
  else
    remarks.say(
      "warning",
      line,
      `[${section}] ${option} has no effect here`,
      `did you mean [${meantSection}] ${meantOption}?`,
    );
}
