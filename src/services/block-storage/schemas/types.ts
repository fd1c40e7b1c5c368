import { object, wrapped } from "../../../kernel/http/schemas.ts";
import { boolean, strings, text } from "./parameter-types.ts";

const name = { type: "string", minLength: 1, maxLength: 255 };

export interface CreateTypeBody {
  volume_type: {
    name: string;
    description?: string | null;
    extra_specs?: Record<string, string | null>;
    "os-volume-type-access:is_public"?: boolean | string;
  };
}
export const createType = wrapped(
  "volume_type",
  object(
    {
      name,
      description: text,
      extra_specs: strings({ nullValues: true }),
      "os-volume-type-access:is_public": boolean,
    },
    { required: ["name"] },
  ),
);

export interface UpdateTypeBody {
  volume_type: { name?: string | null; description?: string | null; is_public?: boolean | string };
}
export const updateType = wrapped(
  "volume_type",
  object({ name: { ...name, type: ["string", "null"] }, description: text, is_public: boolean }),
);

export interface ExtraSpecsBody {
  extra_specs: Record<string, string>;
}
const specs = { ...strings(), minProperties: 0 };
export const createExtraSpecs = wrapped("extra_specs", specs);
/** The key again with its value, and nothing else. */
export const updateExtraSpec = { ...strings(), minProperties: 1, maxProperties: 1 };

export const projectAccess = (action: "addProjectAccess" | "removeProjectAccess") =>
  wrapped(action, object({ project: name }, { required: ["project"] }));

export interface DefaultTypeBody {
  default_type: { volume_type: string };
}
export const defaultType = wrapped("default_type", object({ volume_type: name }, { required: ["volume_type"] }));
