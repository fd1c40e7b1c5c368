import { badRequest } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import type { KeypairManager } from "../manager/keypairs.ts";
import { type CreateKeypairBody, createKeypair, keypairNameProblem } from "../schemas/keypairs.ts";
import { keypairCreated, keypairDetail, keypairSummary } from "../views/keypairs.ts";
import { nextLink, pageLimit } from "./paths.ts";

/** Key pairs: the caller's own, or since 2.10 another user's for admins. */
export function keypairRoutes(keypairs: KeypairManager, settings: { maxLimit: number }): AnyRoute[] {
  return [
    route({
      name: "keypairs:list",
      method: "GET",
      path: "/os-keypairs",
      policy: "os_compute_api:os-keypairs:index",
      success: 200,
      handler(request) {
        const userId = userOf(request);
        const paged = request.microversion >= mv("2.35");
        const page = keypairs.list(userId, {
          marker: paged ? request.query.get("marker") : null,
          limit: paged ? pageLimit(request, settings.maxLimit) : Number.MAX_SAFE_INTEGER,
        });
        const last = page.keypairs.at(-1);
        return {
          body: {
            keypairs: page.keypairs.map((keypair) => keypairSummary(keypair, request.microversion)),
            ...(page.more && last !== undefined
              ? { keypairs_links: [nextLink(request, "/os-keypairs", last.name)] }
              : {}),
          },
        };
      },
    }),
    route<CreateKeypairBody>({
      name: "keypairs:create",
      method: "POST",
      path: "/os-keypairs",
      policy: "os_compute_api:os-keypairs:create",
      request: createKeypair,
      success: 200,
      async handler(request) {
        const { context, microversion } = request;
        const wanted = request.body.keypair;
        const problem = keypairNameProblem(wanted.name, microversion);
        if (problem !== null) throw badRequest(problem);
        const userId = wanted.user_id ?? context.userId;
        request.authorize({ userId });
        const { keypair, privateKey } = await keypairs.create(userId, context.projectId, {
          name: wanted.name,
          type: wanted.type ?? "ssh",
          publicKey: wanted.public_key ?? null,
        });
        return {
          status: microversion >= mv("2.2") ? 201 : 200,
          body: keypairCreated(keypair, privateKey, microversion),
        };
      },
    }),
    route({
      name: "keypairs:show",
      method: "GET",
      path: "/os-keypairs/:name",
      policy: "os_compute_api:os-keypairs:show",
      success: 200,
      handler: (request) => ({
        body: keypairDetail(keypairs.get(userOf(request), request.param("name")), request.microversion),
      }),
    }),
    route({
      name: "keypairs:delete",
      method: "DELETE",
      path: "/os-keypairs/:name",
      policy: "os_compute_api:os-keypairs:delete",
      success: 202,
      handler(request) {
        keypairs.delete(userOf(request), request.param("name"));
        return { status: request.microversion >= mv("2.2") ? 204 : 202 };
      },
    }),
  ];
}

function userOf(request: ApiRequest<unknown>): string {
  const asked = request.microversion >= mv("2.10") ? request.query.get("user_id") : null;
  const userId = asked ?? request.context.userId;
  request.authorize({ userId });
  return userId;
}
