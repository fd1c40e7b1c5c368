import { createHash } from "node:crypto";
import { type Microversion, mv } from "../../../kernel/http/microversion.ts";
import { isoMicrosNaive } from "../../../kernel/time/clock.ts";
import type { ActionRow } from "../store/actions.ts";

const stamp = (time: number): string => isoMicrosNaive(Math.floor(time / 1000) * 1000);

export const actionView = (row: ActionRow, version: Microversion) => ({
  action: row.action,
  instance_uuid: row.server_id,
  request_id: row.request_id,
  user_id: row.user_id,
  project_id: row.project_id,
  start_time: stamp(row.started_at),
  message: row.message,
  ...(version >= mv("2.58") ? { updated_at: stamp(row.updated_at) } : {}),
});

/** With events: for admins, and since 2.51 for everybody, who then do not see where and why. */
export function actionDetail(
  row: ActionRow,
  version: Microversion,
  show: { events: boolean; admin: boolean; host: string | null },
) {
  const withEvents = show.events || version >= mv("2.51");
  return { ...actionView(row, version), ...(withEvents ? { events: eventsOf(row, version, show) } : {}) };
}

function eventsOf(
  row: ActionRow,
  version: Microversion,
  show: { events: boolean; admin: boolean; host: string | null },
) {
  if (row.event === null) return [];
  return [
    {
      event: row.event,
      start_time: stamp(row.started_at),
      finish_time: row.finished_at === null ? null : stamp(row.finished_at),
      result: row.result,
      ...(show.events ? { traceback: row.details } : {}),
      ...(version >= mv("2.62") && show.events ? { host: show.host } : {}),
      ...(version >= mv("2.62")
        ? {
            hostId:
              show.host === null
                ? ""
                : createHash("sha224")
                    .update((row.project_id ?? "") + show.host)
                    .digest("hex"),
          }
        : {}),
      ...(version >= mv("2.84")
        ? { details: row.result === "Error" ? (show.admin ? row.details : row.message) : null }
        : {}),
    },
  ];
}
