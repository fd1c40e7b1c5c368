import type { CreateImage, ImageFacade, ImageFilters, ImageInfo } from "../facade.ts";
import type { ImageRow } from "../store/images.ts";
import type { Managers } from "./index.ts";
import type { PatchChange } from "./patch.ts";

/** The facade's verbs over the managers. */
export function createFacade({ core, images, data, listing }: Managers): ImageFacade {
  const { images: store, access, files } = core;
  const info = (row: ImageRow) => imageInfo(row, files.path(row.id));
  const facade: ImageFacade = {
    get: (context, id) => info(access.authorized(context, id, "get_image")),
    find(id) {
      const row = store.get(id);
      return row === undefined ? null : info(row);
    },
    list: (context, filters = {}) => listing.found(context, queryOf(filters)).map(info),
    create: (context, image) => info(images.create(context, attributesOf(image))),
    async uploadFile(context, id, path, formats, options) {
      const image = access.authorized(context, id, "upload_image");
      if (image.disk_format !== formats.diskFormat || image.container_format !== formats.containerFormat) {
        images.update(context, image, [
          { op: "replace", name: "disk_format", value: formats.diskFormat },
          { op: "replace", name: "container_format", value: formats.containerFormat },
        ]);
      }
      return info(await data.uploadFile(id, path, options));
    },
    async createFromFile(context, image, path, options) {
      const row = images.create(context, attributesOf(image));
      try {
        return info(await data.uploadFile(row.id, path, options));
      } catch (error) {
        // Deleting is ours to do even when the image is protected or somebody else's by now.
        if (store.get(row.id) !== undefined) store.delete(row.id);
        throw error;
      }
    },
    updateProperties(context, id, changes) {
      const image = access.authorized(context, id, "modify_image");
      const have = JSON.parse(image.properties) as Record<string, string>;
      const operations: PatchChange[] = [];
      for (const [name, value] of Object.entries(changes)) {
        if (value !== null) operations.push({ op: "add", name, value });
        else if (Object.hasOwn(have, name)) operations.push({ op: "remove", name, value });
      }
      return info(images.update(context, image, operations));
    },
    async delete(context, id) {
      await images.delete(access.authorized(context, id, "delete_image"));
    },
  };
  return facade;
}

/** As the API's body names them. */
function attributesOf(image: CreateImage): Record<string, unknown> {
  const attributes: Record<string, unknown> = { ...image.properties, name: image.name };
  const set = (name: string, value: unknown): void => {
    if (value !== undefined) attributes[name] = value;
  };
  set("id", image.id);
  set("owner", image.owner);
  set("disk_format", image.diskFormat);
  set("container_format", image.containerFormat ?? (image.diskFormat == null ? undefined : "bare"));
  set("min_disk", image.minDisk);
  set("min_ram", image.minRam);
  set("visibility", image.visibility);
  set("protected", image.protected);
  set("tags", image.tags);
  return attributes;
}

function queryOf(filters: ImageFilters): URLSearchParams {
  const query = new URLSearchParams(Object.entries(filters.properties ?? {}));
  for (const name of ["name", "status", "owner", "visibility"] as const) {
    const value = filters[name];
    // A name may begin with "in:" and hold anything.
    if (value !== undefined) query.set(name, name === "name" ? `in:"${value.replace(/["\\]/g, "\\$&")}"` : value);
  }
  return query;
}

function imageInfo(image: ImageRow, path: string): ImageInfo {
  return {
    id: image.id,
    name: image.name,
    status: image.status,
    diskFormat: image.disk_format,
    containerFormat: image.container_format,
    size: image.size,
    virtualSize: image.virtual_size,
    minDisk: image.min_disk,
    minRam: image.min_ram,
    checksum: image.checksum,
    osHashAlgo: image.os_hash_algo,
    osHashValue: image.os_hash_value,
    protected: image.protected !== 0,
    osHidden: image.os_hidden !== 0,
    visibility: image.visibility,
    owner: image.owner,
    tags: JSON.parse(image.tags) as string[],
    properties: JSON.parse(image.properties) as Record<string, string>,
    createdAt: image.created_at,
    updatedAt: image.updated_at,
    filePath: image.has_data === 0 ? null : path,
  };
}
