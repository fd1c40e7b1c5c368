import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, caller, ofProject, route } from "../../../kernel/http/route.ts";
import { attachmentNotFound } from "../errors.ts";
import type { AttachmentManager } from "../manager/attachments.ts";
import type { Core } from "../manager/core.ts";
import { ATTACHMENT_COLUMNS } from "../manager/lists.ts";
import {
  type CreateAttachmentBody,
  complete,
  createAttachment,
  type UpdateAttachmentBody,
  updateAttachment,
} from "../schemas/attachments.ts";
import type { AttachmentRow } from "../store/attachments.ts";
import { attachmentDetail, attachmentSummary } from "../views/attachments.ts";
import { type Listing, listRequest, page } from "./listing.ts";

export const attachmentListing: Listing = {
  columns: ATTACHMENT_COLUMNS,
  filters: ["volume_id", "status", "instance_id", "attach_status"],
  strictSince: mv("3.31"),
  project: "project_id",
  allTenants: "present",
  counts: false,
  literal: false,
};
const SINCE_ATTACHMENTS = { min: mv("3.27") };

/** The attachments API, since 3.27; completion since 3.44. */
export function attachmentRoutes(core: Core, attachments: AttachmentManager): AnyRoute[] {
  const { maxLimit } = core.kernel.settings.blockStorage;
  const attachment = ofProject<AttachmentRow>("attachment", ({ context, param }) =>
    attachments.get(context, param("attachment_id")),
  );
  const detail = (request: ApiRequest, row: AttachmentRow) =>
    attachmentDetail(row, { paths: request.context.isAdmin || request.context.roles.has("service") });

  const listed = (name: string, path: string, show: (request: ApiRequest, row: AttachmentRow) => unknown) =>
    route({
      name: `attachments:${name}`,
      method: "GET",
      path,
      policy: "volume:attachment_get",
      of: caller,
      microversions: SINCE_ATTACHMENTS,
      success: 200,
      async handler(request) {
        const { rows } = await page(listRequest(request, attachmentListing, maxLimit), {
          table: core.attachments,
          has: (id) => core.finds(() => attachments.get(request.context, id)),
          missing: attachmentNotFound,
        });
        // Without links to the next page, as in cinder.
        return { body: { attachments: rows.map((row) => show(request, row)) } };
      },
    });

  return [
    route<CreateAttachmentBody>({
      name: "attachments:create",
      method: "POST",
      path: "/attachments",
      policy: "volume:attachment_create",
      of: caller,
      microversions: SINCE_ATTACHMENTS,
      request: createAttachment,
      success: 200,
      async handler(request) {
        const { context } = request;
        const { volume_uuid, instance_uuid, connector, mode } = request.body.attachment;
        request.authorize({ projectId: core.volume(context, volume_uuid).project_id });
        const options = { instanceId: instance_uuid ?? null, mode: mode ?? null };
        const { id } = attachments.create(context, volume_uuid, options);
        if (connector !== null && connector !== undefined && Object.keys(connector).length > 0) {
          await attachments.connect(context, id, connector);
        }
        return { body: { attachment: detail(request, attachments.get(context, id)) } };
      },
    }),
    listed("list", "/attachments", (_request, row) => attachmentSummary(row)),
    listed("detail", "/attachments/detail", detail),
    route({
      name: "attachments:show",
      method: "GET",
      path: "/attachments/:attachment_id",
      policy: "volume:attachment_get",
      of: attachment,
      microversions: SINCE_ATTACHMENTS,
      success: 200,
      handler: (request) => ({ body: { attachment: detail(request, request.thing) } }),
    }),
    route<UpdateAttachmentBody, AttachmentRow>({
      name: "attachments:update",
      method: "PUT",
      path: "/attachments/:attachment_id",
      policy: "volume:attachment_update",
      of: attachment,
      microversions: SINCE_ATTACHMENTS,
      request: updateAttachment,
      success: 200,
      async handler(request) {
        const { id } = request.thing;
        await attachments.connect(request.context, id, request.body.attachment.connector);
        return { body: { attachment: detail(request, attachments.get(request.context, id)) } };
      },
    }),
    route({
      name: "attachments:delete",
      method: "DELETE",
      path: "/attachments/:attachment_id",
      policy: "volume:attachment_delete",
      of: attachment,
      microversions: SINCE_ATTACHMENTS,
      success: 200,
      async handler(request) {
        const attachment = request.thing;
        attachments.requireNotComputes(request.context, [attachment]);
        const left = await attachments.delete(request.context, attachment.id);
        return { body: { attachments: left.map(attachmentSummary) } };
      },
    }),
    route({
      name: "attachments:os-complete",
      method: "POST",
      path: "/attachments/:attachment_id/action",
      action: "os-complete",
      policy: "volume:attachment_complete",
      of: attachment,
      microversions: { min: mv("3.44") },
      request: complete,
      success: 204,
      handler(request) {
        attachments.complete(request.context, request.thing.id);
        return undefined;
      },
    }),
  ];
}
