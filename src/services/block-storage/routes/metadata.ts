import type { RequestContext } from "../../../kernel/auth/context.ts";
import { badRequest } from "../../../kernel/errors.ts";
import { bareAnswer } from "../../../kernel/http/families.ts";
import { type AnyRoute, type ApiRequest, ofProject, route } from "../../../kernel/http/route.ts";
import { own } from "../../../kernel/own.ts";
import { type MetadataBody, type MetadataItemBody, metadata, metadataItem } from "../schemas/volumes.ts";

interface Described {
  project_id: string;
  /** JSON */
  metadata: Record<string, string>;
}

/** What has metadata: volumes and snapshots alike. */
export interface MetadataOwner {
  /** "volumes" */
  collection: string;
  /** "volume" */
  kind: string;
  policies: { get: string; create: string; update: string; delete: string };
  get(context: RequestContext, id: string): Described;
  set(
    context: RequestContext,
    id: string,
    values: Readonly<Record<string, string>>,
    options: { replace: boolean },
  ): Record<string, string>;
  remove(context: RequestContext, id: string, key: string): void;
  missing(id: string, key: string): Error;
}

/** …/{id}/metadata and …/{id}/metadata/{key} */
export function metadataRoutes(owner: MetadataOwner): AnyRoute[] {
  const path = `/${owner.collection}/:id/metadata`;
  const described = ofProject<Described>(owner.kind, ({ context, param }) => owner.get(context, param("id")));
  const item = ({ thing, param }: ApiRequest<unknown, Described>): string => {
    const value = own(thing.metadata, param("key"));
    if (value === undefined) throw owner.missing(param("id"), param("key"));
    return value;
  };

  const setting = (verb: "create" | "replace", method: "POST" | "PUT", policy: string) =>
    route<MetadataBody, Described>({
      name: `${owner.collection}:metadata-${verb}`,
      method,
      path,
      policy,
      of: described,
      request: metadata,
      success: 200,
      handler(request) {
        const options = { replace: verb === "replace" };
        const result = owner.set(request.context, request.param("id"), request.body.metadata, options);
        // After adding, all there is is answered.
        return { body: { metadata: verb === "create" ? result : request.body.metadata } };
      },
    });

  return [
    route({
      name: `${owner.collection}:metadata-list`,
      method: "GET",
      path,
      policy: owner.policies.get,
      of: described,
      success: 200,
      handler: (request) => ({ body: { metadata: request.thing.metadata } }),
    }),
    setting("create", "POST", owner.policies.create),
    setting("replace", "PUT", owner.policies.update),
    route({
      name: `${owner.collection}:metadata-show`,
      method: "GET",
      path: `${path}/:key`,
      policy: owner.policies.get,
      of: described,
      success: 200,
      handler: (request) => ({ body: { meta: { [request.param("key")]: item(request) } } }),
    }),
    route<MetadataItemBody, Described>({
      name: `${owner.collection}:metadata-update`,
      method: "PUT",
      path: `${path}/:key`,
      policy: owner.policies.update,
      of: described,
      request: metadataItem,
      success: 200,
      handler(request) {
        const { meta } = request.body;
        if (!Object.hasOwn(meta, request.param("key"))) throw badRequest("Request body and URI mismatch");
        owner.set(request.context, request.param("id"), meta, { replace: false });
        return { body: { meta } };
      },
    }),
    route({
      name: `${owner.collection}:metadata-delete`,
      method: "DELETE",
      path: `${path}/:key`,
      policy: owner.policies.delete,
      of: described,
      success: 200,
      handler(request) {
        item(request);
        owner.remove(request.context, request.param("id"), request.param("key"));
        return bareAnswer;
      },
    }),
  ];
}
