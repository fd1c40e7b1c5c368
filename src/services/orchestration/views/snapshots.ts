import { isoSeconds } from "../../../kernel/time/clock.ts";
import type { SnapshotRow } from "../store/snapshots.ts";

export const snapshotView = ({ id, name, status, status_reason, data, created_at }: SnapshotRow) => ({
  id,
  name,
  status,
  status_reason,
  data,
  creation_time: isoSeconds(created_at),
});
