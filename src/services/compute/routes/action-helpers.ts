import type { ApiError } from "../../../kernel/errors.ts";
import type { Microversion } from "../../../kernel/http/microversion.ts";
import {
  type AnyRoute,
  type ApiRequest,
  type ApiResponse,
  type JsonSchema,
  route,
} from "../../../kernel/http/route.ts";
import type { ServerManager } from "../manager/servers.ts";
import { object } from "../schemas/parameter-types.ts";
import type { Server } from "../store/servers.ts";
import { serverOf } from "./touched.ts";

export interface ActionRecord<Value> {
  /** The key in the body: "os-start". */
  key: string;
  policy: string;
  /** Schema of the value under the key; anything (nova's "null or object") when absent. */
  schema?: JsonSchema | ((version: Microversion) => JsonSchema);
  microversions?: { min?: Microversion; max?: Microversion };
  /** The error for a server that is not there; servers.get's when absent. */
  missing?: (id: string) => ApiError;
  /** 202 when absent. */
  success?: number;
  handler(
    request: ApiRequest<Record<string, Value>>,
    server: Server,
    value: Value,
  ): ApiResponse | undefined | Promise<ApiResponse | undefined>;
}

/** `POST /servers/{id}/action` with one key: looks the server up and checks the policy against it. */
export function serverAction<Value = unknown>(servers: ServerManager, record: ActionRecord<Value>): AnyRoute {
  const { key, schema } = record;
  const wrap = memoised((inner: JsonSchema) => object({ [key]: inner }, [key]));
  const { min, max } = record.microversions ?? {};
  const suffix = min === undefined ? (max === undefined ? "" : `-to-${max}`) : `-from-${min}`;
  return route<Record<string, Value>, Server>({
    name: `server-actions:${key}${suffix}`,
    method: "POST",
    path: "/servers/:server_id/action",
    action: key,
    policy: record.policy,
    of: serverOf(servers, record.missing),
    ...(record.microversions === undefined ? {} : { microversions: record.microversions }),
    request: (version) => wrap(typeof schema === "function" ? schema(version) : (schema ?? true)),
    // User data and personality of a rebuild.
    maxBody: 1_048_576,
    success: record.success ?? 202,
    handler: (request) => record.handler(request, request.thing, request.body[key] as Value),
  });
}

/** Schemas must stay the same objects, for their compiled form is kept with them. */
function memoised(build: (inner: JsonSchema) => JsonSchema): (inner: JsonSchema) => JsonSchema {
  const made = new Map<JsonSchema, JsonSchema>();
  return (inner) => {
    let schema = made.get(inner);
    if (schema === undefined) {
      schema = build(inner);
      made.set(inner, schema);
    }
    return schema;
  };
}
