import { valueMistake } from "../../language/mistakes.ts";
import type { Schemata } from "../../language/schema.ts";
import { given, lost, nameOf, orGone } from "../asking.ts";
import { without } from "../thing.ts";
import { inError, type Made, type ResourceType, type Run, type Values } from "../types.ts";

type Image = Readonly<Record<string, unknown>> & { readonly id: string; readonly status: string };

const UUID = "^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$";
const AMAZONS = ["ami", "ari", "aki"];
const text = { type: "string" } as const;
const changing = { type: "string", update_allowed: true } as const;
const oneOf = (...values: string[]) =>
  ({ ...text, required: true, constraints: [{ allowed_values: values }] }) as const;
const imageId = { ...changing, constraints: [{ allowed_pattern: UUID }] } as const;
const size = (description: string) =>
  ({ type: "integer", default: 0, constraints: [{ range: { min: 0 } }], description }) as const;

/** What both types have. */
const common: Schemata = {
  name: { ...text, description: "Its name." },
  id: { ...text, description: "Its id; one is made where none is given." },
  min_disk: size("GiB of disk that it needs."),
  min_ram: size("MiB of memory that it needs."),
  location: { ...text, required: true, description: "The URL that its data is had from." },
  tags: { type: "list", update_allowed: true, description: "Its tags." },
  extra_properties: { type: "map", default: {}, update_allowed: true, description: "Further properties." },
  architecture: { ...changing, description: "The architecture of its system." },
  kernel_id: { ...imageId, description: "The image of its kernel." },
  os_distro: { ...changing, description: "The distribution in it." },
  owner: { ...changing, description: "Whose it is." },
  ramdisk_id: { ...imageId, description: "The image of its initial RAM disk." },
};

/** Properties of these types that are attributes of the image by the same names. */
const SAME = [
  "id",
  "min_disk",
  "min_ram",
  "protected",
  "disk_format",
  "container_format",
  "architecture",
  "kernel_id",
  "os_distro",
  "os_version",
  "owner",
  "ramdisk_id",
  "visibility",
  "tags",
];

async function imageOf({ call, physicalId }: Pick<Made, "call" | "physicalId">): Promise<Image | null> {
  if (physicalId === null) return null;
  return orGone(() => call<Image>("image", "images:show", { params: { image_id: physicalId } }));
}

const of = (run: Pick<Run, "physicalId">, more: Record<string, string> = {}) => ({
  params: { image_id: run.physicalId ?? "", ...more },
});

function bodyOf(run: Run): Record<string, unknown> {
  const { properties } = run;
  const { is_public, extra_properties } = properties;
  const shared = is_public === undefined ? {} : { visibility: is_public === true ? "public" : "private" };
  const same = Object.fromEntries(SAME.map((key) => [key, properties[key]]));
  const extra = Object.fromEntries(
    Object.entries((extra_properties ?? {}) as Values).map(([key, value]) => [key, String(value)]),
  );
  return given({ ...extra, ...same, ...shared, name: nameOf(run) });
}

async function create(run: Run): Promise<void> {
  if (run.physicalId === null) {
    const body = bodyOf(run);
    const left = await lost(run, async () => {
      const query = { name: String(body.name), status: "queued" };
      return (await run.call<{ images: Image[] }>("image", "images:list", { query })).images;
    });
    run.setPhysicalId(left ?? (await run.call<Image>("image", "images:create", { body })).id);
  }
  if ((await imageOf(run))?.status !== "queued") return;
  const body = { method: { name: "web-download", uri: run.properties.location } };
  await run.call("image", "image-import:start", { ...of(run), body });
}

async function isCreated(run: Run): Promise<boolean> {
  const image = await imageOf(run);
  if (image === null) throw inError("Not found", "deleted");
  // Where the data cannot be had the image is waiting for some again.
  if (["killed", "deleted", "queued"].includes(image.status)) throw inError("Image import failed", image.status);
  if (image.status !== "active" && image.status !== "deactivated") return false;
  await setMembers(run, run.properties, {});
  if (run.properties.active === false) await run.call("image", "images:deactivate", of(run));
  return true;
}

async function setMembers(run: Run, now: Values, before: Values): Promise<void> {
  const [wanted, former] = [(now.members ?? []) as string[], (before.members ?? []) as string[]];
  for (const member of without(wanted, former)) {
    await run.call("image", "image-members:create", { ...of(run), body: { member } });
  }
  for (const member_id of without(former, wanted)) {
    await orGone(() => run.call("image", "image-members:delete", of(run, { member_id })));
  }
}

