import { type ConfigurationFiles, own, same } from "../../kernel/config/declaration.ts";
import { boolean, choice, imageUrls, integer, nonEmpty, path, quota, size } from "../../kernel/config/types.ts";
import { classicPort, newDefaults, variable } from "../../kernel/config/variable.ts";

/** What it understands of localrc. */
export const variables = {
  IMAGE_URLS: variable({
    type: imageUrls,
    default: "",
    meaning: "More images to load: http, https or file URLs, separated by commas.",
  }),
  DOWNLOAD_DEFAULT_IMAGES: variable({
    type: boolean,
    default: "True",
    meaning: "Seed the default image; the built-in one needs no network.",
  }),
  DEFAULT_IMAGE_NAME: variable({
    type: nonEmpty,
    default: ({ get }) => `cirros-${get("CIRROS_VERSION")}-${get("CIRROS_ARCH")}-disk`,
    derived: "cirros-CIRROS_VERSION-CIRROS_ARCH-disk",
    meaning: "Name of the default image.",
  }),
  CIRROS_VERSION: variable({ type: nonEmpty, default: "0.6.3", meaning: "Version in the default image's name." }),
  CIRROS_ARCH: variable({
    type: choice("x86_64", "aarch64"),
    default: ({ facts }) => facts.arch,
    derived: "uname -m",
    meaning: "Processor of the default image.",
  }),
  GLANCE_IMAGE_DIR: variable({
    type: path,
    default: ({ get }) => `${get("DATA_DIR")}/glance/images`,
    derived: "DATA_DIR/glance/images",
    meaning: "Folder of image files.",
  }),
  GLANCE_ENFORCE_IMAGE_FORMAT: variable({
    type: boolean,
    default: "True",
    meaning: "Refuse uploads whose content is not of the declared disk format.",
  }),
  ALLOW_LOCAL_URLS: variable({
    type: boolean,
    default: "False",
    meaning: "Let web-download imports reach loopback, link-local and private addresses.",
  }),
  GLANCE_ENABLE_QUOTAS: variable({ type: boolean, default: "True", meaning: "Limit images per project as below." }),
  GLANCE_LIMIT_IMAGE_SIZE_TOTAL: variable({
    type: quota,
    default: "100000",
    meaning: "MiB of images per project (DevStack's 2000 is too small for real images).",
  }),
  GLANCE_LIMIT_IMAGE_COUNT_TOTAL: variable({ type: quota, default: "1000", meaning: "Images per project." }),
  GLANCE_LIMIT_IMAGE_COUNT_UPLOADING: variable({
    type: quota,
    default: "100",
    meaning: "Images per project that upload at the same time.",
  }),
  GLANCE_SERVICE_PORT: classicPort(9292, "Classic port of image."),
  GLANCE_ENFORCE_NEW_DEFAULTS: newDefaults("glance"),
};

/** What it understands of its configuration files. */
const options = {
  "DEFAULT/image_size_cap": own(size, 2 ** 40, "Longest image, bytes."),
  "DEFAULT/limit_param_default": own(integer(1), 25, "Items of a list page when the client names no limit."),
  "DEFAULT/api_limit_max": own(integer(1), 1000, "Most items of one list page."),
  "glance_store/filesystem_store_datadir": same("GLANCE_IMAGE_DIR"),
  "glance_store/default_store": own(
    choice("file", "swift"),
    "file",
    "Where images' bytes are kept: in files, or also as objects of the service project, with which the files share their blocks.",
  ),
  "glance_store/swift_store_container": own(nonEmpty, "glance", "The container of those objects."),
  "oslo_policy/enforce_new_defaults": same("GLANCE_ENFORCE_NEW_DEFAULTS"),
  "DEFAULT/debug": same("ENABLE_DEBUG_LOG_LEVEL"),
};

/** Where an option stood in old releases → where it stands today. */
const former = { "DEFAULT/filesystem_store_datadir": "glance_store/filesystem_store_datadir" };

export const files: ConfigurationFiles = {
  name: "glance",
  variable: "$GLANCE_API_CONF",
  targets: [/^\$GLANCE_(API_|REGISTRY_|CACHE_)?CONF$|\/glance-\w+\.conf$/],
  options,
  former,
};

type ImageVariables = typeof variables;

declare module "../../kernel/config/variables.ts" {
  interface ServiceVariables extends ImageVariables {}
  interface OptionTables {
    glance: typeof options;
  }
}
