import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, caller, ofProject, route } from "../../../kernel/http/route.ts";
import { messageNotFound } from "../errors.ts";
import type { Core } from "../manager/core.ts";
import { MESSAGE_COLUMNS } from "../manager/lists.ts";
import { userMessage } from "../manager/messages.ts";
import type { MessageRow } from "../store/messages.ts";
import { messageView } from "../views/messages.ts";
import { type Listing, type ListRequest, listRequest, nextLinks, page } from "./listing.ts";
import { viewOf } from "./paths.ts";

export const messageListing: Listing = {
  columns: MESSAGE_COLUMNS,
  filters: ["resource_uuid", "resource_type", "event_id", "request_id", "message_level"],
  filtersBefore: Object.keys(MESSAGE_COLUMNS),
  strictSince: mv("3.31"),
  project: "project_id",
  allTenants: "admin",
  counts: false,
  literal: false,
};
const microversions = { min: mv("3.3") };

/** What went wrong after a request was accepted (3.3); pages and filters since 3.5. */
export function messageRoutes(core: Core): AnyRoute[] {
  const { userMessages } = core;
  const { maxLimit } = core.kernel.settings.blockStorage;
  const message = ofProject<MessageRow>("message", ({ context, param }) =>
    userMessages.get(context, param("message_id")),
  );
  const show = (request: ApiRequest, row: MessageRow) => messageView(row, userMessage(row), viewOf(request));
  /** Nothing was heard before 3.5. */
  const wantedOf = (request: ApiRequest): ListRequest => {
    const asked = request.microversion >= mv("3.5") ? request : { ...request, query: new URLSearchParams() };
    return listRequest(asked, messageListing, maxLimit);
  };

  return [
    route({
      name: "messages:list",
      method: "GET",
      path: "/messages",
      policy: "message:get_all",
      of: caller,
      microversions,
      success: 200,
      async handler(request) {
        const { rows, next } = await page(wantedOf(request), {
          table: core.messages,
          has: (id) => core.finds(() => userMessages.get(request.context, id)),
          missing: messageNotFound,
        });
        const links = nextLinks(request, "messages", "/messages", next);
        return { body: { messages: rows.map((row) => show(request, row)), ...links } };
      },
    }),
    route<unknown, MessageRow>({
      name: "messages:show",
      method: "GET",
      path: "/messages/:message_id",
      policy: "message:get",
      of: message,
      microversions,
      success: 200,
      handler: (request) => ({ body: { message: show(request, request.thing) } }),
    }),
    route<unknown, MessageRow>({
      name: "messages:delete",
      method: "DELETE",
      path: "/messages/:message_id",
      policy: "message:delete",
      of: message,
      microversions,
      success: 204,
      handler(request) {
        userMessages.delete(request.context, request.thing.id);
        return undefined;
      },
    }),
  ];
}
