import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseBlock } from "./addresses.ts";
import { buildSettings } from "./build.ts";
import { ConfigError, type ConfigProblem } from "./errors.ts";
import { parseIni } from "./ini.ts";
import { type MetaSection, splitSections } from "./meta.ts";
import { nearest } from "./nearest.ts";
import { generatedSecrets, generatePassword, passwordFileName, readPasswords, writePasswords } from "./passwords.ts";
import { configServiceOf, findIniOption, iniOptionNames } from "./post-config.ts";
import { type Given, Resolver } from "./resolve.ts";
import { absentFeatures, knownServices, resolveServices } from "./services.ts";
import type { ConfigWarning, HostFacts, Settings } from "./settings.ts";
import { evaluateLocalrc } from "./shell/evaluate.ts";
import { parseLocalrc } from "./shell/parser.ts";
import { checkContradictions } from "./validate.ts";
import { findAccepted } from "./variables/accepted.ts";
import { aliasTarget, allNames, findVariable } from "./variables.ts";

export interface LoadOptions {
  /** local.conf; a file that is named and missing is an error. Undefined: `local.conf` (or DevStack's old `localrc`) in cwd, if there is one. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hostFacts: HostFacts;
  readonly cwd: string;
  /** Values an earlier start settled on (detected HOST_IP, ranges moved out of the way); they beat defaults only. */
  readonly remembered?: Readonly<Record<string, string>>;
  /** Store generated passwords in DATA_DIR (0600). Without it nothing is written, and passwords differ per call unless stored before. */
  readonly write?: boolean;
  /** The text of the file, for tests; then nothing is read but the password file. */
  readonly text?: string;
}

/**
 * Reads local.conf and gives the settings of the whole program.
 * @throws ConfigError with every mistake that was found
 */
export function loadSettings(options: LoadOptions): {
  readonly settings: Settings;
  readonly warnings: readonly ConfigWarning[];
} {
  const source = readSource(options);
  const { sections, problems: sectionProblems } = splitSections(source.name, source.text);
  const problems: ConfigProblem[] = [...sectionProblems];
  const warnings: ConfigWarning[] = [];
  const given = new Map<string, Given>();
  takeRemembered(options, given);
  takeEnvironment(options, given);
  takeLocalrc(options, source.name, sections, { given, problems, warnings });
  const iniOptions = takePostConfig(source.name, sections, { given, problems, warnings });
  // `dhcp` asks for the detection that happens anyway, or for what it found the first time.
  if (given.get("HOST_IP")?.value === "dhcp") {
    const value = options.remembered?.HOST_IP;
    if (value === undefined) given.delete("HOST_IP");
    else given.set("HOST_IP", { value, file: rememberedFile, line: null, column: null });
  }
  fitSubnetPool(given);

  const resolver = new Resolver(given, iniOptions, options.hostFacts);
  const base = source.path === null ? options.cwd : dirname(source.path);
  const passwordFile = join(resolve(base, resolver.text("DATA_DIR")), passwordFileName);
  const generated = fillSecrets(given, passwordFile);
  const explicit = [...given].flatMap(([name, entry]) => (entry.file === rememberedFile ? [] : [name]));
  const settings = buildSettings(resolver, {
    configFile: source.path,
    baseFolder: base,
    explicit: explicit.sort(),
  });
  checkContradictions(settings, resolver);
  problems.push(...resolver.problems);
  if (problems.length > 0) throw new ConfigError(problems.sort((one, other) => (one.line ?? 0) - (other.line ?? 0)));
  if (options.write === true && generated.fresh) writePasswords(passwordFile, generated.stored);
  return { settings, warnings };
}

const rememberedFile = "(remembered)";

const WRONG_FILE = "copy local.conf.example to local.conf, or leave -c out to run with the defaults";
/** The system's codes → what is wrong, and what would be right. */
const UNREADABLE: Readonly<Record<string, readonly [string, string]>> = {
  ENOENT: ["there is no such file", WRONG_FILE],
  EISDIR: ["is a directory, not a file", "name the file in it: -c DIRECTORY/local.conf"],
  EACCES: ["may not be read by this user", "run as its owner or with sudo, or change its permissions"],
};

