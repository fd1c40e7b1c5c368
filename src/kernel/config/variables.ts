import type { Variable } from "./variable.ts";
import { apiVariables } from "./variables/api.ts";
import { blockStorageVariables } from "./variables/block-storage.ts";
import { computeVariables } from "./variables/compute.ts";
import { generalVariables } from "./variables/general.ts";
import { identityVariables } from "./variables/identity.ts";
import { imageVariables } from "./variables/image.ts";
import { ipv6Variables } from "./variables/ipv6.ts";
import { loggingVariables } from "./variables/logging.ts";
import { networkVariables } from "./variables/network.ts";
import { passwordVariables } from "./variables/passwords.ts";

/** Every variable that has an effect, in one table: parser, validation, defaults and reference all read it. */
export const variables = {
  ...generalVariables,
  ...passwordVariables,
  ...apiVariables,
  ...identityVariables,
  ...networkVariables,
  ...ipv6Variables,
  ...computeVariables,
  ...imageVariables,
  ...blockStorageVariables,
  ...loggingVariables,
};

export type VariableName = keyof typeof variables;
export type ValueOf<Name extends VariableName> = (typeof variables)[Name] extends Variable<infer T> ? T : never;

/** The groups in the order of the reference. */
export const variableGroups: readonly {
  readonly title: string;
  readonly variables: Readonly<Record<string, Variable<unknown>>>;
}[] = [
  { title: "The stack and its host", variables: generalVariables },
  { title: "Passwords", variables: passwordVariables },
  { title: "API endpoints", variables: apiVariables },
  { title: "Identity", variables: identityVariables },
  { title: "Networks", variables: networkVariables },
  { title: "IPv6", variables: ipv6Variables },
  { title: "Compute", variables: computeVariables },
  { title: "Images", variables: imageVariables },
  { title: "Block storage", variables: blockStorageVariables },
  { title: "Logs", variables: loggingVariables },
];

const table: ReadonlyMap<string, Variable<unknown>> = new Map<string, Variable<unknown>>(Object.entries(variables));
const aliases: ReadonlyMap<string, string> = new Map(
  [...table].flatMap(([name, entry]) => (entry.aliases ?? []).map((alias): [string, string] => [alias, name])),
);

export function findVariable(name: string): Variable<unknown> | undefined {
  return table.get(name);
}

/** The present name of an older one. */
export function aliasTarget(name: string): string | undefined {
  return aliases.get(name);
}

/** Names that a typing mistake can have meant. */
export function allNames(): readonly string[] {
  return [...table.keys(), ...aliases.keys()];
}
