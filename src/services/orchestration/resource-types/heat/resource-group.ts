import { isMap } from "../../values/python.ts";
import { nestedHandlers, part } from "../nested.ts";
import type { Made, Member, NestedTemplate, ResourceType, Run, Values, Wanted } from "../types.ts";

interface Properties {
  count: number;
  index_var: string;
  resource_def: { type: string; properties: Values | null; metadata: Values | null };
  removal_policies: readonly { resource_list: readonly unknown[] | null }[] | null;
  removal_policies_mode: "append" | "update";
}

const of = ({ properties }: Pick<Wanted, "properties">) => properties as unknown as Properties;

/** Names that no member may have (again). */
function removed(run: Made): string[] {
  const { removal_policies, removal_policies_mode } = of(run);
  const before = removal_policies_mode === "update" ? [] : ((run.data.name_blacklist as string[] | undefined) ?? []);
  const named = (removal_policies ?? []).flatMap(({ resource_list }) => resource_list ?? []).map(String);
  const members = run.nested.members();
  const names = named.flatMap((one) => {
    const found = members.find(({ name, physicalId }) => name === one || physicalId === one);
    return found === undefined ? (/^\d+$/.test(one) && members.length === 0 ? [one] : []) : [found.name];
  });
  return [...new Set([...before, ...names])];
}

/** "0", "1", … without those that are not to be. */
function memberNames(count: number, without: ReadonlySet<string>): string[] {
  const names: string[] = [];
  for (let index = 0; names.length < count; index += 1) if (!without.has(String(index))) names.push(String(index));
  return names;
}

/** A member's definition: the index stands where its variable does. */
function indexed(value: unknown, variable: string, index: string): unknown {
  if (typeof value === "string") return value.replaceAll(variable, index);
  if (Array.isArray(value)) return value.map((item) => indexed(item, variable, index));
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.keys(value).map((key) => [key, indexed(value[key], variable, index)]));
}

function groupTemplate(wanted: Wanted, names: readonly string[]): NestedTemplate {
  const { index_var, resource_def } = of(wanted);
  const { type, properties, metadata } = resource_def;
  const resources = names.map((name) => {
    const definition = {
      type,
      ...(properties === null ? {} : { properties: indexed(properties, index_var, name) }),
      ...(metadata === null ? {} : { metadata: indexed(metadata, index_var, name) }),
    };
    return [name, definition] as const;
  });
  return {
    template: { heat_template_version: "2015-04-30", resources: Object.fromEntries(resources) },
    parameters: {},
  };
}

function templateOf(run: Run): NestedTemplate {
  const without = removed(run);
  run.setData("name_blacklist", without);
  return groupTemplate(run, memberNames(of(run).count, new Set(without)));
}

export const resourceGroup: ResourceType = {
  name: "OS::Heat::ResourceGroup",
  service: null,
  support: { version: "2014.1" },
  description: "A number of resources that are alike.",
  properties: {
    count: {
      type: "integer",
      default: 1,
      update_allowed: true,
      constraints: [{ range: { min: 0 } }],
      description: "How many there are.",
    },
    index_var: {
      type: "string",
      default: "%index%",
      constraints: [{ length: { min: 3 } }],
      description: "What stands for a member's index in its definition.",
    },
    resource_def: {
      type: "map",
      required: true,
      update_allowed: true,
      description: "What each of them is.",
      fields: {
        type: { type: "string", required: true, description: "The type of each." },
        properties: { type: "map", description: "The properties of each." },
        metadata: { type: "map", description: "The metadata of each." },
      },
    },
    removal_policies: {
      type: "list",
      default: [],
      update_allowed: true,
      description: "Which members go first when there are to be fewer.",
      items: {
        type: "map",
        description: "Members that go.",
        fields: {
          resource_list: {
            type: "list",
            default: [],
            description: "Names of members, or what get_resource gives for them.",
          },
        },
      },
    },
    removal_policies_mode: {
      type: "string",
      default: "append",
      update_allowed: true,
      constraints: [{ allowed_values: ["append", "update"] }],
      description: "Whether members that were removed before stay so.",
    },
  },
  attributes: {
    refs: { type: "list", description: "What get_resource gives for each member." },
    refs_map: { type: "map", description: "The same by the members' names." },
    attributes: { type: "map", description: "An attribute of each member, by its name." },
    removed_rsrc_list: { type: "list", description: "Names of members that were removed." },
  },
  takesPath: true,
  nestedTemplate: (wanted) => groupTemplate(wanted, memberNames(Math.min(1, of(wanted).count), new Set())),
  ...nestedHandlers(templateOf),
  async attribute(made, name, path) {
    if (name === "removed_rsrc_list") return part((made.data.name_blacklist as string[] | undefined) ?? [], path);
    return memberAttribute(made.nested.members(), name, path);
  },
};

/** Attributes of types that are groups: refs, refs_map, attributes, "resource.NAME.ATTRIBUTE", and an attribute of each member. */
export async function memberAttribute(
  members: readonly Member[],
  name: string,
  path: readonly unknown[],
): Promise<unknown> {
  if (name === "refs")
    return part(
      members.map((member) => member.reference()),
      path,
    );
  if (name === "refs_map")
    return part(Object.fromEntries(members.map((member) => [member.name, member.reference()])), path);
  if (name === "attributes") {
    const [attribute, ...rest] = path;
    if (attribute === undefined) return null;
    const pairs = members.map(
      async (member) => [member.name, await member.attribute(String(attribute), rest)] as const,
    );
    return Object.fromEntries(await Promise.all(pairs));
  }
  if (name.startsWith("resource.")) {
    const [, of = "", ...rest] = name.split(".");
    const member = members.find((one) => one.name === of);
    if (member === undefined) return null;
    const [attribute, ...inside] = [...(rest.length === 0 ? [] : [rest.join(".")]), ...path];
    return attribute === undefined ? member.reference() : member.attribute(String(attribute), inside);
  }
  return Promise.all(members.map((member) => member.attribute(name, path)));
}
