import { badRequest } from "../errors.ts";
import { type Environment, mergeFiles, readEnvironment, whole } from "../language/environment.ts";
import { Mistake } from "../language/mistakes.ts";
import { readMapping, readTemplate, requireSize } from "../language/read.ts";
import type { Kind } from "../language/schema.ts";
import { Template, type TemplateData } from "../language/template.ts";
import { isMap, pythonText } from "../values/python.ts";
import type { Given } from "./stacks.ts";

/** What a request says of a stack, as it was sent. */
export interface Sent {
  readonly template?: unknown;
  readonly template_url?: unknown;
  readonly parameters?: unknown;
  readonly environment?: unknown;
  readonly environment_files?: unknown;
  readonly files?: unknown;
}

/** What a stack has already, for requests that change only what they name. */
export interface Existing extends Given {
  readonly clearParameters: readonly string[];
}

/** Errors: 400. */
export function readGiven(sent: Sent, limit: number, existing: Existing | null = null): Given {
  const data = templateOf(sent, limit) ?? existing?.data ?? null;
  if (data === null) throw badRequest("No template specified");
  const sentFiles = isMap(sent.files) ? sent.files : {};
  const files = { ...(existing?.files ?? {}), ...sentFiles };
  const environment = environmentOf(sent, files, data, limit);
  if (existing === null) return { data, files: sentFiles, environment };
  return { data, files, environment: merged(existing, environment, data) };
}

/** Errors: 400; null where none is named. */
function templateOf({ template, template_url }: Sent, limit: number): TemplateData | null {
  if (isMap(template)) {
    requireSize(pythonText(template).length, limit);
    return template;
  }
  if (template === undefined || template === null) {
    if (typeof template_url !== "string") return null;
    throw badRequest(`Could not retrieve template: Failed to retrieve template from ${template_url}`);
  }
  return inFormat("Template", () => readTemplate(String(template), limit));
}

/** Errors: 400. */
function inFormat<T>(what: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof Mistake) throw badRequest(`${what} not in valid format: ${error.message}`);
    throw error;
  }
}

function environmentOf(
  { environment, environment_files, parameters }: Sent,
  files: Readonly<Record<string, unknown>>,
  data: TemplateData,
  limit: number,
): Environment {
  const given = isMap(parameters) ? parameters : {};
  if (Array.isArray(environment_files) && environment_files.length > 0) {
    const names = environment_files.map(String);
    return inFormat("Environment", () => mergeFiles(names, files, given, kindsOf(data, files, limit)));
  }
  return inFormat("Environment", () => {
    const read = whole(readEnvironment(environment ?? {}));
    return { ...read, parameters: { ...read.parameters, ...given } };
  });
}

/** Types of the parameters of a template and of those that come with it. */
function kindsOf(data: TemplateData, files: Readonly<Record<string, unknown>>, limit: number): Map<string, Kind> {
  const kinds = new Map<string, Kind>();
  for (const file of [...Object.values(files), data]) {
    try {
      const read = isMap(file) ? file : readMapping(String(file).slice(0, limit));
      for (const [name, { type }] of new Template(read).parameterSchemata()) kinds.set(name, type);
    } catch {
      // Not every file is a template.
    }
  }
  return kinds;
}

/** The environment of before with what is new in it; parameters that the template no longer has go. */
function merged({ environment: before, clearParameters }: Existing, now: Environment, data: TemplateData): Environment {
  const declared = new Template(data).parameterSchemata();
  const kept = Object.entries(before.parameters).filter(
    ([name]) => !clearParameters.includes(name) && declared.has(name),
  );
  return {
    parameters: { ...Object.fromEntries(kept), ...now.parameters },
    parameter_defaults: { ...before.parameter_defaults, ...now.parameter_defaults },
    resource_registry: { ...before.resource_registry, ...now.resource_registry },
    event_sinks: now.event_sinks.length === 0 ? before.event_sinks : now.event_sinks,
    encrypted_param_names: before.encrypted_param_names,
  };
}
