/** What the API's lists may be asked for, as the stores know it: filter and sort keys, and conditions. */
export { ATTACHMENT_COLUMNS } from "../store/attachments.ts";
export { expressionOf, type ListColumns, orderBy } from "../store/columns.ts";
export {
  begins,
  compared,
  contains,
  EVERYTHING,
  equals,
  hasPairs,
  isAny,
  isComparison,
  NOTHING,
} from "../store/conditions.ts";
export { MESSAGE_COLUMNS } from "../store/messages.ts";
export { ITS_VOLUME, SNAPSHOT_COLUMNS } from "../store/snapshots.ts";
export { openTo, specHolds, TYPE_COLUMNS } from "../store/types.ts";
export { METADATA_OF_ALL, NO_GROUP, VOLUME_COLUMNS } from "../store/volumes.ts";
