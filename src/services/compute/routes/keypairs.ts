import { badRequest } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, caller, route, type Touched } from "../../../kernel/http/route.ts";
import type { KeypairManager } from "../manager/keypairs.ts";
import { type CreateKeypairBody, createKeypair, keypairNameProblem } from "../schemas/keypairs.ts";
import { listKeypairs, oneKeypair } from "../schemas/queries.ts";
import type { Keypair } from "../store/keypairs.ts";
import { keypairCreated, keypairDetail, keypairSummary } from "../views/keypairs.ts";
import { linkedPage, markerCouldNotBeFound } from "./paging.ts";

/** Whose key pairs are asked for: the caller's, or since 2.10 those of the user that an admin names. */
const user: Touched<string> = {
  kind: "user of key pairs",
  find: ({ context, microversion, query }) =>
    (microversion >= mv("2.10") ? query.get("user_id") : null) ?? context.userId,
  owner: (userId) => ({ userId }),
};

/** Key pairs: the caller's own, or since 2.10 another user's for admins. */
export function keypairRoutes(keypairs: KeypairManager, settings: { maxLimit: number }): AnyRoute[] {
  return [
    route({
      name: "keypairs:list",
      method: "GET",
      path: "/os-keypairs",
      policy: "os_compute_api:os-keypairs:index",
      of: user,
      query: listKeypairs,
      success: 200,
      async handler(request) {
        const userId = request.thing;
        const view = (keypair: Keypair) => keypairSummary(keypair, request.microversion);
        if (request.microversion < mv("2.35")) return { body: { keypairs: keypairs.list(userId).map(view) } };
        const { rows, links } = await linkedPage(request, {
          ...keypairs.pages(userId),
          path: "/os-keypairs",
          key: "keypairs_links",
          id: ({ name }: Keypair) => name,
          max: settings.maxLimit,
          lost: markerCouldNotBeFound,
        });
        return { body: { keypairs: rows.map(view), ...links } };
      },
    }),
    route<CreateKeypairBody>({
      name: "keypairs:create",
      method: "POST",
      path: "/os-keypairs",
      policy: "os_compute_api:os-keypairs:create",
      of: caller,
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
      query: oneKeypair,
      of: user,
      success: 200,
      handler: (request) => ({
        body: keypairDetail(keypairs.get(request.thing, request.param("name")), request.microversion),
      }),
    }),
    route({
      name: "keypairs:delete",
      method: "DELETE",
      path: "/os-keypairs/:name",
      policy: "os_compute_api:os-keypairs:delete",
      query: oneKeypair,
      of: user,
      success: 202,
      handler(request) {
        keypairs.delete(request.thing, request.param("name"));
        return { status: request.microversion >= mv("2.2") ? 204 : 202 };
      },
    }),
  ];
}
