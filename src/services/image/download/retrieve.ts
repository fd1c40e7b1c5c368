import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { Exec } from "../../../host/types.ts";
import { DownloadRefused, fetchUrl, shownUri } from "./fetch.ts";

const TRIES = 5;
const PAUSE_MS = 1_000;

/** Fetches what IMAGE_URLS names to local files. The operator chose the URLs, so any address may be reached. */
export class Retriever {
  readonly #directory: string;
  readonly #exec: Exec;
  readonly #pause: number;

  /**
   * @param directory where partial downloads are kept for the next try
   * @param pause milliseconds before a try after one that got nothing; more each time
   */
  constructor(directory: string, exec: Exec, pause = PAUSE_MS) {
    this.#directory = directory;
    this.#exec = exec;
    this.#pause = pause;
  }

  /** The local file of a URL: the file itself for file:, else a download that goes on where an earlier one broke off. */
  async retrieve(url: string): Promise<{ path: string; ours: boolean }> {
    if (url.startsWith("file:")) return { path: fileURLToPath(url), ours: false };
    await this.prepare();
    const path = this.workPath(url, "part");
    let failure: unknown;
    for (let attempt = 1; attempt <= TRIES; attempt += 1) {
      const before = await sizeOf(path);
      try {
        await this.#download(url, path);
        return { path, ours: true };
      } catch (error) {
        failure = error;
        // What we have is not a beginning of what is there now.
        if (error instanceof DownloadRefused && error.message.endsWith("answered 416")) {
          await rm(path, { force: true });
          continue;
        }
        // An answer that says no will say it again; a connection that broke may not.
        if (error instanceof DownloadRefused && /answered 4\d\d/.test(error.message)) break;
        // A connection that broke in the midst of data is worth an immediate try; a server that is just starting is not.
        if (attempt < TRIES && (await sizeOf(path)) <= before) await sleep(this.#pause * attempt);
      }
    }
    throw failure;
  }

  /** Makes the folder that work paths lie in. */
  async prepare(): Promise<void> {
    await mkdir(this.#directory, { recursive: true });
  }

  /** A file of our own for work on a URL. */
  workPath(url: string, suffix: string): string {
    const name = createHash("sha256").update(url).digest("hex").slice(0, 32);
    return join(this.#directory, `${name}.${suffix}`);
  }

  /**
   * Unpacks gz and zst by ourselves, xz and bz2 with the host's tools. Returns the unpacked file, which is ours.
   * Errors: for more than `limit` bytes; a few kilobytes may unpack to more than any disk holds.
   */
  async decompress(path: string, kind: "gz" | "zst" | "xz" | "bz2", url: string, limit: number): Promise<string> {
    await this.prepare();
    const target = this.workPath(url, "data");
    try {
      if (kind === "gz" || kind === "zst") {
        const unpack = kind === "gz" ? createGunzip() : createZstdDecompress();
        await pipeline(createReadStream(path), unpack, upTo(limit), createWriteStream(target));
      } else await this.#unpack(path, kind, target, limit);
      return target;
    } catch (error) {
      await rm(target, { force: true });
      throw error;
    }
  }

  async #unpack(path: string, kind: "xz" | "bz2", target: string, limit: number): Promise<void> {
    // The tools write beside their input and drop its suffix, so they get a link with the name they expect.
    const link = `${target}.${kind}`;
    await rm(link, { force: true });
    await this.#exec.run("ln", ["-s", path, link]);
    const tool = [kind === "xz" ? "xz" : "bzip2", "--decompress", "--keep", "--force", link];
    try {
      await this.#exec.run("prlimit", [`--fsize=${limit}`, "--", ...tool], { timeout: 3_600_000 });
    } finally {
      await rm(link, { force: true });
    }
  }

  async clean(url: string): Promise<void> {
    for (const suffix of ["part", "version", "data", "kernel", "ramdisk", "image"]) {
      await rm(this.workPath(url, suffix), { force: true });
    }
  }

  async #download(url: string, path: string): Promise<void> {
    const from = await this.#begun(url, path);
    const fetched = await fetchUrl(url, { mayReach: () => true, ...(from === null ? {} : { from }) });
    const { stream, length, offset, version } = fetched;
    const versionFile = this.workPath(url, "version");
    if (version === null) await rm(versionFile, { force: true });
    else await writeFile(versionFile, version);
    await pipeline(stream, createWriteStream(path, { flags: offset > 0 ? "a" : "w" }));
    const size = await sizeOf(path);
    if (length !== null && size !== offset + length) throw new Error(`${shownUri(url)} ended early`);
  }

  /** What an earlier try has left, where it is known of which version it is. */
  async #begun(url: string, path: string): Promise<{ offset: number; version: string } | null> {
    const offset = await sizeOf(path);
    const version = await readFile(this.workPath(url, "version"), "utf8").catch(() => "");
    return offset > 0 && version !== "" ? { offset, version } : null;
  }
}

/** Passes data on, and fails when it is more than `limit` bytes. */
function upTo(limit: number) {
  return async function* (source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    let size = 0;
    for await (const chunk of source) {
      size += chunk.byteLength;
      if (size > limit) throw new Error(`it unpacks to more than ${limit} bytes`);
      yield chunk;
    }
  };
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );
