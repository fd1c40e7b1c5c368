import { request } from "node:http";
import type { Span } from "../kernel/trace/trace.ts";
import { controlSocket, type DaemonHealth, type DaemonStatus } from "./protocol.ts";

const NO_TIMEOUT = 0;

/** Nobody listens on the socket. */
export class DaemonNotRunning extends Error {
  constructor(dataDir: string) {
    super(`no tenrec daemon runs with the data directory ${dataDir} (start it with: tenrec stack)`);
    this.name = "DaemonNotRunning";
  }
}

/** Talks to the daemon of a data directory. Errors: DaemonNotRunning; an Error with the daemon's own words. */
export class ControlClient {
  readonly #dataDir: string;
  readonly #timeout: number;
  /** `timeout`: milliseconds for one answer. */
  constructor(dataDir: string, timeout = 120_000) {
    this.#dataDir = dataDir;
    this.#timeout = timeout;
  }

  status = (): Promise<DaemonStatus> => this.#call("GET", "/status");
  health = (): Promise<DaemonHealth> => this.#call("GET", "/health");
  /** Takes as long as the images of IMAGE_URLS take to come. */
  seed = (): Promise<unknown> => this.#call("POST", "/seed", NO_TIMEOUT);
  renewCertificate = (): Promise<unknown> => this.#call("POST", "/certificate");
  stop = (): Promise<unknown> => this.#call("POST", "/stop");
  trace = (requestId: string): Promise<Span[]> => this.#call("GET", `/trace/${encodeURIComponent(requestId)}`);

  /** Null when no daemon runs. */
  async statusOrNull(): Promise<DaemonStatus | null> {
    try {
      return await this.status();
    } catch (error) {
      if (error instanceof DaemonNotRunning) return null;
      throw error;
    }
  }

  #call<T>(method: string, path: string, timeout = this.#timeout): Promise<T> {
    return new Promise((resolve, reject) => {
      const call = request({ socketPath: controlSocket(this.#dataDir), method, path, timeout }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
        });
        response.on("end", () => {
          const answer = JSON.parse(text) as T & { error?: string };
          if (response.statusCode === 200) resolve(answer);
          else reject(new Error(`the daemon failed at ${method} ${path}: ${answer.error ?? text}`));
        });
      });
      call.on("timeout", () =>
        call.destroy(new Error(`the daemon did not answer ${method} ${path} in ${timeout / 1000} s`)),
      );
      call.on("error", (error: NodeJS.ErrnoException) => {
        // The last two: it ended in the midst of an answer.
        const gone = ["ENOENT", "ECONNREFUSED", "ECONNRESET", "EPIPE"].includes(error.code ?? "");
        reject(gone ? new DaemonNotRunning(this.#dataDir) : error);
      });
      call.end();
    });
  }
}
