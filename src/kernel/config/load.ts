import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { buildSettings } from "./build.ts";
import { ConfigError, type ConfigProblem } from "./errors.ts";
import type { Language } from "./language.ts";
import { describeVariables, takeLocalrc } from "./localrc.ts";
import { splitSections } from "./meta.ts";
import { checkNeeds, checkNotEmpty } from "./needs.ts";
import { checkAddresses } from "./own-addresses.ts";
import { generatedSecrets, generatePassword, passwordFileName, readPasswords, writePasswords } from "./passwords.ts";
import { takePostConfig } from "./post-config-sections.ts";
import { Remarks } from "./remarks.ts";
import { type Given, Resolver, rememberedFile } from "./resolve.ts";
import type { ConfigWarning, HostFacts, Settings } from "./settings.ts";
import { checkContradictions } from "./validate.ts";

export interface LoadOptions {
  /** The words of the services that there are. */
  readonly language: Language;
  /** local.conf; a file that is named and missing is an error. Undefined: `local.conf` (or DevStack's old `localrc`) in cwd, if there is one. */
  readonly file?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly hostFacts: HostFacts;
  readonly cwd: string;
  /** Values an earlier start settled on (detected HOST_IP, ranges moved out of the way); they beat defaults only. */
  readonly remembered?: Readonly<Record<string, string>>;
  /** Store generated passwords in DATA_DIR (0600). Without it nothing is written, and passwords differ per call unless stored before. */
  readonly write?: boolean;
  /** HOST_IP and SERVICE_HOST have to be this machine's: of a cloud that is about to be made, not of one that is to be taken away. */
  readonly ownAddresses?: boolean;
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
  const remarks = new Remarks(source.name);
  const { sections, problems: sectionProblems } = splitSections(source.name, source.text, remarks);
  const problems: ConfigProblem[] = [...sectionProblems];
  const given = new Map<string, Given>();
  takeRemembered(options, given);
  takeEnvironment(options, given);
  const collected = { given, problems, remarks };
  const evaluation = takeLocalrc(source.name, sections, options, collected);
  const iniOptions = takePostConfig(options.language, source.name, sections, evaluation, collected);
  describeVariables(evaluation, options, remarks);
  takeAsBash(options, given);
  const { language } = options;
  for (const { settings } of language.declarations) settings?.prepare?.(given);

  const resolver = new Resolver(language, given, iniOptions, options.hostFacts);
  const base = source.path === null ? options.cwd : dirname(source.path);
  const passwordFile = join(resolve(base, resolver.text("DATA_DIR")), passwordFileName);
  const generated = fillSecrets(given, passwordFile);
  const explicit = [...given].flatMap(([name, entry]) => (entry.file === rememberedFile ? [] : [name]));
  const settings = buildSettings(language, resolver, {
    configFile: source.path,
    baseFolder: base,
    explicit: explicit.sort(),
  });
  checkNeeds(language, settings, resolver, evaluation);
  checkContradictions(language, settings, resolver);
  checkNotEmpty(settings, resolver);
  if (options.ownAddresses === true) checkAddresses(settings, resolver, options.hostFacts);
  problems.push(...resolver.problems);
  if (problems.length > 0) {
    // A value that does not fit is often that of a variable that is not there.
    const told = problems.map((one) => {
      const unset = remarks.unsetAt(one.line);
      return unset === "" ? one : { ...one, message: `${one.message}: ${unset}` };
    });
    throw new ConfigError(told.sort((one, other) => (one.line ?? 0) - (other.line ?? 0)));
  }
  if (options.write === true && generated.fresh) writePasswords(passwordFile, generated.stored);
  for (const { line, message, hint } of resolver.notes) remarks.say("note", line, message, hint);
  return { settings, warnings: remarks.all() };
}

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

function takeRemembered(options: LoadOptions, given: Map<string, Given>): void {
  for (const [name, value] of Object.entries(options.remembered ?? {})) {
    given.set(name, { value, file: rememberedFile, line: null, column: null });
  }
}

function takeEnvironment(options: LoadOptions, given: Map<string, Given>): void {
  const { language } = options;
  for (const name of language.allNames()) {
    const value = options.env[name];
    if (value === undefined) continue;
    const whole = name === "ENABLED_SERVICES" ? language.services.completeText(value, { offAt: () => null }) : value;
    given.set(language.aliasTarget(name) ?? name, { value: whole, file: null, line: null, column: null });
  }
}

/**
 * As DevStack reads most variables: `${NAME:-default}`, so that an empty one has its default, and in words, which blanks and line breaks
 * around a value are no part of. `dhcp` asks for the detection that happens anyway, or for what it found the first time.
 */
function takeAsBash({ language, remembered }: LoadOptions, given: Map<string, Given>): void {
  for (const [name, one] of [...given]) {
    const value = one.value.trim();
    const type = language.findVariable(name)?.type;
    if (type === undefined || name === "ENABLED_SERVICES") continue;
    if (value !== "" && !(name === "HOST_IP" && value === "dhcp")) {
      if (!type.parse(one.value).ok && type.parse(value).ok) given.set(name, { ...one, value });
      continue;
    }
    const before = remembered?.[name];
    if (before === undefined) given.delete(name);
    else given.set(name, { value: before, file: rememberedFile, line: null, column: null });
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
