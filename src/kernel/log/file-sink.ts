import { closeSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { formatJson, type LogRecord, type LogSink } from "./logger.ts";

export interface FileSinkOptions {
  /** LOGDIR; made when missing. */
  directory: string;
  /** A file is rotated when it grows over this many bytes. */
  maxBytes?: number;
  /** Rotated files older than this many days are removed (LOGDAYS). */
  keepDays: number;
}

interface LogFile {
  fd: number;
  size: number;
  /** The last line was cut off by a disk that took no more. */
  torn: boolean;
}

/**
 * One file per name (`nova.log`), rotated by size to `nova.log.<time>`; old ones are removed after LOGDAYS. A disk that takes no more
 * costs lines and nothing else: whoever logs is often just dealing with that disk.
 */
/** `close` lets go of the files; the next line opens its own again. */
export function fileSink(options: FileSinkOptions): { sink: LogSink; close(): void } {
  const { directory, maxBytes = 20 * 1024 * 1024 } = options;
  mkdirSync(directory, { recursive: true });
  const files = new Map<string, LogFile>();
  let lost = 0;

  const open = (name: string): LogFile => {
    const fd = openSync(join(directory, `${name}.log`), "a", 0o640);
    const file = { fd, size: statSync(join(directory, `${name}.log`)).size, torn: false };
    files.set(name, file);
    return file;
  };

  const rotate = (name: string, fd: number): LogFile => {
    closeSync(fd);
    files.delete(name);
    const path = join(directory, `${name}.log`);
    renameSync(path, `${path}.${new Date().toISOString().replaceAll(/[-:.]/g, "")}`);
    removeOld(directory, options.keepDays);
    return open(name);
  };

  const write = (record: LogRecord): void => {
    let file = files.get(record.name) ?? open(record.name);
    const line = Buffer.from(`${file.torn ? "\n" : ""}${formatJson(record)}\n`);
    if (file.size + line.length > maxBytes) file = rotate(record.name, file.fd);
    const written = writeSync(file.fd, line);
    file.size += written;
    file.torn = written < line.length;
    if (file.torn) throw new Error("the line did not fit");
  };

  const sink: LogSink = (record) => {
    try {
      if (lost > 0)
        write({ ...record, level: "warning", message: `${lost} lines were lost: the disk was full`, fields: {} });
      lost = 0;
      write(record);
    } catch {
      lost += 1;
    }
  };

  const close = () => {
    for (const { fd } of files.values()) closeSync(fd);
    files.clear();
  };

  removeOld(directory, options.keepDays);
  return { sink, close };
}

function removeOld(directory: string, keepDays: number): void {
  const oldest = Date.now() - keepDays * 86_400_000;
  for (const entry of readdirSync(directory)) {
    // Only what rotate() named: a person's own files in LOGDIR stay.
    if (!/\.log\.\d{8}T\d{9}Z$/.test(entry)) continue;
    const path = join(directory, entry);
    if (statSync(path).mtimeMs < oldest) rmSync(path);
  }
}
