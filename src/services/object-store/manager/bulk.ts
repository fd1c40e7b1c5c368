import { BadBzip2 } from "../../../kernel/bytes/bunzip2.ts";
import { ApiError } from "../../../kernel/errors.ts";
import { type Pause, SLICE } from "../../../kernel/turns/slices.ts";
import { isJoined } from "../values/etags.ts";
import { BULK_LIMITS, LIMITS, SLO_LIMITS } from "../values/limits.ts";
import type { ContainerManager } from "./containers.ts";
import type { Core } from "./core.ts";
import { segmentsOf } from "./large-objects.ts";
import type { LegacyVersions } from "./legacy-versions.ts";
import type { ObjectAttributes, ObjectManager } from "./objects.ts";
import { splitPath } from "./reading.ts";
import { BadTar, readTar } from "./tar.ts";

/** What became of many changes at once; the keys are those of Swift's reports. */
export interface BulkReport {
  "Number Deleted"?: number;
  "Number Not Found"?: number;
  "Number Files Created"?: number;
  "Response Body": string;
  "Response Status": string;
  Errors: [string, string][];
}

/** Whether objects of a container may be written by who asks; "" asks for the account. */
export type MayWrite = (container: string) => boolean;

const STATUS: Readonly<Record<number, string>> = {
  400: "400 Bad Request",
  401: "401 Unauthorized",
  403: "403 Forbidden",
  404: "404 Not Found",
  409: "409 Conflict",
  412: "412 Precondition Failed",
  413: "413 Request Entity Too Large",
  507: "507 Insufficient Storage",
};
export const statusLine = (status: number): string => STATUS[status] ?? `${status} Error`;

/** Many deletes, or an archive's files, in one request. One that fails does not keep the others. */
export class BulkManager {
  readonly #core: Core;
  readonly #containers: ContainerManager;
  readonly #objects: ObjectManager;
  readonly #legacy: LegacyVersions;

  constructor(core: Core, parts: { containers: ContainerManager; objects: ObjectManager; legacy: LegacyVersions }) {
    this.#core = core;
    this.#containers = parts.containers;
    this.#objects = parts.objects;
    this.#legacy = parts.legacy;
  }

  /** "container/object" and "container"; objects go first, so that their container may follow. */
  async delete(account: string, names: readonly string[], may: MayWrite, pause: Pause): Promise<BulkReport> {
    const report: BulkReport & { "Number Deleted": number; "Number Not Found": number } = {
      "Number Deleted": 0,
      "Number Not Found": 0,
      "Response Body": "",
      "Response Status": "200 OK",
      Errors: [],
    };
    const isObject = (name: string) => name.replace(/^\/+|\/+$/g, "").includes("/");
    const inOrder = [...names.filter(isObject), ...names.filter((name) => !isObject(name))];
    let done = 0;
    for (const name of inOrder) {
      if (name === "") continue;
      if (report.Errors.length >= BULK_LIMITS.delete.max_failed_deletes) {
        return { ...report, "Response Status": "400 Bad Request", "Response Body": "Max delete failures exceeded" };
      }
      try {
        if (this.#deleteOne(account, name.replace(/^\/+/, ""), may)) report["Number Deleted"] += 1;
        else report["Number Not Found"] += 1;
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (error.status === 404) report["Number Not Found"] += 1;
        else report.Errors.push([quoted(name), statusLine(error.status)]);
      }
      done += 1;
      if (done % SLICE === 0) await pause();
    }
    if (report.Errors.length > 0) report["Response Status"] = "400 Bad Request";
    else if (report["Number Deleted"] + report["Number Not Found"] === 0) {
      report["Response Status"] = "400 Bad Request";
      report["Response Body"] = "Invalid bulk delete.";
    }
    return report;
  }

  /** False: it was not there. Errors: 403, 409, 412. */
  #deleteOne(account: string, path: string, may: MayWrite): boolean {
    if (path.includes("\0")) throw new ApiError(412, "");
    const [containerName = path.replace(/\/+$/, ""), name = ""] = splitPath(path);
    if (!may(name === "" ? "" : containerName)) throw new ApiError(403, "");
    if (name === "") {
      this.#containers.delete(account, containerName);
      return true;
    }
    const container = this.#containers.get(account, containerName);
    if (container === undefined) return false;
    if (this.#legacy.delete(container, name, () => {})) return true;
    const { deleted, marker } = this.#objects.delete(container, name);
    return deleted !== undefined || marker !== null;
  }

  /** A static large object with all that it is made of; the manifests after what they name. */
  async deleteLarge(account: string, path: string, may: MayWrite, pause: Pause): Promise<BulkReport> {
    const names: string[] = [];
    const problems: [string, string][] = [];
    let missing = 0;
    const waiting = [path];
    const manifests: string[] = [];
    while (waiting.length > 0) {
      const next = waiting.shift() ?? "";
      if (names.length + waiting.length > SLO_LIMITS.max_manifest_segments * 10)
        throw new ApiError(400, "Too many buffered slo segments to delete.");
      const [containerName = "", name = ""] = splitPath(next);
      const container = this.#containers.get(account, containerName);
      const row = container === undefined ? undefined : this.#objects.get(container.id, name);
      if (row === undefined) missing += 1;
      else if (row.system.slo === undefined) {
        if (next === path && !isJoined(row)) problems.push([quoted(`/${next}`), "Not an SLO manifest"]);
        else names.push(next);
      } else {
        if (!may(containerName)) throw new ApiError(403, "");
        manifests.unshift(next);
        for (const segment of segmentsOf(await this.#core.contents.all(row.blob)))
          if (segment.data === null) waiting.push(`${segment.container}/${segment.name}`);
      }
    }
    const report = await this.delete(account, [...new Set([...names, ...manifests])], may, pause);
    report["Number Not Found"] = (report["Number Not Found"] ?? 0) + missing;
    if (problems.length > 0) report["Response Status"] = "400 Bad Request";
    else if (report["Response Body"] !== "" && missing > 0)
      Object.assign(report, { "Response Status": "200 OK", "Response Body": "" });
    report.Errors.unshift(...problems);
    return report;
  }

  /**
   * Files of a tar archive as objects under `base` ("" is the account: the first folder is the container then). Containers are made as
   * they come. `attributes` says what a file gets beside its bytes.
   */
  async extract(
    account: string,
    base: string,
    archive: AsyncIterable<Uint8Array>,
    options: {
      may: MayWrite;
      pause: Pause;
      unlimited: boolean;
      attributes(name: string, pax: ReadonlyMap<string, string>): ObjectAttributes;
    },
  ): Promise<BulkReport> {
    const report: BulkReport & { "Number Files Created": number } = {
      "Number Files Created": 0,
      "Response Body": "",
      "Response Status": "201 Created",
      Errors: [],
    };
    const made = new Set<string>();
    const limit = this.#core.kernel.settings.objectStore.maxFileSize;
    try {
      for await (const file of readTar(archive)) {
        if (report.Errors.length >= BULK_LIMITS.upload.max_failed_extractions) break;
        const inside = file.name.replace(/^\.\//, "").replace(/^\/+/, "");
        const path = base === "" ? inside : `${base.replace(/\/+$/, "")}/${inside}`;
        const [containerName, name] = splitPath(path);
        if (containerName === undefined || name === undefined) continue;
        try {
          const container = this.#containerFor(account, containerName, options.may, made);
          if (Buffer.byteLength(name) > LIMITS.max_object_name_length || name.includes("\0"))
            throw new ApiError(400, "");
          if (file.size > limit) throw new ApiError(413, "");
          const attributes = options.attributes(name, file.pax);
          const received = await this.#core.contents.receive(file.bytes(), {
            limit,
            expected: file.size,
          });
          const { unlimited } = options;
          const check = (current: Parameters<LegacyVersions["archive"]>[1]) => this.#legacy.archive(container, current);
          this.#objects.put(container, name, { received }, attributes, { unlimited, check });
          report["Number Files Created"] += 1;
          if (report["Number Files Created"] % SLICE === 0) await options.pause();
        } catch (error) {
          if (!(error instanceof ApiError) || error.status === 499) throw error;
          report.Errors.push([quoted(path), statusLine(error.status)]);
        }
      }
    } catch (error) {
      if (!isBadArchive(error)) throw error;
      return {
        ...report,
        "Response Status": "400 Bad Request",
        "Response Body": `Invalid Tar File: ${(error as Error).message}`,
      };
    }
    if (report.Errors.length > 0) report["Response Status"] = "400 Bad Request";
    else if (report["Number Files Created"] === 0) {
      report["Response Status"] = "400 Bad Request";
      report["Response Body"] = "Invalid Tar File: No Valid Files";
    }
    return report;
  }

  #containerFor(account: string, name: string, may: MayWrite, made: Set<string>) {
    const present = this.#containers.get(account, name);
    if (present !== undefined) {
      if (!may(name)) throw new ApiError(403, "");
      return present;
    }
    if (!may("") || made.size >= BULK_LIMITS.upload.max_containers_per_extraction) throw new ApiError(403, "");
    if (Buffer.byteLength(name) > LIMITS.max_container_name_length) throw new ApiError(400, "");
    made.add(name);
    return this.#containers.put(account, name).container;
  }
}

const isBadArchive = (error: unknown): boolean =>
  error instanceof BadTar ||
  error instanceof BadBzip2 ||
  (error instanceof Error && /^Z_/.test(String((error as NodeJS.ErrnoException).code ?? "")));

const quoted = (path: string): string => path.split("/").map(encodeURIComponent).join("/");
