import type { Functions } from "./calls.ts";
import { CFN_FUNCTIONS, HOT_FUNCTIONS } from "./functions/tables.ts";
import { invalidVersion } from "./mistakes.ts";
import { cfnParameters, hotParameters, type ParameterWords } from "./parameters.ts";

/** The two languages in their versions: what their sections and keys are called, and what each has. */

export interface Dialect {
  /** "heat_template_version.2015-04-30" */
  readonly name: string;
  readonly type: "hot" | "cfn";
  readonly aliases: readonly string[];
  readonly sections: Sections;
  /** Names of all its sections. */
  readonly known: readonly string[];
  readonly keys: ResourceKeys;
  readonly resourceKeys: readonly string[];
  readonly output: { readonly value: string; readonly description: string; readonly condition: string };
  readonly outputKeys: readonly string[];
  readonly functions: Functions;
  /** Null: it has no conditions. */
  readonly conditions: Functions | null;
  readonly parameters: ParameterWords;
  readonly deletionPolicies: Readonly<Record<string, DeletionPolicy>>;
}

export type DeletionPolicy = "Delete" | "Retain" | "Snapshot";

export interface Sections {
  readonly description: string;
  readonly parameters: string;
  readonly resources: string;
  readonly outputs: string;
  readonly conditions: string;
  readonly mappings: string;
}

export interface ResourceKeys {
  readonly type: string;
  readonly properties: string;
  readonly metadata: string;
  readonly dependsOn: string;
  readonly deletionPolicy: string;
  readonly updatePolicy: string;
  readonly description: string;
  readonly externalId: string;
  readonly condition: string;
}

const HOT_SECTIONS: Sections = {
  description: "description",
  parameters: "parameters",
  resources: "resources",
  outputs: "outputs",
  conditions: "conditions",
  mappings: "__undefined__",
};

const HOT_KEYS: ResourceKeys = {
  type: "type",
  properties: "properties",
  metadata: "metadata",
  dependsOn: "depends_on",
  deletionPolicy: "deletion_policy",
  updatePolicy: "update_policy",
  description: "description",
  externalId: "external_id",
  condition: "condition",
};

const CFN_SECTIONS: Sections = {
  description: "Description",
  parameters: "Parameters",
  resources: "Resources",
  outputs: "Outputs",
  conditions: "Conditions",
  mappings: "Mappings",
};

const CFN_KEYS: ResourceKeys = {
  type: "Type",
  properties: "Properties",
  metadata: "Metadata",
  dependsOn: "DependsOn",
  deletionPolicy: "DeletionPolicy",
  updatePolicy: "UpdatePolicy",
  description: "Description",
  externalId: "",
  condition: "Condition",
};

const POLICIES: Readonly<Record<string, DeletionPolicy>> = { Delete: "Delete", Retain: "Retain", Snapshot: "Snapshot" };
const MORE_POLICIES: typeof POLICIES = { ...POLICIES, delete: "Delete", retain: "Retain", snapshot: "Snapshot" };

const ALIASES: Readonly<Record<string, string>> = {
  "2016-10-14": "newton",
  "2017-02-24": "ocata",
  "2017-09-01": "pike",
  "2018-03-02": "queens",
  "2018-08-31": "rocky",
  "2021-04-16": "wallaby",
};

const without = (keys: ResourceKeys, ...names: readonly (keyof ResourceKeys)[]): string[] =>
  Object.entries(keys).flatMap(([name, key]) => (key === "" || names.some((one) => one === name) ? [] : [key]));

function hot(version: string): Dialect {
  const { functions = {}, conditions = null } = HOT_FUNCTIONS[version] ?? {};
  const hasConditions = conditions !== null;
  const alias = ALIASES[version];
  const { description, parameters, resources, outputs } = HOT_SECTIONS;
  return {
    name: `heat_template_version.${version}`,
    type: "hot",
    aliases: alias === undefined ? [] : [`heat_template_version.${alias}`],
    sections: HOT_SECTIONS,
    known: [
      "heat_template_version",
      description,
      "parameter_groups",
      parameters,
      resources,
      outputs,
      "__undefined__",
      ...(hasConditions ? ["conditions"] : []),
    ],
    keys: HOT_KEYS,
    resourceKeys: hasConditions ? without(HOT_KEYS) : without(HOT_KEYS, "externalId", "condition"),
    output: { value: "value", description: "description", condition: "condition" },
    outputKeys: ["description", "value", ...(hasConditions ? ["condition"] : [])],
    functions,
    conditions,
    parameters: hotParameters({ modulo: version >= "2017-02-24", tags: version >= "2018-03-02" }),
    deletionPolicies: hasConditions ? MORE_POLICIES : POLICIES,
  };
}

function cfn(key: string, version: string): Dialect {
  const { functions = {}, conditions = null } = CFN_FUNCTIONS[key] ?? {};
  const hasConditions = conditions !== null;
  const { description, parameters, resources, outputs, mappings } = CFN_SECTIONS;
  return {
    name: `${key}.${version}`,
    type: "cfn",
    aliases: [],
    sections: CFN_SECTIONS,
    known: [
      "AWSTemplateFormatVersion",
      "HeatTemplateFormatVersion",
      description,
      mappings,
      parameters,
      resources,
      outputs,
      ...(hasConditions ? ["Conditions"] : []),
    ],
    keys: CFN_KEYS,
    resourceKeys: hasConditions ? without(CFN_KEYS) : without(CFN_KEYS, "condition"),
    output: { value: "Value", description: "Description", condition: "Condition" },
    outputKeys: ["Description", "Value", ...(hasConditions ? ["Condition"] : [])],
    functions,
    conditions,
    parameters: cfnParameters,
    deletionPolicies: POLICIES,
  };
}

/** All there are, in the order of their names. */
export const DIALECTS: readonly Dialect[] = [
  cfn("AWSTemplateFormatVersion", "2010-09-09"),
  cfn("HeatTemplateFormatVersion", "2012-12-12"),
  ...Object.keys(HOT_FUNCTIONS).map(hot),
];

const VERSION_KEYS = ["heat_template_version", "AWSTemplateFormatVersion", "HeatTemplateFormatVersion"];

/** Which language a template is in. Errors: 400. */
export function dialectOf(template: Readonly<Record<string, unknown>>): Dialect {
  const keys = VERSION_KEYS.filter((key) => Object.hasOwn(template, key));
  const [key] = keys;
  if (key === undefined) throw invalidVersion("Template version was not provided");
  if (keys.length > 1) throw invalidVersion(`Ambiguous versions (${[...keys].sort().join(", ")})`);
  const name = `${key}.${String(template[key])}`;
  const found = DIALECTS.find((dialect) => dialect.name === name || dialect.aliases.includes(name));
  if (found !== undefined) return found;
  const versions = DIALECTS.filter((dialect) => dialect.name.startsWith(`${key}.`))
    .flatMap((dialect) => [dialect.name, ...dialect.aliases])
    .map((one) => one.slice(key.length + 1))
    .sort();
  const known = versions.length === 1 ? `should be: ${versions[0]}` : `should be one of: ${versions.join(", ")}`;
  throw invalidVersion(`"${key}: ${String(template[key])}". "${key}" ${known}`);
}
