import { CONTAINER_FORMATS, DISK_FORMATS } from "../states.ts";

/**
 * What `GET /v2/schemas/…` answers. glanceclient asks for it to know which attributes are glance's own ("is_base": false
 * marks the well-known custom ones).
 */
const ID = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$";

const text = (description: string, more: Record<string, unknown> = {}) => ({ type: "string", description, ...more });
const nullable = (type: string, description: string, more: Record<string, unknown> = {}) => ({
  type: ["null", type],
  description,
  ...more,
});
const shown = { readOnly: true };
const custom = { is_base: false };

const STATUSES = [
  "queued",
  "saving",
  "active",
  "killed",
  "deleted",
  "uploading",
  "importing",
  "pending_delete",
  "deactivated",
];

const imageProperties = {
  id: text("UUID of the image", { pattern: ID }),
  name: nullable("string", "Name of the image", { maxLength: 255 }),
  status: text("State of the image", { ...shown, enum: STATUSES }),
  visibility: text("Who can see the image", { enum: ["community", "public", "private", "shared"] }),
  protected: { type: "boolean", description: "Whether a delete is refused" },
  os_hidden: { type: "boolean", description: "Whether lists leave the image out unless asked" },
  checksum: nullable("string", "md5 of the data", { ...shown, maxLength: 32 }),
  os_hash_algo: nullable("string", "Algorithm of os_hash_value", { ...shown, maxLength: 64 }),
  os_hash_value: nullable("string", "Hexadecimal hash of the data", { ...shown, maxLength: 128 }),
  owner: nullable("string", "Project that owns the image", { maxLength: 255 }),
  size: nullable("integer", "Bytes of the data", shown),
  virtual_size: nullable("integer", "Bytes of the disk inside the data", shown),
  container_format: nullable("string", "Container of the data", { enum: [null, ...CONTAINER_FORMATS] }),
  disk_format: nullable("string", "Format of the disk", { enum: [null, ...DISK_FORMATS] }),
  created_at: text("When the image was made", shown),
  updated_at: text("When the image was changed last", shown),
  tags: { type: "array", description: "Tags of the image", items: { type: "string", maxLength: 255 } },
  min_ram: { type: "integer", description: "MiB of memory a guest needs" },
  min_disk: { type: "integer", description: "GiB of disk a guest needs" },
  self: text("Path of the image", shown),
  file: text("Path of the data", shown),
  stores: text("Where the data is kept", shown),
  schema: text("Path of this schema", shown),
  kernel_id: nullable("string", "Image of the kernel an AMI-style image boots with", { pattern: ID, ...custom }),
  ramdisk_id: nullable("string", "Image of the ramdisk an AMI-style image boots with", { pattern: ID, ...custom }),
  instance_uuid: text("Server the image was made from", custom),
  architecture: text("Processor architecture", custom),
  os_distro: text("Operating system's distribution", custom),
  os_version: text("Operating system's version", custom),
  description: text("What the image is, for people", custom),
};

const image = {
  name: "image",
  properties: imageProperties,
  additionalProperties: { type: "string" },
  links: [
    { rel: "self", href: "{self}" },
    { rel: "enclosure", href: "{file}" },
    { rel: "describedby", href: "{schema}" },
  ],
};

const member = {
  name: "member",
  properties: {
    member_id: text("Project the image is shared with"),
    image_id: text("UUID of the image", { pattern: ID }),
    created_at: text("When it was shared"),
    updated_at: text("When the status changed last"),
    status: text("What the project answered", { enum: ["pending", "accepted", "rejected"] }),
    schema: { readOnly: true, type: "string" },
  },
};

const task = {
  name: "task",
  properties: {
    id: text("UUID of the task", { pattern: ID }),
    type: text("Kind of task", { enum: ["import", "api_image_import", "export", "clone"] }),
    status: text("State of the task", { enum: ["pending", "processing", "success", "failure"] }),
    input: { type: ["null", "object"], description: "What was asked for" },
    result: { type: ["null", "object"], description: "What came of it" },
    owner: text("Project that started it"),
    message: text("How it went, for people"),
    image_id: text("Image it works on"),
    request_id: text("Request that started it"),
    user_id: text("User that started it"),
    expires_at: nullable("string", "When it is forgotten"),
    created_at: text("When it was started"),
    updated_at: text("When it changed last"),
    self: { readOnly: true, type: "string" },
    schema: { readOnly: true, type: "string" },
  },
};

const describedBy = { rel: "describedby", href: "{schema}" };

/** By the last part of the path. */
export const SCHEMAS: Readonly<Record<string, unknown>> = {
  image,
  images: {
    name: "images",
    properties: {
      images: { type: "array", items: image },
      first: { type: "string" },
      next: { type: "string" },
      schema: { type: "string" },
    },
    links: [{ rel: "first", href: "{first}" }, { rel: "next", href: "{next}" }, describedBy],
  },
  member,
  members: {
    name: "members",
    properties: { members: { type: "array", items: member }, schema: { type: "string" } },
    links: [describedBy],
  },
  task,
  tasks: {
    name: "tasks",
    properties: { tasks: { type: "array", items: task }, schema: { type: "string" } },
    links: [describedBy],
  },
};
