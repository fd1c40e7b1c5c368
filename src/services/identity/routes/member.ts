import { type AnyRoute, type ApiRequest, route, type Touched } from "../../../kernel/http/route.ts";
import { resourceSchema } from "../schemas/resource.ts";
import { extras, type Json, mergeExtras, requireSameId } from "./attributes.ts";

/** A kind of thing of which one is shown, changed and deleted: what differs between the kinds. */
export interface Member<Row extends { id: string; extra: string }, Changes> {
  /** "service": what a body wraps it in, and policies call it. */
  readonly key: string;
  /** "services" */
  readonly plural: string;
  /** "/v3/services/:service_id" */
  readonly path: string;
  /** How it is found: by the handler once the policy allows it, or as a thing that is somebody's. Errors: 404. */
  readonly find: ((request: ApiRequest) => Row) | Touched<Row>;
  /** How for a change and for deleting, where that is another way. */
  readonly findToUpdate?: Touched<Row>;
  readonly findToDelete?: Touched<Row>;
  view(request: ApiRequest, row: Row): object;
  /** JSON Schemas of what may be sent. */
  readonly properties: Json;
  /** Attributes that are no extras. */
  readonly known: readonly string[];
  /** What of a PATCH is a change of columns. */
  changes(sent: Json): Changes;
  update(row: Row, changes: Changes & { extra: string }): Row;
  delete(row: Row): void;
}

export function memberRoutes<Row extends { id: string; extra: string }, Changes>(
  member: Member<Row, Changes>,
): AnyRoute[] {
  const { key, plural, path, find, findToUpdate = find, findToDelete = find } = member;
  const touching = (way: Member<Row, Changes>["find"]) => (typeof way === "function" ? {} : { of: way });
  const found = (request: ApiRequest<unknown, Row>): Row =>
    typeof find === "function" ? find(request) : request.thing;
  return [
    route<unknown, Row>({
      name: `${plural}:show`,
      method: "GET",
      path,
      policy: `identity:get_${key}`,
      ...touching(find),
      success: 200,
      handler: (request) => ({ body: { [key]: member.view(request, found(request)) } }),
    }),
    route<Readonly<Record<string, Json>>, Row>({
      name: `${plural}:update`,
      method: "PATCH",
      path,
      policy: `identity:update_${key}`,
      ...touching(findToUpdate),
      request: resourceSchema(key, member.properties, { minProperties: 1 }),
      success: 200,
      handler(request) {
        const row = found(request);
        const sent = request.body[key] ?? {};
        requireSameId(sent, row.id, key);
        const extra = mergeExtras(row.extra, extras(sent, member.known));
        const updated = member.update(row, { ...member.changes(sent), extra });
        return { body: { [key]: member.view(request, updated) } };
      },
    }),
    route<unknown, Row>({
      name: `${plural}:delete`,
      method: "DELETE",
      path,
      policy: `identity:delete_${key}`,
      ...touching(findToDelete),
      success: 204,
      handler(request) {
        member.delete(found(request));
        return undefined;
      },
    }),
  ];
}
