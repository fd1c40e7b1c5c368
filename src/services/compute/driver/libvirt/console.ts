import { constants, open } from "node:fs/promises";
import { join } from "node:path";
import { type ConsoleEndpoint, DriverError, type InstanceRef } from "../driver.ts";
import type { DriverContext } from "./context.ts";
import { attribute, elements } from "./xml/read.ts";

/** nova's MAX_CONSOLE_BYTES. */
const MAX_CONSOLE_BYTES = 100 * 1024;

export class GuestConsole {
  readonly #context: DriverContext;

  constructor(context: DriverContext) {
    this.#context = context;
  }

  /** The end of what the guest said since its start; "" when it never ran. */
  async log(ref: InstanceRef, lines: number | null): Promise<string> {
    const domain = await this.#context.get(ref);
    const xml = await domain.xml({ inactive: true });
    const path = attribute(xml, "log", "file") ?? join(this.#context.directory(ref), "console.log");
    let bytes = await lastBytes(path, MAX_CONSOLE_BYTES);
    if (bytes.length < MAX_CONSOLE_BYTES) {
      // virtlogd has just begun a new file: the lines before are in the one it put away.
      const before = await lastBytes(`${path}.0`, MAX_CONSOLE_BYTES - bytes.length);
      bytes = Buffer.concat([before, bytes]);
    }
    const text = bytes.toString("utf8");
    if (lines === null) return text;
    return lines <= 0 ? "" : text.split("\n").slice(-lines).join("\n");
  }

  async vnc(ref: InstanceRef): Promise<ConsoleEndpoint> {
    const graphics = elements(await this.#xml(ref), "graphics").find(
      (element) => attribute(element, "graphics", "type") === "vnc",
    );
    const path = attribute(graphics ?? "", "listen", "socket") ?? attribute(graphics ?? "", "graphics", "socket");
    if (path === null) throw new DriverError("unsupported", "The instance has no VNC console.");
    return { kind: "unix", path };
  }

  async serial(ref: InstanceRef): Promise<ConsoleEndpoint> {
    const serial = elements(await this.#xml(ref), "serial").find(
      (element) => attribute(element, "source", "mode") === "bind",
    );
    const path = attribute(serial ?? "", "source", "path");
    if (path === null) throw new DriverError("unsupported", "The instance has no serial console.");
    return { kind: "unix", path };
  }

  async #xml(ref: InstanceRef): Promise<string> {
    return (await this.#context.running(ref)).xml();
  }
}

/** The last bytes of a file; none when there is no such file. */
async function lastBytes(path: string, count: number): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (file === null) return Buffer.alloc(0);
  try {
    const { size } = await file.stat();
    const buffer = Buffer.alloc(Math.min(size, count));
    const { bytesRead } = await file.read(buffer, 0, buffer.length, size - buffer.length);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
