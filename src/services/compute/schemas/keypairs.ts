import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import type { JsonSchema } from "../../../kernel/http/route.ts";
import { name, object } from "./parameter-types.ts";

export interface CreateKeypairBody {
  keypair: { name: string; public_key?: string; type?: string; user_id?: string };
}

const base: Record<string, JsonSchema> = { name, public_key: { type: "string" } };
const type: JsonSchema = { type: "string", enum: ["ssh", "x509"] };
const user: JsonSchema = { type: "string", minLength: 1, maxLength: 255 };
const create = object({ keypair: object(base, ["name"]) }, ["keypair"]);
const createTyped = object({ keypair: object({ ...base, type }, ["name"]) }, ["keypair"]);
const createForUser = object({ keypair: object({ ...base, type, user_id: user }, ["name"]) }, ["keypair"]);
const importOnly = object({ keypair: object({ ...base, type, user_id: user }, ["name", "public_key"]) }, ["keypair"]);

export function createKeypair(version: Microversion): JsonSchema {
  if (version >= mv("2.92")) return importOnly;
  if (version >= mv("2.10")) return createForUser;
  return version >= mv("2.2") ? createTyped : create;
}

/** Error text of a name with other characters; 2.92 allows more. */
export function keypairNameProblem(text: string, version: Microversion): string | null {
  const extra = version >= mv("2.92") ? "@._-" : "_-";
  const allowed = version >= mv("2.92") ? /^[@._\- 0-9a-zA-Z]+$/ : /^[_\- 0-9a-zA-Z]+$/;
  if (allowed.test(text) && text.trim() === text) return null;
  return (
    "An invalid 'name' value was provided. The name must be: Only expected characters: " +
    `[${extra} 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ]`
  );
}
