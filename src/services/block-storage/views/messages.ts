import { isoMicrosNaive } from "../../../kernel/time/clock.ts";
import type { MessageRow } from "../store/messages.ts";
import { linksOf, type ViewContext } from "./volumes.ts";

/** `userMessage`: its action and detail in words. */
export const messageView = (
  message: MessageRow,
  userMessage: string,
  view: Pick<ViewContext, "baseUrl" | "projectId">,
) => ({
  id: message.id,
  event_id: message.event_id,
  user_message: userMessage,
  message_level: message.message_level,
  created_at: isoMicrosNaive(message.created_at),
  guaranteed_until: isoMicrosNaive(message.expires_at),
  request_id: message.request_id,
  links: linksOf(view, "messages", message.id),
  resource_type: message.resource_type,
  ...(message.resource_uuid === null ? {} : { resource_uuid: message.resource_uuid }),
});
