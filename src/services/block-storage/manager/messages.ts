import type { RequestContext } from "../../../kernel/auth/context.ts";
import { uuid } from "../../../kernel/ids/ids.ts";
import { messageNotFound } from "../errors.ts";
import type { MessageRow } from "../store/messages.ts";
import type { Core } from "./core.ts";

/** cinder's message_ttl. Milliseconds. */
const LIFETIME = 2_592_000_000;

// Numbers and words of cinder/message/message_field.py, as far as something here says them.
const ACTIONS = {
  scheduleVolume: ["001", "schedule allocate volume"],
  copyVolumeToImage: ["003", "copy volume to image"],
  copyImageToVolume: ["005", "copy image to volume"],
  extendVolume: ["007", "extend volume"],
  createVolume: ["008", "create volume from backend storage"],
  createSnapshot: ["009", "create snapshot"],
  deleteSnapshot: ["010", "delete snapshot"],
  reimageVolume: ["016", "reimage volume"],
} as const;

const DETAILS = {
  unknown: ["001", "An unknown error occurred."],
  noBackend: ["003", "Could not find any available weighted backend."],
  uploadFailed: ["004", "Failed to upload volume to image at backend."],
  noSpaceForImage: ["007", "Image used for creating volume exceeds available space."],
  driverFailedExtend: ["010", "Volume Driver failed to extend volume."],
  driverFailedCreate: ["012", "Driver failed to create the volume."],
  snapshotFailed: ["013", "Snapshot failed to create."],
  snapshotNotDeleted: ["016", "Snapshot failed to delete."],
} as const;

export type MessageAction = keyof typeof ACTIONS;
export type MessageDetail = keyof typeof DETAILS;

/** Tells a project why work failed that its request had begun. Errors are the only kind there is. */
export class UserMessages {
  readonly #core: Core;
  constructor(core: Core) {
    this.#core = core;
  }

  /** Call it in the transaction that sets the error state. Old ones go at this occasion. */
  tell(
    about: { projectId: string; requestId: string; kind: "VOLUME" | "VOLUME_SNAPSHOT"; id: string },
    action: MessageAction,
    detail: MessageDetail,
  ): void {
    const { messages, now } = this.#core;
    messages.deleteExpired(now);
    const [actionId] = ACTIONS[action];
    const [detailId] = DETAILS[detail];
    messages.insert({
      id: uuid(),
      project_id: about.projectId,
      request_id: about.requestId,
      resource_type: about.kind,
      resource_uuid: about.id,
      event_id: `VOLUME_${about.kind}_${actionId}_${detailId}`,
      action_id: actionId,
      detail_id: detailId,
      message_level: "ERROR",
      created_at: now,
      expires_at: now + LIFETIME,
    });
  }

  /** Errors: 404, also for another project's. */
  get(context: RequestContext, id: string): MessageRow {
    const message = this.#core.messages.get(id);
    if (message === undefined || !this.#core.sees(context, message.project_id)) throw messageNotFound(id);
    return message;
  }

  delete(context: RequestContext, id: string): void {
    this.#core.messages.delete(this.get(context, id).id);
  }
}

/** "schedule allocate volume:Could not find any available weighted backend." */
export function userMessage({ action_id, detail_id }: Pick<MessageRow, "action_id" | "detail_id">): string {
  const textOf = (table: Readonly<Record<string, readonly [string, string]>>, id: string): string | undefined =>
    Object.values(table).find(([number]) => number === id)?.[1];
  return `${textOf(ACTIONS, action_id) ?? "unknown action"}:${textOf(DETAILS, detail_id) ?? DETAILS.unknown[1]}`;
}
