import type { ApiRequest } from "../../../kernel/http/route.ts";
import { readOnly } from "../errors.ts";
import type { NewNamespace } from "../manager/metadefs.ts";
import { BODIES } from "../schemas/metadefs.ts";
import type { PropertyType } from "../store/metadefs.ts";

type Kind = keyof typeof BODIES;

const READ_ONLY: Readonly<Record<Kind, readonly string[]>> = {
  namespace: ["self", "schema", "created_at", "updated_at"],
  object: ["self", "schema", "created_at", "updated_at"],
  property: ["created_at", "updated_at"],
  resource_type_association: ["created_at", "updated_at"],
  tag: ["created_at", "updated_at"],
  tags: ["created_at", "updated_at"],
};

/** What a record says of its body. Errors: 403 for an attribute that is the cloud's to say; 400 for what the schema refuses, by its name. */
export const metadefBody = (kind: Kind) => ({
  request: BODIES[kind],
  accepts({ body }: Pick<ApiRequest, "body">): void {
    const said = typeof body === "object" && body !== null ? body : {};
    const fixed = READ_ONLY[kind].find((name) => Object.hasOwn(said, name));
    if (fixed !== undefined) throw readOnly(fixed);
  },
});

export interface AssociationBody {
  name: string;
  prefix?: string;
  properties_target?: string;
}
export interface ObjectBody {
  name: string;
  description?: string;
  required?: string[];
  properties?: Record<string, PropertyType>;
}
export type PropertyBody = PropertyType & { name: string };
export interface TagsBody {
  tags?: { name: string }[];
}
export interface NamespaceBody {
  namespace: string;
  display_name?: string;
  description?: string;
  visibility?: "public" | "private";
  protected?: boolean;
  owner?: string;
  resource_type_associations?: AssociationBody[];
  properties?: Record<string, PropertyType>;
  objects?: ObjectBody[];
  tags?: { name: string }[];
}

/** With what glance takes for granted: private, unprotected, of the caller's project. */
export const namespaceOf = (body: NamespaceBody, projectId: string | null): NewNamespace => ({
  namespace: body.namespace,
  display_name: body.display_name ?? null,
  description: body.description ?? null,
  visibility: body.visibility ?? "private",
  protected: body.protected ?? false,
  owner: body.owner ?? projectId,
});

export const associationOf = ({ name, prefix, properties_target }: AssociationBody) => ({
  name,
  prefix: prefix ?? null,
  properties_target: properties_target ?? null,
});

export const objectOf = ({ name, description, required, properties }: ObjectBody) => ({
  name,
  description: description ?? null,
  required: required ?? [],
  properties: properties ?? {},
});

export const propertyOf = ({ name, ...schema }: PropertyBody) => ({ name, schema });
