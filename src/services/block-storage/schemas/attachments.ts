import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import type { JsonSchema } from "../../../kernel/http/route.ts";

import { object, wrapped } from "../../../kernel/http/schemas.ts";
import { anything, connector, uuid } from "./parameter-types.ts";

export interface CreateAttachmentBody {
  attachment: {
    volume_uuid: string;
    instance_uuid?: string;
    connector?: Record<string, unknown> | null;
    mode?: "rw" | "ro";
  };
}

const properties = { instance_uuid: uuid, connector: { ...connector, type: ["object", "null"] }, volume_uuid: uuid };
const createOld = wrapped("attachment", object(properties, { required: ["volume_uuid"] }));
const createNew = wrapped(
  "attachment",
  object({ ...properties, mode: { type: "string", enum: ["rw", "ro"] } }, { required: ["volume_uuid"] }),
);
export const createAttachment = (version: Microversion): JsonSchema => (version >= mv("3.54") ? createNew : createOld);

export interface UpdateAttachmentBody {
  attachment: { connector: Record<string, unknown> };
}
export const updateAttachment = wrapped(
  "attachment",
  object({ connector: { ...connector, minProperties: 1 } }, { required: ["connector"] }),
);

export const complete = anything("os-complete");