const unreadable = (file: string, message: string, hint: string): ConfigError =>
  new ConfigError([{ file, line: null, column: null, message, hint }]);

function readSource(options: LoadOptions): {
  readonly name: string;
  readonly path: string | null;
  readonly text: string;
} {
  if (options.text !== undefined) return { name: options.file ?? "local.conf", path: null, text: options.text };
  const names = options.file === undefined ? ["local.conf", "localrc"] : [options.file];
  for (const name of names) {
    const path = resolve(options.cwd, name);
    try {
      const text = readFileSync(path, "utf8");
      if (text.includes("\0")) throw unreadable(name, "is not a text file", WRONG_FILE);
      return { name, path, text };
    } catch (cause) {
      if (cause instanceof ConfigError) throw cause;
      const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
      if (code === "ENOENT" && options.file === undefined) continue;
      const [message, hint] = UNREADABLE[code] ?? [`cannot be read: ${String(cause)}`, WRONG_FILE];
      throw unreadable(name, message, hint);
    }
  }
  return { name: "local.conf", path: null, text: "" };
}

interface Collected {
  readonly given: Map<string, Given>;
  readonly problems: ConfigProblem[];
  readonly warnings: ConfigWarning[];
}

function takeRemembered(options: LoadOptions, given: Map<string, Given>): void {
  for (const [name, value] of Object.entries(options.remembered ?? {})) {
    given.set(name, { value, file: rememberedFile, line: null, column: null });
  }
}

function takeEnvironment(options: LoadOptions, given: Map<string, Given>): void {
  for (const name of allNames()) {
    const value = options.env[name];
    if (value !== undefined) given.set(aliasTarget(name) ?? name, { value, file: null, line: null, column: null });
  }
}

function takeLocalrc(options: LoadOptions, file: string, sections: readonly MetaSection[], to: Collected): void {
  const parsed = sections
    .filter((section) => section.phase === "local" && /^localrc$/.test(section.target))
    .map((section) => parseLocalrc(file, section.body, section.bodyLine));
  to.problems.push(...parsed.flatMap((one) => one.problems));
  const statements = parsed.flatMap((one) => one.statements);
  const result = evaluateLocalrc(file, statements, {
    environment: (name) => options.env[name],
    fallback: (name, set) => {
      if (findVariable(name) === undefined) return undefined;
      const known = new Map(to.given);
      for (const [other, raw] of set) known.set(aliasTarget(other) ?? other, { ...raw, file });
      return new Resolver(known, new Map(), options.hostFacts).text(name);
    },
  });
  to.problems.push(...result.problems);
  to.warnings.push(...result.warnings);
  for (const [name, raw] of result.values) {
    const target = aliasTarget(name) ?? name;
    const warn = (message: string, hint: string, severity: "note" | "warning"): void => {
      to.warnings.push({ file, line: raw.line, message, hint, severity });
    };
    if (target !== name) {
      warn(`${name} is an older name of ${target}`, `write ${target}`, "note");
      if (result.values.has(target)) continue;
    }
    if (findVariable(target) !== undefined) {
      const fromEnvironment = options.env[name];
      const secret = findVariable(target)?.secret === true;
      if (fromEnvironment !== undefined && fromEnvironment !== raw.value && !result.used.has(name)) {
        const hint = `write ${name}=\${${name}:-${secret ? "…" : raw.value}} to let the environment decide`;
        warn(`${name} of the environment is not used: the file sets it`, hint, "warning");
      }
      to.given.set(target, { ...raw, file });
    } else describeUnknown(name, result.used, warn);
  }
  const list = result.values.get("ENABLED_SERVICES");
  const wholeList = statements.some((one) => one.kind === "assign" && one.name === "ENABLED_SERVICES");
  if (list !== undefined && wholeList) {
    warnUnknownServices(file, list.value, list.line, to.warnings);
    for (const feature of absentFeatures(resolveServices(list.value))) {
      const hint = "what asks for it fails; everything else is there";
      to.warnings.push({
        file,
        line: list.line,
        message: `there is no ${feature} in this cloud yet`,
        hint,
        severity: "note",
      });
    }
  }
}

