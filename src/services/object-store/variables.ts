import { path, size } from "../../kernel/config/types.ts";
import { classicPort, variable } from "../../kernel/config/variable.ts";

/** What it understands of localrc. */
export const variables = {
  SWIFT_DATA_DIR: variable({
    type: path,
    default: ({ get }) => `${get("DATA_DIR")}/swift`,
    derived: "DATA_DIR/swift",
    meaning: "Folder of objects' bytes, but for small ones, which are in the database.",
  }),
  SWIFT_MAX_FILE_SIZE: variable({
    type: size,
    default: "5368709122",
    meaning: "Longest object that is put in one piece, bytes.",
  }),
  SWIFT_DEFAULT_BIND_PORT: classicPort(8080, "Classic port of object storage."),
  S3_SERVICE_PORT: classicPort(3333, "Port of object storage's S3 API."),
};

type ObjectStoreVariables = typeof variables;

declare module "../../kernel/config/variables.ts" {
  interface ServiceVariables extends ObjectStoreVariables {}
}
