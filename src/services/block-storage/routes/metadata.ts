import type { RequestContext } from "../../../kernel/auth/context.ts";
import { badRequest } from "../../../kernel/errors.ts";
import { bareAnswer } from "../../../kernel/http/families.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import { own } from "../../../kernel/own.ts";
import { type MetadataBody, type MetadataItemBody, metadata, metadataItem } from "../schemas/volumes.ts";

/** What has metadata: volumes and snapshots alike. */
export interface MetadataOwner {
  /** "volumes" */
  collection: string;
  policies: { get: string; create: string; update: string; delete: string };
  get(context: RequestContext, id: string): { project_id: string; metadata: string };
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
  const load = (request: ApiRequest<never> | ApiRequest<unknown>): Record<string, string> => {
    const found = owner.get(request.context, request.param("id"));
    request.authorize({ projectId: found.project_id });
    return JSON.parse(found.metadata);
  };
  const item = (request: ApiRequest<never> | ApiRequest<unknown>): string => {
    const key = request.param("key");
    const value = own(load(request), key);
    if (value === undefined) throw owner.missing(request.param("id"), key);
    return value;
  };

  const setting = (verb: "create" | "replace", method: "POST" | "PUT", policy: string) =>
    route<MetadataBody>({
      name: `${owner.collection}:metadata-${verb}`,
      method,
      path,
      policy,
      request: metadata,
      success: 200,
      handler(request) {
        load(request);
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
      success: 200,
      handler: (request) => ({ body: { metadata: load(request) } }),
    }),
    setting("create", "POST", owner.policies.create),
    setting("replace", "PUT", owner.policies.update),
    route({
      name: `${owner.collection}:metadata-show`,
      method: "GET",
      path: `${path}/:key`,
      policy: owner.policies.get,
      success: 200,
      handler: (request) => ({ body: { meta: { [request.param("key")]: item(request) } } }),
    }),
    route<MetadataItemBody>({
      name: `${owner.collection}:metadata-update`,
      method: "PUT",
      path: `${path}/:key`,
      policy: owner.policies.update,
      request: metadataItem,
      success: 200,
      handler(request) {
        load(request);
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
      success: 200,
      handler(request) {
        item(request);
        owner.remove(request.context, request.param("id"), request.param("key"));
        return bareAnswer;
      },
    }),
  ];
}
