import { boolean, path, size } from "../types.ts";
import { variable } from "../variable.ts";

export const objectStoreVariables = {
  SWIFT_DATA_DIR: variable({
    type: path,
    default: ({ get }) => `${get("DATA_DIR")}/swift`,
    derived: "DATA_DIR/swift",
    meaning: "Folder of objects.",
  }),
  SWIFT_MAX_FILE_SIZE: variable({ type: size, default: "5G", meaning: "Longest single object." }),
  SWIFT_ENABLE_TEMPURLS: variable({ type: boolean, default: "False", meaning: "Offer temporary URLs." }),
};
