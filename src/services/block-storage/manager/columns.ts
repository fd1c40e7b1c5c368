/** Filter and sort keys of the API's lists, as the stores know them. */
export { ATTACHMENT_COLUMNS } from "../store/attachments.ts";
export { SNAPSHOT_COLUMNS } from "../store/snapshots.ts";
export { VOLUME_COLUMNS } from "../store/volumes.ts";
