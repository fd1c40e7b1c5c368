import type { Sum } from "./sums.ts";

/** What is asked of a worker. A file is opened with the first words about it and closed with its last. */
export interface DigestRequest {
  /** The file's number. */
  id: number;
  /** With the first request. */
  begin?: { path: string; algorithm: string };
  /** So many bytes of it are there to be read. */
  size: number;
  /** Those were all; or nobody wants to know any more. */
  last?: "digest" | "drop";
}

/** Its answer to each. */
export type DigestAnswer =
  | { id: number; done: number }
  | { id: number; digest: string }
  | { id: number; failed: string };

/**
 * What a worker thread runs. It is handed over as text, which works in a checkout and in the single executable alike; so it knows
 * nothing of what stands around it.
 */
export function digestWorker(sumOf: (algorithm: string) => Sum): void {
  const { parentPort } = process.getBuiltinModule("node:worker_threads");
  const { openSync, readSync, closeSync } = process.getBuiltinModule("node:fs");
  const buffer = Buffer.allocUnsafeSlow(256 * 1024);
  const files = new Map<number, { fd: number; sum: Sum; done: number }>();
  const answer = (words: DigestAnswer): void => parentPort?.postMessage(words);

  const read = ({ id, begin, size, last }: DigestRequest): void => {
    if (begin !== undefined) files.set(id, { fd: openSync(begin.path, "r"), sum: sumOf(begin.algorithm), done: 0 });
    const file = files.get(id);
    // It failed before, which was said.
    if (file === undefined) return;
    while (last !== "drop" && file.done < size) {
      const count = readSync(file.fd, buffer, 0, Math.min(buffer.length, size - file.done), file.done);
      if (count === 0) throw new Error("the file is shorter than it was");
      file.sum.update(buffer.subarray(0, count));
      file.done += count;
    }
    if (last === undefined) {
      answer({ id, done: file.done });
      return;
    }
    files.delete(id);
    closeSync(file.fd);
    if (last === "digest") answer({ id, digest: file.sum.digest() });
  };

  parentPort?.on("message", (request: DigestRequest) => {
    try {
      read(request);
    } catch (error) {
      const file = files.get(request.id);
      files.delete(request.id);
      if (file !== undefined) closeSync(file.fd);
      answer({ id: request.id, failed: String(error) });
    }
  });
}
