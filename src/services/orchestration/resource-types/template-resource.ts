import { ApiError } from "../../../kernel/errors.ts";
import { Mistake, ValidationFailed } from "../language/mistakes.ts";
import { readTemplate } from "../language/read.ts";
import type { Schema } from "../language/schema.ts";
import { Template, type TemplateData } from "../language/template.ts";
import { nestedHandlers, part } from "./nested.ts";
import type { NestedTemplate, ResourceType, Wanted } from "./types.ts";

/** A template that stands for a type: its parameters are the properties, its outputs the attributes. Errors: 400. */
export function templateType(
  type: string,
  file: string,
  files: Readonly<Record<string, unknown>>,
  limit: number,
): ResourceType {
  const data = dataOf(file, files, limit);
  const template = new Template(data);
  const schemata = [...template.parameterSchemata()].map(([name, declared]): [string, Schema] => {
    const { type, description, required = false, constraints = [], immutable = false } = declared;
    const said = description === undefined ? {} : { description };
    const shared = { ...said, required, constraints, immutable, update_allowed: !immutable };
    return [name, { ...shared, type, converts: type === "map" || type === "list" }];
  });
  const { outputs } = template.dialect.sections;
  const declared = data[outputs];
  const names = typeof declared === "object" && declared !== null ? Object.keys(declared) : [];
  const templateOf = ({ properties }: Pick<Wanted, "properties">): NestedTemplate => {
    const given = Object.entries(properties as Record<string, unknown>).filter(([, value]) => value !== null);
    return { template: data, parameters: Object.fromEntries(given) };
  };
  return {
    name: type,
    service: null,
    properties: Object.fromEntries(schemata),
    attributes: Object.fromEntries(names.map((name) => [name, {}])),
    takesPath: true,
    className: "TemplateResource",
    nestedTemplate: templateOf,
    ...nestedHandlers(templateOf),
    // A template may say itself what stands for it.
    reference({ nested, physicalId, physicalName }) {
      return nested.state() === null ? physicalName() : physicalId;
    },
    async attribute({ nested }, name, path) {
      if (name === "show") return null;
      if (name.startsWith("resource.")) {
        const [, of = "", ...rest] = name.split(".");
        const member = nested.members().find((one) => one.name === of);
        if (member === undefined) return null;
        const [attribute, ...inside] = [...(rest.length === 0 ? [] : [rest.join(".")]), ...path];
        return attribute === undefined ? member.reference() : member.attribute(String(attribute), inside);
      }
      return part((await nested.output(name)) ?? null, path);
    },
  };
}

function dataOf(file: string, files: Readonly<Record<string, unknown>>, limit: number): TemplateData {
  const content = Object.hasOwn(files, file) ? files[file] : undefined;
  if (content === undefined || content === null) {
    throw new ApiError(404, `Could not fetch remote template "${file}": Invalid URL scheme `, { type: "NotFound" });
  }
  if (typeof content === "object") return content as TemplateData;
  try {
    return readTemplate(String(content), limit, file);
  } catch (error) {
    if (error instanceof Mistake) throw new ValidationFailed(error.message);
    throw error;
  }
}
