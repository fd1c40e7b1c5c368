import { pythonRepr } from "../../../kernel/http/validation.ts";

/** A value in a message. */
export const shown = (value: unknown): string => (typeof value === "string" ? value : pythonRepr(value));
