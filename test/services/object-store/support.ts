import { mkdtempSync, rmSync } from "node:fs";
import { Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createApps } from "../../../src/app.ts";
import { Database } from "../../../src/kernel/db/database.ts";
import { type Cloud, createCloud } from "../../../src/kernel/kernel.ts";
import type { LogRecord } from "../../../src/kernel/log/logger.ts";
import { type Clock, ManualClock } from "../../../src/kernel/time/clock.ts";
import { type Listener, listen } from "../../../src/listen.ts";
import { objectStore } from "../../../src/services/object-store/index.ts";
import { createManagers, type Managers } from "../../../src/services/object-store/manager/index.ts";
import { identityStub } from "../../support/cloud.ts";
import { testSettings } from "../../support/settings.ts";

export interface SwiftAnswer {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into whatever came
  json: any;
}

export interface SwiftOptions {
  /** "member:alpha" by default; null: nobody. */
  token?: string | null;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
}

export interface SwiftCloud {
  cloud: Cloud;
  clock: Clock;
  directory: string;
  port: number;
  logs: LogRecord[];
  /** One request; `path` is sent as it stands, behind the service's prefix. */
  swift(method: string, path: string, options?: SwiftOptions): Promise<SwiftAnswer>;
  close(): Promise<void>;
}

export const A = "/v1/AUTH_alpha";

/** An object store that listens on a socket of its own: names travel as clients send them. */
export async function swiftCloud(
  options: { clock?: Clock; directory?: string; variables?: Record<string, string> } = {},
): Promise<SwiftCloud> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), "tenrec-swift-"));
  const clock = options.clock ?? new ManualClock();
  const db = new Database({ path: join(directory, "tenrec.db") });
  const logs: LogRecord[] = [];
  const cloud = createCloud({
    settings: testSettings({}, { DATA_DIR: directory, ...options.variables }),
    db,
    services: [identityStub(), objectStore()],
    sink: (record) => logs.push(record),
    clock,
  });
  await cloud.start();
  const listener: Listener = await listen(createApps(cloud).all, { host: "127.0.0.1", port: 0 });
  const agent = new Agent({ keepAlive: true });
  return {
    cloud,
    clock,
    directory,
    port: listener.port,
    logs,
    swift(method, path, { token = "member:alpha", headers = {}, body } = {}) {
      return new Promise((resolve, reject) => {
        const sent = httpRequest(
          {
            agent,
            host: "127.0.0.1",
            port: listener.port,
            method,
            path: `/object-store${path}`,
            headers: {
              ...(token === null ? {} : { "x-auth-token": token }),
              ...(body === undefined ? {} : { "content-length": String(Buffer.byteLength(body)) }),
              ...headers,
            },
          },
          (answer) => {
            const chunks: Buffer[] = [];
            answer.on("data", (chunk) => chunks.push(chunk));
            answer.on("error", reject);
            answer.on("end", () => {
              const bytes = Buffer.concat(chunks);
              const text = bytes.toString("utf8");
              resolve({
                status: answer.statusCode ?? 0,
                headers: answer.headers,
                bytes,
                text,
                get json() {
                  return JSON.parse(text);
                },
              });
            });
          },
        );
        sent.on("error", reject);
        sent.end(body);
      });
    },
    async close() {
      agent.destroy();
      await listener.close();
      await cloud.stop();
      db.close();
      if (options.directory === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** The engine without HTTP, over a database of its own. */
export function engine(cloud: Cloud): Managers {
  return createManagers(cloud.kernel);
}

/** A ustar archive. */
export function tar(files: readonly [string, Buffer][]): Buffer {
  const blocks = files.flatMap(([name, bytes]) => {
    const head = Buffer.alloc(512);
    head.write(name, 0);
    head.write("0000644\0", 100);
    head.write(`${bytes.length.toString(8).padStart(11, "0")}\0`, 124);
    head.write("        ", 148);
    head.write("0", 156);
    head.write("ustar\x0000", 257);
    const sum = head.reduce((total, byte) => total + byte, 0);
    head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    return [head, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}
