import type { JsonSchema } from "../../../kernel/http/route.ts";

export interface CreateNoteBody {
  note: { name: string };
}

export const createNote: JsonSchema = {
  type: "object",
  properties: {
    note: {
      type: "object",
      properties: { name: { type: "string", minLength: 1, maxLength: 255 } },
      required: ["name"],
      additionalProperties: false,
    },
  },
  required: ["note"],
  additionalProperties: false,
};
