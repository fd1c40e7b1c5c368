/** Filter and sort keys of the API's lists, as the stores know them. */
export { ATTACHMENT_COLUMNS } from "../store/attachments.ts";
export { expressionOf, type ListColumns, orderBy } from "../store/columns.ts";
export { MESSAGE_COLUMNS } from "../store/messages.ts";
export { SNAPSHOT_COLUMNS } from "../store/snapshots.ts";
export { TYPE_COLUMNS } from "../store/types.ts";
export { VOLUME_COLUMNS } from "../store/volumes.ts";
