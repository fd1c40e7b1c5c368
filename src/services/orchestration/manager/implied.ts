import { resolve, type Scope } from "../language/calls.ts";
import type { Outline } from "../resource-types/types.ts";
import { isMap } from "../values/python.ts";
import { renamed } from "./convergence.ts";
import type { StackModel } from "./model.ts";

/**
 * Adds what resources need although their templates do not say so: a port needs the subnets of its network. As heat's `add_dependencies` of
 * its types: values are compared as far as they are known, references by what they refer to. Changes `needs`.
 */
export function addImplied(model: StackModel, needs: Map<string, Set<string>>): void {
  const outlines = new Map<string, Outline[]>();
  const scope = outlineScope(model);
  const all: Outline[] = [];
  for (const definition of model.definitions.values()) {
    const type = model.typeOf(definition);
    if (type.alsoNeeds === undefined && type.isNeededUnsaid !== true) continue;
    const outline = { name: definition.name, type, properties: propertiesOf(definition.properties, scope, type) };
    all.push(outline);
    outlines.set(type.name, [...(outlines.get(type.name) ?? []), outline]);
  }
  for (const outline of all) {
    const own = needs.get(outline.name) ?? new Set<string>();
    const others = {
      of: (type: string) => outlines.get(type) ?? [],
      needed: all.filter(({ name }) => own.has(name)),
    };
    for (const name of outline.type.alsoNeeds?.(outline.properties, others) ?? []) {
      // What a resource says itself goes before what is guessed of it.
      if (name !== outline.name && !reaches(needs, name, outline.name)) own.add(name);
    }
    needs.set(outline.name, own);
  }
}

function propertiesOf(raw: unknown, scope: Scope, type: Outline["type"]): Record<string, unknown> {
  const entries = Object.entries(isMap(raw) ? renamed(type, raw) : {}).map(([key, value]) => {
    try {
      return [key, resolve(value, scope)] as const;
    } catch {
      // Told where the template is validated; here it only is not known.
      return [key, null] as const;
    }
  });
  return Object.fromEntries(entries);
}

/** The stack with every resource standing for itself: two references to one are the same, whether or not it is there yet. */
function outlineScope(model: StackModel): Scope {
  return {
    parameter: (name) => model.parameter(name),
    reference: (name) => `get_resource:${name}`,
    attribute: (name, attribute, path) => `get_attr:${JSON.stringify([name, attribute, ...path])}`,
    attributeNames: (name, where) => model.attributeNames(name, where),
    file: (name) => model.file(name),
    holds: (name) => model.holds(name),
    mapping: (name, first, second) => model.mapping(name, first, second),
    availabilityZones: () => model.availabilityZones(),
    facade: (what) => model.facade(what),
  };
}

/** Whether one needs another, by whatever lies between. */
function reaches(needs: ReadonlyMap<string, ReadonlySet<string>>, from: string, to: string): boolean {
  const seen = new Set<string>();
  const waiting = [from];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (name === to) return true;
    if (seen.has(name)) continue;
    seen.add(name);
    waiting.push(...(needs.get(name) ?? []));
  }
  return false;
}
