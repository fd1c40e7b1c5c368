import { badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import type { MemberManager } from "../manager/members.ts";
import type { ImageRow } from "../store/images.ts";
import { memberView } from "../views/members.ts";
import type { TouchedImages } from "./touched.ts";

export function memberRoutes(members: MemberManager, { shared, membership }: TouchedImages): AnyRoute[] {
  return [
    route<unknown, ImageRow>({
      name: "image-members:create",
      method: "POST",
      path: "/v2/images/:image_id/members",
      policy: "add_member",
      of: shared((id) => `Not allowed to create members for image ${id}.`),
      accepts: ({ body }) => void field(body, "member"),
      success: 200,
      handler: ({ thing, body }) => ({
        body: memberView(members.add(thing, field(body, "member"))),
      }),
    }),
    route({
      name: "image-members:list",
      method: "GET",
      path: "/v2/images/:image_id/members",
      policy: "get_members",
      of: shared(),
      success: 200,
      handler: ({ context, thing }) => ({
        body: { members: members.list(context, thing).map(memberView), schema: "/v2/schemas/members" },
      }),
    }),
    route({
      name: "image-members:show",
      method: "GET",
      path: "/v2/images/:image_id/members/:member_id",
      policy: "get_member",
      of: shared(),
      success: 200,
      handler: ({ context, thing, param }) => ({
        body: memberView(members.get(context, thing, param("member_id"))),
      }),
    }),
    route<unknown, ImageRow>({
      name: "image-members:update",
      method: "PUT",
      path: "/v2/images/:image_id/members/:member_id",
      policy: "modify_member",
      of: membership,
      accepts: ({ body }) => void field(body, "status"),
      success: 200,
      handler: ({ context, thing, param, body }) => ({
        body: memberView(members.setStatus(context, thing, param("member_id"), field(body, "status"))),
      }),
    }),
    route({
      name: "image-members:delete",
      method: "DELETE",
      path: "/v2/images/:image_id/members/:member_id",
      policy: "delete_member",
      of: shared((id) => `Not allowed to delete members for image ${id}.`),
      success: 204,
      handler: ({ thing, param }) => void members.remove(thing, param("member_id")),
    }),
  ];
}

function field(body: unknown, name: string): unknown {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw badRequest(`Expected a dict value for '${name}'`);
  }
  return (body as Record<string, unknown>)[name];
}
