import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ControlClient } from "../../src/control/client.ts";
import { passwordLogin } from "./identity.ts";
import type { Json } from "./json.ts";
import { until } from "./patience.ts";
import { freePorts } from "./ports.ts";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");

export interface TestDaemonOptions {
  /** More lines of local.conf. */
  conf?: readonly string[];
  /** More options of node. */
  node?: readonly string[];
  /** Where data and logs lie; a directory of its own by default. */
  place?: { directory: string; outside: string; inside(command: string, args: readonly string[]): [string, string[]] };
}

/** The daemon as a process of its own with fake drivers, on free ports of 127.0.0.1. */
export class TestDaemon {
  readonly directory = mkdtempSync(join(tmpdir(), "tenrec-daemon-"));
  readonly output: string[] = [];
  /** The data directory as the test sees it. */
  readonly dataDir: string;
  readonly logDir: string;
  url = "";
  token = "";
  #child: ChildProcess | null = null;
  readonly #options: TestDaemonOptions;

  constructor(options: TestDaemonOptions = {}) {
    this.#options = options;
    const outside = options.place?.outside ?? this.directory;
    this.dataDir = join(outside, "data");
    this.logDir = join(outside, "logs");
  }

  get pid(): number {
    return this.#child?.pid ?? -1;
  }

  get hasEnded(): boolean {
    return this.#child === null || this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** First start: configuration, seeds, a token of the admin. */
  async prepare(): Promise<void> {
    const inside = this.#options.place?.directory ?? this.directory;
    const [api, vnc, serial] = await freePorts(3);
    this.url = `http://127.0.0.1:${api}`;
    const lines = [
      "[[local|localrc]]",
      `DEST=${this.directory}/dest`,
      `DATA_DIR=${inside}/data`,
      `LOGDIR=${inside}/logs`,
      "VIRT_DRIVER=fake",
      "HOST_IP=127.0.0.1",
      "SERVICE_LISTEN_ADDRESS=127.0.0.1",
      `API_PORT=${api}`,
      `NOVNCPROXY_PORT=${vnc}`,
      `SERIALPROXY_PORT=${serial}`,
      "CLASSIC_PORTS=False",
      "IMAGE_URLS=",
      // The same cloud whether or not this machine has the guest image.
      "DOWNLOAD_DEFAULT_IMAGES=False",
      "ADMIN_PASSWORD=secret",
      ...(this.#options.conf ?? []),
      "",
    ];
    writeFileSync(join(this.directory, "local.conf"), lines.join("\n"));
    this.start();
    await this.ready();
    await new ControlClient(this.dataDir).seed();
    await this.request("POST", "/identity/v3/auth/tokens", passwordLogin("admin", "admin"));
  }

  start(): void {
    const flags = ["--disable-warning=ExperimentalWarning", ...(this.#options.node ?? [])];
    const options = [...flags, MAIN, "daemon", "-c", join(this.directory, "local.conf")];
    const [file, args] = this.#options.place?.inside(process.execPath, options) ?? [process.execPath, options];
    this.output.length = 0;
    const env = { ...process.env, NODE_COMPILE_CACHE: join(this.directory, "compiled") };
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"], env });
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => this.output.push(String(chunk)));
    this.#child = child;
  }

  async ready(): Promise<void> {
    await until("the daemon is ready", 60, async () => {
      if (this.hasEnded) throw new Error(`it ended: ${this.output.slice(-20).join("")}`);
      const status = await new ControlClient(this.dataDir, 10_000).statusOrNull();
      return status?.ready === true && status.progress.length === 0;
    });
  }

  /** Sends a signal and resolves with the exit code once it has ended (null: by the signal). */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    const ended = this.ended();
    this.signal(signal);
    return ended;
  }

  signal(signal: NodeJS.Signals): void {
    if (!this.hasEnded) this.#child?.kill(signal);
  }

  async ended(): Promise<number | null> {
    const child = this.#child;
    if (child === null) return null;
    if (!this.hasEnded) await new Promise((resolve) => child.once("exit", resolve));
    return child.exitCode;
  }

  /** Rejects when the connection ends before an answer. */
  async request(method: string, path: string, body?: unknown): Promise<{ status: number; body: Json }> {
    const isBytes = body instanceof Uint8Array;
    const response = await fetch(this.url + path, {
      method,
      headers: {
        "x-auth-token": this.token,
        accept: "application/json",
        "openstack-api-version": "placement 1.20, volume 3.0",
        "x-openstack-nova-api-version": "2.60",
        ...(body === undefined ? {} : { "content-type": isBytes ? "application/octet-stream" : "application/json" }),
      },
      ...(body === undefined ? {} : { body: isBytes ? body : JSON.stringify(body) }),
    });
    this.token = response.headers.get("x-subject-token") ?? this.token;
    const text = await response.text();
    const json = response.headers.get("content-type")?.includes("json") === true && text !== "";
    return { status: response.status, body: json ? JSON.parse(text) : text };
  }

  async close(): Promise<void> {
    await this.end("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }
}
