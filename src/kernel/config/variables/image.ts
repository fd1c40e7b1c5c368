import { boolean, choice, imageUrls, nonEmpty, path, quota } from "../types.ts";
import { variable } from "../variable.ts";

export const imageVariables = {
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
};