async function update(run: Run, changed: Values): Promise<void> {
  const { active, members, tags, extra_properties, ...others } = changed;
  if (active === false) await run.call("image", "images:deactivate", of(run));
  if (tags !== undefined) {
    const [wanted, former] = [(tags ?? []) as string[], (run.before.tags ?? []) as string[]];
    for (const tag of without(wanted, former)) await run.call("image", "image-tags:add", of(run, { tag }));
    for (const tag of without(former, wanted))
      await orGone(() => run.call("image", "image-tags:remove", of(run, { tag })));
  }
  const now = extra_properties === undefined ? {} : ((extra_properties ?? {}) as Values);
  const before = extra_properties === undefined ? {} : ((run.before.extra_properties ?? {}) as Values);
  const image = (await imageOf(run)) ?? {};
  const set = Object.entries({ ...given(others), ...now }).map(([key, value]) => ({
    op: Object.hasOwn(image, key) ? "replace" : "add",
    path: `/${key}`,
    value: key === "protected" ? value : String(value),
  }));
  const removed = without(Object.keys(before), Object.keys(now)).filter((key) => Object.hasOwn(image, key));
  const patch = [...set, ...removed.map((key) => ({ op: "remove", path: `/${key}` }))];
  if (patch.length > 0) {
    const headers = { "content-type": "application/openstack-images-v2.1-json-patch" };
    await run.call("image", "images:update", { ...of(run), body: patch, headers });
  }
  if (members !== undefined) await setMembers(run, { members }, run.before);
  if (active === true) await run.call("image", "images:reactivate", of(run));
}

function validate({ properties }: { properties: Values }): void {
  const { container_format, disk_format, members, visibility } = properties;
  if (AMAZONS.includes(String(container_format)) && disk_format !== container_format) {
    throw valueMistake(
      "Invalid mix of disk and container formats. When setting a disk or container format to one of 'aki', 'ari', or 'ami', the container and disk formats must match.",
    );
  }
  if (((members ?? []) as unknown[]).length > 0 && visibility !== "shared") {
    throw valueMistake("members property should only be specified for visibility with value shared.");
  }
}

const behaviour = {
  service: { name: "image", client: "glance" },
  attributes: {},
  validate,
  create,
  isCreated,
  update,
  async delete(run) {
    if (run.physicalId === null) return;
    await orGone(() => run.call("image", "images:delete", of(run)));
  },
  async check(run) {
    const status = (await imageOf(run))?.status ?? "deleted";
    if (status !== "active") throw inError("Not 'ACTIVE'", status);
  },
  show: imageOf,
} satisfies Partial<ResourceType>;

export const webImage: ResourceType = {
  name: "OS::Glance::WebImage",
  support: { version: "12.0.0" },
  className: "GlanceWebImage",
  description: "An image whose data the image service gets from the web.",
  properties: {
    ...common,
    protected: { type: "boolean", default: false, update_allowed: true, description: "Whether it cannot be deleted." },
    disk_format: {
      ...oneOf("ami", "ari", "aki", "vhd", "vhdx", "vmdk", "raw", "qcow2", "vdi", "iso", "ploop"),
      description: "The format of the disk in it.",
    },
    container_format: {
      ...oneOf("ami", "ari", "aki", "bare", "ovf", "ova", "docker"),
      description: "The format around the disk.",
    },
    os_version: { ...changing, description: "The version of the system in it." },
    visibility: {
      ...changing,
      default: "private",
      constraints: [{ allowed_values: ["public", "private", "community", "shared"] }],
      description: "Who sees it.",
    },
    active: { type: "boolean", default: true, update_allowed: true, description: "Whether its data can be had." },
    members: { type: "list", update_allowed: true, items: text, description: "Projects it is shared with." },
  },
  ...behaviour,
};

export const glanceImage: ResourceType = {
  name: "OS::Glance::Image",
  support: {
    status: "DEPRECATED",
    version: "8.0.0",
    message:
      "Creating a Glance Image based on an existing URL location requires the Glance v1 API, which is deprecated.",
  },
  className: "GlanceImage",
  description: "An image, in the words of former times: OS::Glance::WebImage is the same.",
  properties: {
    ...common,
    is_public: { type: "boolean", default: false, description: "Whether all projects see it." },
    protected: { type: "boolean", default: false, description: "Whether it cannot be deleted." },
    disk_format: {
      ...oneOf("ami", "ari", "aki", "vhd", "vmdk", "raw", "qcow2", "vdi", "iso"),
      description: "The format of the disk in it.",
    },
    container_format: {
      ...oneOf("ami", "ari", "aki", "bare", "ova", "ovf"),
      description: "The format around the disk.",
    },
  },
  ...behaviour,
};
