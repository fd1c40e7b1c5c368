import { isOfAbsentFeature } from "./absent.ts";
import type { ConfigProblem } from "./errors.ts";
import type { Language } from "./language.ts";
import type { MetaSection } from "./meta.ts";
import { nearest } from "./nearest.ts";
import { looksUnfilled } from "./placeholder.ts";
import { type Remarks, unknownVariables, withoutEffect } from "./remarks.ts";
import { type Given, Resolver } from "./resolve.ts";
import type { HostFacts } from "./settings.ts";
import { type Evaluation, evaluateLocalrc, type RawValue } from "./shell/evaluate.ts";
import { parseLocalrc } from "./shell/parser.ts";
import { findAccepted } from "./variables/accepted.ts";

interface Outside {
  readonly language: Language;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hostFacts: HostFacts;
}

/** Parses and evaluates the localrc sections; what they set of known variables goes into `given`. */
export function takeLocalrc(
  file: string,
  sections: readonly MetaSection[],
  outside: Outside,
  to: { readonly given: Map<string, Given>; readonly problems: ConfigProblem[]; readonly remarks: Remarks },
): Evaluation {
  const { language } = outside;
  const parsed = sections
    .filter((section) => section.phase === "local" && section.target === "localrc")
    .map((section) => parseLocalrc(file, section.body, section.bodyLine));
  to.problems.push(...parsed.flatMap((one) => one.problems));
  const fallback = (name: string, set: ReadonlyMap<string, RawValue>): string | undefined => {
    if (language.findVariable(name) === undefined) return undefined;
    const known = new Map(to.given);
    for (const [other, raw] of set) known.set(language.aliasTarget(other) ?? other, { ...raw, file });
    return new Resolver(language, known, new Map(), outside.hostFacts).text(name);
  };
  const evaluation = evaluateLocalrc(
    file,
    parsed.flatMap((one) => one.statements),
    { language, environment: (name) => outside.env[name], fallback },
    to.remarks,
  );
  to.problems.push(...evaluation.problems);
  for (const [name, raw] of evaluation.values) {
    const target = language.aliasTarget(name) ?? name;
    // A variable set by both of its names has the present one's value.
    if (target !== name && evaluation.values.has(target)) continue;
    if (language.findVariable(target) !== undefined) to.given.set(target, { ...raw, file });
  }
  return evaluation;
}

/** Says what localrc sets in vain. Last of all: post-config may use a variable, too. */
export function describeVariables(evaluation: Evaluation, outside: Outside, remarks: Remarks): void {
  const { language } = outside;
  for (const [name, raw] of evaluation.values) {
    const variable = language.findVariable(language.aliasTarget(name) ?? name);
    if (variable === undefined) describeOther(language, name, raw, evaluation.used, remarks);
    else {
      const fromEnvironment = outside.env[name];
      if (fromEnvironment !== undefined && fromEnvironment !== raw.value && !evaluation.used.has(name)) {
        const shown = variable.secret === true ? "…" : raw.value;
        const hint = `write ${name}=\${${name}:-${shown}} to let the environment decide`;
        remarks.say("warning", raw.line, `${name} of the environment is not used: the file sets it`, hint);
      }
      if (variable.secret === true && looksUnfilled(raw.value)) {
        remarks.say("warning", raw.line, `${name} looks like a placeholder`, "it is taken as it stands");
      }
    }
  }
}

/** How far a mistyped name may be from a known one where it could also be some other variable of DevStack's. */
const CLOSE = 2;

function describeOther(
  language: Language,
  name: string,
  raw: RawValue,
  used: ReadonlySet<string>,
  remarks: Remarks,
): void {
  if (isOfAbsentFeature(name)) return;
  const accepted = findAccepted(name);
  if (accepted === undefined && used.has(name)) return;
  const meant =
    accepted === undefined
      ? nearest(name, [...language.allNames(), "DISABLED_SERVICES"])
      : accepted.name.includes("*")
        ? nearest(name, language.allNames(), CLOSE)
        : null;
  if (meant !== null) remarks.say("warning", raw.line, `unknown variable ${name}`, `did you mean ${meant}?`);
  else if (accepted === undefined) remarks.group(unknownVariables, raw.line, name);
  else if (accepted.note !== "" && accepted.quiet?.test(raw.value) !== true)
    remarks.group(withoutEffect(accepted.note), raw.line, name);
}