function warnUnknownServices(file: string, text: string, line: number, warnings: ConfigWarning[]): void {
  for (const item of text.split(/[,\s]+/)) {
    const name = item.replace(/^-/, "");
    if (name === "" || knownServices.includes(name)) continue;
    const message = `unknown service "${name}"`;
    if (warnings.some((warning) => warning.message === message)) continue;
    const meant = nearest(name, knownServices);
    warnings.push({
      file,
      line,
      message,
      hint: meant === null ? "it has no effect" : `did you mean ${meant}?`,
      severity: "warning",
    });
  }
}

function describeUnknown(
  name: string,
  used: ReadonlySet<string>,
  warn: (message: string, hint: string, severity: "note" | "warning") => void,
): void {
  const accepted = findAccepted(name);
  if (accepted !== undefined) {
    if (accepted.note !== "") warn(`${name} has no effect here`, accepted.note, "note");
  } else if (!used.has(name)) {
    const meant = nearest(name, allNames());
    warn(`unknown variable ${name}`, meant === null ? "it has no effect" : `did you mean ${meant}?`, "warning");
  }
}

function takePostConfig(file: string, sections: readonly MetaSection[], to: Collected): Map<string, Given> {
  const found = new Map<string, Given>();
  for (const section of sections) {
    if (section.phase === "local") {
      if (section.target !== "localrc") {
        to.warnings.push({
          file,
          line: section.line,
          message: `[[local|${section.target}]] is not read`,
          hint: "variables belong under [[local|localrc]]",
          severity: "warning",
        });
      }
      continue;
    }
    const service = configServiceOf(section.target);
    const { entries, problems } = parseIni(file, section.body, section.bodyLine);
    to.problems.push(...problems);
    if (service === null) {
      to.warnings.push({
        file,
        line: section.line,
        message: `${section.target} names no known configuration file`,
        hint: "use $NOVA_CONF, $NEUTRON_CONF, $CINDER_CONF, $GLANCE_API_CONF or $KEYSTONE_CONF",
        severity: "warning",
      });
      continue;
    }
    for (const { section: group, option, value, line } of entries) {
      const definition = findIniOption(service, group, option);
      const origin = { value, file, line, column: 1 };
      if (definition !== undefined && "variable" in definition) to.given.set(definition.variable, origin);
      else if (definition !== undefined) found.set(`${service}/${group}/${option}`, origin);
      else {
        const meant = nearest(`${group}/${option}`, iniOptionNames(service));
        const [meantGroup, meantOption] = meant?.split("/") ?? [];
        const hint =
          meant === null ? "the rest of the section still counts" : `did you mean [${meantGroup}] ${meantOption}?`;
        to.warnings.push({ file, line, message: `[${group}] ${option} has no effect here`, hint, severity: "warning" });
      }
    }
  }
  return found;
}

/**
 * Old tutorials give a FIXED_RANGE smaller than DevStack's /26 subnets and know of no subnet pool: then the range itself
 * is the private subnet.
 */
function fitSubnetPool(given: Map<string, Given>): void {
  const fixed = given.get("FIXED_RANGE");
  const block = fixed === undefined ? null : parseBlock(fixed.value);
  const chosen = ["SUBNETPOOL_SIZE_V4", "SUBNETPOOL_PREFIX_V4", "USE_SUBNETPOOL"].some((name) => given.has(name));
  if (block !== null && block.prefix > 26 && block.prefix <= 30 && !chosen) {
    given.set("SUBNETPOOL_SIZE_V4", { value: String(block.prefix), file: rememberedFile, line: null, column: null });
  }
}

/** Adds stored and, where still missing, new secrets; `stored` is what the file should hold. */
function fillSecrets(
  given: Map<string, Given>,
  file: string,
): { readonly stored: ReadonlyMap<string, string>; readonly fresh: boolean } {
  const missing = generatedSecrets.filter((name) => (given.get(name)?.value ?? "") === "");
  const stored = new Map<string, string>();
  if (missing.length === 0) return { stored, fresh: false };
  const before = readPasswords(file);
  let fresh = false;
  for (const name of missing) {
    const known = before.get(name);
    if (known === undefined) fresh = true;
    const value = known ?? generatePassword();
    stored.set(name, value);
    given.set(name, { value, file: rememberedFile, line: null, column: null });
  }
  return { stored: new Map([...before, ...stored]), fresh };
}
