import { mv } from "../../../kernel/http/microversion.ts";
import { isoMicrosNaive } from "../../../kernel/time/clock.ts";
import type { SnapshotRow } from "../store/snapshots.ts";
import type { ViewContext } from "./volumes.ts";

const SINCE_USER_ID = mv("3.41");
const SINCE_CONSUMES_QUOTA = mv("3.65");

export function snapshotSummary(snapshot: SnapshotRow, view: Pick<ViewContext, "version">): Record<string, unknown> {
  const result: Record<string, unknown> = {
    id: snapshot.id,
    created_at: isoMicrosNaive(snapshot.created_at),
    updated_at: snapshot.updated_at === null ? null : isoMicrosNaive(snapshot.updated_at),
    name: snapshot.name,
    description: snapshot.description,
    volume_id: snapshot.volume_id,
    status: snapshot.status,
    size: snapshot.size_gb,
    metadata: snapshot.metadata,
  };
  if (view.version >= SINCE_USER_ID) result.user_id = snapshot.user_id;
  if (view.version >= SINCE_CONSUMES_QUOTA) result.consumes_quota = true;
  return result;
}

export const snapshotDetail = (snapshot: SnapshotRow, view: Pick<ViewContext, "version">) => ({
  ...snapshotSummary(snapshot, view),
  "os-extended-snapshot-attributes:project_id": snapshot.project_id,
  "os-extended-snapshot-attributes:progress": snapshot.progress,
});
