import type { JsonSchema } from "../../../kernel/http/route.ts";

/** Heat checks little of a body before its engine does: that it is an object. What is in it is read as it is used. */
export const anyObject: JsonSchema = { type: "object" };
