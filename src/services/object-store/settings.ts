import type { SettingsDeclaration } from "../../kernel/config/declaration.ts";
import { variables } from "./variables.ts";

export interface ObjectStoreSettings {
  /** SWIFT_DATA_DIR */
  readonly dataDir: string;
  /** SWIFT_MAX_FILE_SIZE, bytes. */
  readonly maxFileSize: number;
}

declare module "../../kernel/config/settings.ts" {
  interface Settings {
    readonly objectStore: ObjectStoreSettings;
  }
  interface PortSettings {
    /** SWIFT_DEFAULT_BIND_PORT (8080) */
    readonly objectStore: number;
    /** S3_SERVICE_PORT (3333) */
    readonly s3: number;
  }
}

export const settings: SettingsDeclaration = {
  groups: [{ title: "Object storage", variables }],
  directories: ["SWIFT_DATA_DIR"],
  ports: {
    objectStore: {
      variable: "SWIFT_DEFAULT_BIND_PORT",
      what: "object storage",
      ifTaken: "that API is only on the main port then",
      classic: true,
    },
    s3: {
      variable: "S3_SERVICE_PORT",
      what: "S3",
      ifTaken: "that API is only on the main port then",
      classic: true,
    },
  },
  build: (r, absolute) => ({
    objectStore: { dataDir: absolute(r.value("SWIFT_DATA_DIR")), maxFileSize: r.value("SWIFT_MAX_FILE_SIZE") },
  }),
};
