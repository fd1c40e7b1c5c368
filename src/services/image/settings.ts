import type { SettingsDeclaration } from "../../kernel/config/declaration.ts";
import { files, variables } from "./variables.ts";

export interface ImageSettings {
  /** IMAGE_URLS, comma list, in order. */
  readonly urls: readonly string[];
  /** DOWNLOAD_DEFAULT_IMAGES: seed the default image (the built-in one needs no network). */
  readonly downloadDefaultImages: boolean;
  /** DEFAULT_IMAGE_NAME */
  readonly defaultName: string;
  /** GLANCE_IMAGE_DIR */
  readonly imageDir: string;
  /** glance [glance_store] swift_store_container, where default_store is swift; else null. */
  readonly container: string | null;
  /** GLANCE_ENFORCE_IMAGE_FORMAT: refuse uploads whose content is not of the declared disk_format. */
  readonly enforceFormat: boolean;
  /** ALLOW_LOCAL_URLS: web-download and IMAGE_URLS of users may reach loopback and private addresses. */
  readonly allowLocalUrls: boolean;
  /** GLANCE_ENABLE_QUOTAS */
  readonly enableQuotas: boolean;
  /** GLANCE_LIMIT_IMAGE_SIZE_TOTAL, MiB. */
  readonly limitSizeTotalMb: number;
  /** GLANCE_LIMIT_IMAGE_COUNT_TOTAL */
  readonly limitCountTotal: number;
  /** GLANCE_LIMIT_IMAGE_COUNT_UPLOADING */
  readonly limitCountUploading: number;
  /** glance [DEFAULT] image_size_cap, bytes. */
  readonly imageSizeCap: number;
  /** glance [DEFAULT] limit_param_default / api_limit_max: page sizes. */
  readonly pageSizeDefault: number;
  readonly pageSizeMax: number;
}

declare module "../../kernel/config/settings.ts" {
  interface Settings {
    readonly image: ImageSettings;
  }
  interface PortSettings {
    /** GLANCE_SERVICE_PORT (9292) */
    readonly image: number;
  }
}

export const settings: SettingsDeclaration = {
  groups: [{ title: "Images", variables }],
  files,
  newDefaults: "GLANCE_ENFORCE_NEW_DEFAULTS",
  ports: {
    image: {
      variable: "GLANCE_SERVICE_PORT",
      what: "image",
      ifTaken: "that API is only on the main port then",
      classic: true,
    },
  },
  build: (r, path) => ({
    image: {
      urls: r.value("IMAGE_URLS"),
      downloadDefaultImages: r.value("DOWNLOAD_DEFAULT_IMAGES"),
      defaultName: r.value("DEFAULT_IMAGE_NAME"),
      imageDir: path(r.value("GLANCE_IMAGE_DIR")),
      container:
        r.option("glance/glance_store/default_store") === "swift"
          ? r.option("glance/glance_store/swift_store_container")
          : null,
      enforceFormat: r.value("GLANCE_ENFORCE_IMAGE_FORMAT"),
      allowLocalUrls: r.value("ALLOW_LOCAL_URLS"),
      enableQuotas: r.value("GLANCE_ENABLE_QUOTAS"),
      limitSizeTotalMb: r.value("GLANCE_LIMIT_IMAGE_SIZE_TOTAL"),
      limitCountTotal: r.value("GLANCE_LIMIT_IMAGE_COUNT_TOTAL"),
      limitCountUploading: r.value("GLANCE_LIMIT_IMAGE_COUNT_UPLOADING"),
      imageSizeCap: r.option("glance/DEFAULT/image_size_cap"),
      pageSizeDefault: r.option("glance/DEFAULT/limit_param_default"),
      pageSizeMax: r.option("glance/DEFAULT/api_limit_max"),
    },
  }),
  check({ image, services }, r) {
    if (image.container === null || services.includes("object-store")) return;
    r.problem(
      "glance/glance_store/default_store",
      "[glance_store] default_store = swift, and s-proxy is not enabled",
      "enable_service s-proxy, or leave the images in files",
    );
  },
};
