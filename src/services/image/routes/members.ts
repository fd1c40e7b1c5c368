import { badRequest } from "../../../kernel/errors.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import type { MemberManager } from "../manager/members.ts";
import { memberView } from "../views/members.ts";

export function memberRoutes(members: MemberManager): AnyRoute[] {
  return [
    route<unknown>({
      name: "image-members:create",
      method: "POST",
      path: "/v2/images/:image_id/members",
      policy: "add_member",
      success: 200,
      handler: ({ context, param, body }) => ({
        body: memberView(members.add(context, param("image_id"), field(body, "member"))),
      }),
    }),
    route({
      name: "image-members:list",
      method: "GET",
      path: "/v2/images/:image_id/members",
      policy: "get_members",
      success: 200,
      handler: ({ context, param }) => ({
        body: { members: members.list(context, param("image_id")).map(memberView), schema: "/v2/schemas/members" },
      }),
    }),
    route({
      name: "image-members:show",
      method: "GET",
      path: "/v2/images/:image_id/members/:member_id",
      policy: "get_member",
      success: 200,
      handler: ({ context, param }) => ({
        body: memberView(members.get(context, param("image_id"), param("member_id"))),
      }),
    }),
    route<unknown>({
      name: "image-members:update",
      method: "PUT",
      path: "/v2/images/:image_id/members/:member_id",
      policy: "modify_member",
      success: 200,
      handler: ({ context, param, body }) => ({
        body: memberView(members.setStatus(context, param("image_id"), param("member_id"), field(body, "status"))),
      }),
    }),
    route({
      name: "image-members:delete",
      method: "DELETE",
      path: "/v2/images/:image_id/members/:member_id",
      policy: "delete_member",
      success: 204,
      handler: ({ context, param }) => void members.remove(context, param("image_id"), param("member_id")),
    }),
  ];
}

function field(body: unknown, name: string): unknown {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw badRequest(`Expected a dict value for '${name}'`);
  }
  return (body as Record<string, unknown>)[name];
}
