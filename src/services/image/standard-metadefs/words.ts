import type { Contents, NewAssociation, NewNamespace } from "../manager/metadefs.ts";
import type { PropertyType } from "../store/metadefs.ts";

/** A vocabulary that each cloud begins with. */
export interface StandardNamespace extends Omit<NewNamespace, "owner" | "visibility">, Partial<Contents> {}

export const IMAGE = "OS::Glance::Image";
export const VOLUME = "OS::Cinder::Volume";
export const FLAVOR = "OS::Nova::Flavor";
export const AGGREGATE = "OS::Nova::Aggregate";
export const SERVER = "OS::Nova::Server";

export const about = (name: string, prefix: string | null = null, target: string | null = null): NewAssociation => ({
  name,
  prefix,
  properties_target: target,
});
/** What is said of an image is also said of volumes that are made of it. */
export const imageAndItsVolumes = (prefix: string | null = null) => [
  about(IMAGE, prefix),
  about(VOLUME, prefix, "image"),
];

export const text = (title: string, description: string, more: PropertyType = {}): PropertyType => ({
  title,
  description,
  type: "string",
  ...more,
});
export const choice = (
  title: string,
  description: string,
  values: readonly string[],
  more: PropertyType = {},
): PropertyType => text(title, description, { enum: values, ...more });
export const whole = (title: string, description: string, more: PropertyType = {}): PropertyType => ({
  title,
  description,
  type: "integer",
  ...more,
});
export const yesOrNo = (title: string, description: string) => choice(title, description, ["yes", "no"]);
export const trueOrFalse = (title: string, description: string) => choice(title, description, ["true", "false"]);
