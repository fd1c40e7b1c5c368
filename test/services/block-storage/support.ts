import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiError, notFound } from "../../../src/kernel/errors.ts";
import { computeEnvelope, family } from "../../../src/kernel/http/families.ts";
import { defineService, type Service } from "../../../src/kernel/module.ts";
import type { Clock } from "../../../src/kernel/time/clock.ts";
import type { VolumeDriver } from "../../../src/services/block-storage/driver/driver.ts";
import { FakeVolumeDriver } from "../../../src/services/block-storage/driver/fake.ts";
import type { BlockStorageFacade } from "../../../src/services/block-storage/facade.ts";
import { blockStorage } from "../../../src/services/block-storage/index.ts";
import type { CreateImage, ImageFacade, ImageInfo } from "../../../src/services/image/facade.ts";
import { type Answer, identityStub, type RequestOptions, type TestCloud, testCloud } from "../../support/cloud.ts";
import type { Json } from "../../support/json.ts";
import type { testSettings } from "../../support/settings.ts";

/** Stands in for the image service: images by id, with files on the disk. */
export class ImageStub {
  readonly images = new Map<string, ImageInfo>();
  /** Image id → sha256 of what was uploaded. */
  readonly uploads = new Map<string, string>();
  /** What it has against new images. */
  refuse: string | null = null;

  add(image: Partial<ImageInfo> & { id: string }): ImageInfo {
    const full: ImageInfo = {
      name: image.id,
      status: "active",
      diskFormat: "raw",
      containerFormat: "bare",
      size: 65_536,
      virtualSize: null,
      minDisk: 0,
      minRam: 0,
      checksum: "fcd6bcb56c1689fcef28b57c22475bad",
      osHashAlgo: null,
      osHashValue: null,
      protected: false,
      osHidden: false,
      visibility: "public",
      owner: null,
      tags: [],
      properties: {},
      createdAt: 0,
      updatedAt: 0,
      filePath: "/nowhere",
      ...image,
    };
    this.images.set(full.id, full);
    return full;
  }

  get facade(): ImageFacade {
    const get = (id: string): ImageInfo => {
      const found = this.images.get(id);
      if (found === undefined) throw notFound(`No image found with ID ${id}`);
      return found;
    };
    return {
      get: (_context, id) => get(id),
      find: (id) => this.images.get(id) ?? null,
      list: (_context, filters) =>
        [...this.images.values()].filter(({ name }) => filters?.name === undefined || name === filters.name),
      create: (_context, wanted: CreateImage) => {
        if (this.refuse !== null) throw new ApiError(413, this.refuse);
        return this.add({
          id: crypto.randomUUID(),
          name: wanted.name,
          status: "queued",
          filePath: null,
          diskFormat: wanted.diskFormat ?? null,
          containerFormat: wanted.containerFormat ?? null,
          properties: wanted.properties ?? {},
        });
      },
      uploadFile: async (_context, id, path) => {
        this.uploads.set(id, createHash("sha256").update(readFileSync(path)).digest("hex"));
        rmSync(path);
        return this.add({ ...get(id), status: "active" });
      },
      createFromFile: () => Promise.reject(new Error("not used")),
      updateProperties: () => {
        throw new Error("not used");
      },
      delete: async (_context, id) => {
        get(id);
        this.images.delete(id);
      },
    };
  }
}

const imageStub = (stub: ImageStub): Service =>
  defineService({
    name: "image",
    endpoint: { prefix: "/image", classicPorts: [], catalog: [] },
    api: family({ renderError: computeEnvelope }),
    policies: {},
    migrations: [],
    create: () => ({ facade: stub.facade, routes: [] }),
  })();

export interface Storage {
  t: TestCloud;
  driver: VolumeDriver;
  images: ImageStub;
  facade: BlockStorageFacade;
  directory: string;
  /** A request below /volume/v3, by default as a member of project alpha. */
  request(method: string, path: string, options?: RequestOptions & { version?: string }): Promise<Answer>;
  /** Creates a volume and waits until all work is done. */
  volume(attributes?: Record<string, unknown>, token?: string): Promise<Json>;
  show(id: string, token?: string): Promise<Json>;
  action(id: string, body: unknown, options?: RequestOptions & { version?: string }): Promise<Answer>;
  idle(): Promise<void>;
  close(): Promise<void>;
}

/** A cloud with block storage, seeded, in a directory of its own. */
export async function storage(
  options: {
    driver?: (directory: string) => VolumeDriver;
    settings?: Parameters<typeof testSettings>[0];
    clock?: Clock;
  } = {},
): Promise<Storage> {
  const directory = mkdtempSync(join(tmpdir(), "tenrec-volumes-"));
  const driver = options.driver?.(directory) ?? new FakeVolumeDriver();
  const images = new ImageStub();
  const t = await testCloud(
    [identityStub(), imageStub(images), blockStorage({ driver: () => driver, hostname: "box" })],
    {
      settings: { ...options.settings, dataDir: directory },
      ...(options.clock === undefined ? {} : { clock: options.clock }),
    },
  );
  for (const { instance } of t.cloud.services) await instance.seed?.();

  const request: Storage["request"] = (method, path, { version, headers, ...rest } = {}) => {
    const microversion: Record<string, string> =
      version === undefined ? {} : { "openstack-api-version": `volume ${version}` };
    return t.request(method, `/volume/v3${path}`, {
      token: "member:alpha",
      ...rest,
      headers: { ...headers, ...microversion },
    });
  };
  const idle = () => t.cloud.kernel.operations.idle();
  return {
    t,
    driver,
    images,
    facade: t.cloud.kernel.facade("block-storage"),
    directory,
    request,
    idle,
    async volume(attributes = {}, token = "member:alpha") {
      const created = await request("POST", "/volumes", { token, body: { volume: { size: 1, ...attributes } } });
      if (created.status !== 202) throw new Error(`no volume: ${created.status} ${JSON.stringify(created.body)}`);
      await idle();
      return created.body.volume;
    },
    async show(id, token = "member:alpha") {
      return (await request("GET", `/volumes/${id}`, { token })).body.volume;
    },
    action: (id, body, rest = {}) => request("POST", `/volumes/${id}/action`, { ...rest, body }),
    async close() {
      await t.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A file in a storage's directory. */
export function file(store: Storage, name: string, content: string | Uint8Array): string {
  const path = join(store.directory, name);
  writeFileSync(path, content);
  return path;
}
