import { object, wrapped } from "../../../kernel/http/schemas.ts";
import { anything, boolean, optionalUuid, strings, text } from "./parameter-types.ts";

export interface CreateSnapshotBody {
  snapshot: {
    volume_id: string | null;
    name?: string | null;
    display_name?: string | null;
    description?: string | null;
    force?: boolean | string;
    metadata?: Record<string, string> | null;
  };
}

export const createSnapshot = wrapped(
  "snapshot",
  object(
    {
      name: text,
      display_name: text,
      description: text,
      volume_id: optionalUuid,
      force: boolean,
      metadata: strings({ nullable: true }),
    },
    { required: ["volume_id"] },
  ),
);

export interface UpdateSnapshotBody {
  snapshot: {
    name?: string | null;
    display_name?: string | null;
    description?: string | null;
    display_description?: string | null;
  };
}

const updateProperties = { name: text, description: text, display_name: text, display_description: text };
export const updateSnapshot = wrapped(
  "snapshot",
  object(updateProperties, { anyOf: Object.keys(updateProperties).map((name) => ({ required: [name] })) }),
);

const status = { type: "string" };
export const resetStatus = wrapped("os-reset_status", object({ status }, { required: ["status"] }));
export const forceDelete = anything("os-force_delete");
export const updateStatus = wrapped(
  "os-update_snapshot_status",
  object(
    { status, progress: { type: ["string", "null"], pattern: "^(?:100|[0-9]{1,2})%$" } },
    { required: ["status"] },
  ),
);
