import { type ChildProcess, type ExecFileSyncOptionsWithStringEncoding, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DaemonStatus } from "../../src/control/protocol.ts";
import type { LoopDelays } from "../../src/kernel/turns/loop-delay.ts";
import type { Json } from "../support/json.ts";
import { TENREC } from "../support/lab.ts";
import { Client, logInBody, timed, until } from "./client.ts";

const PORT = 18_777;
const PASSWORD = "bench";
/** Servers, or ports, of one request. */
const MOST_AT_ONCE = 500;

export type Networks = "none" | readonly { uuid: string }[];

/** A cloud with VIRT_DRIVER=fake on loopback, in a directory of its own, and what the measurements need in it. */
export class FakeCloud {
  readonly url = `http://127.0.0.1:${PORT}`;
  readonly client = new Client(this.url);
  readonly directory = mkdtempSync(join(tmpdir(), "tenrec-bench-"));
  readonly logInBody = logInBody("admin", PASSWORD);
  #daemon: ChildProcess | null = null;
  #image = "";
  #pid: number | null = null;
  #network = "";

  constructor() {
    const lines = [
      "VIRT_DRIVER=fake",
      `DEST=${this.directory}`,
      `DATA_DIR=${this.directory}/data`,
      `ADMIN_PASSWORD=${PASSWORD}`,
      "HOST_IP=127.0.0.1",
      "SERVICE_LISTEN_ADDRESS=127.0.0.1",
      `API_PORT=${PORT}`,
      "CLASSIC_PORTS=False",
      "NOVA_VNC_ENABLED=False",
      "NOVA_SERIAL_ENABLED=False",
      "GLANCE_LIMIT_IMAGE_COUNT_TOTAL=1000000",
      "enable_service s-proxy s-object s-container s-account",
    ];
    writeFileSync(this.#conf, `[[local|localrc]]\n${lines.join("\n")}\n`);
  }

  get #conf(): string {
    return join(this.directory, "local.conf");
  }

  /** The one network that servers get where nothing else is said. */
  get networks(): Networks {
    return [{ uuid: this.#network }];
  }

  get network(): string {
    return this.#network;
  }

  tenrec(...[command = "", ...rest]: string[]): string {
    const options: ExecFileSyncOptionsWithStringEncoding = {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
    };
    return execFileSync(TENREC, [command, "-c", this.#conf, ...rest], options);
  }

  /** From the start of the process to its first answer, in milliseconds. */
  async startDaemon(): Promise<number> {
    this.#pid = null;
    const { ms } = await timed(async () => {
      this.#daemon = spawn(TENREC, ["daemon", "-c", this.#conf], { stdio: "ignore" });
      const answers = async () => (await this.client.call("GET", "/identity/v3").catch(() => null))?.status === 200;
      await until("the first answer", 30, answers);
    });
    return ms;
  }

  /** Logs in, lifts the quotas, and makes a network with room for everything. */
  async prepare(): Promise<void> {
    const { client } = this;
    await client.logIn("admin", PASSWORD);
    const { images } = await client.json("GET", "/image/v2/images");
    if (images.length === 0) throw new Error("no image: build it with make image");
    this.#image = images[0].id;
    const { projectId } = client;
    const none = <Name extends string>(...names: Name[]) => Object.fromEntries(names.map((name) => [name, -1]));
    const servers = { quota_set: { ...none("instances", "cores", "ram"), force: true } };
    await client.must("PUT", `/compute/v2.1/os-quota-sets/${projectId}`, servers);
    const quota = none("port", "network", "security_group", "security_group_rule");
    await client.must("PUT", `/networking/v2.0/quotas/${projectId}`, { quota });
    const volumes = { quota_set: none("volumes", "gigabytes") };
    await client.must("PUT", `/volume/v3/${projectId}/os-quota-sets/${projectId}`, volumes);
    const { network } = await client.json("POST", "/networking/v2.0/networks", { network: { name: "bench" } });
    this.#network = network.id;
    const subnet = { network_id: network.id, ip_version: 4, cidr: "10.200.0.0/16" };
    await client.must("POST", "/networking/v2.0/subnets", { subnet });
  }

  serverBody(name: string, networks: Networks): { server: object } {
    return { server: { name, flavorRef: "42", imageRef: this.#image, networks } };
  }

  /** Asks for servers, fifty requests at a time, and waits until all are ACTIVE; their ids. */
  async servers(count: number, networks: Networks = this.networks): Promise<string[]> {
    const ids: string[] = [];
    for (let from = 0; from < count; from += 50) {
      const chunk = Array.from({ length: Math.min(50, count - from) }, (_, n) =>
        this.client.json("POST", "/compute/v2.1/servers", this.serverBody(`bench-${from + n}`, networks)),
      );
      for (const { server } of await Promise.all(chunk)) ids.push(server.id);
    }
    await until(`${count} servers are ACTIVE`, 300, () => this.#noneLeft("BUILD"));
    return ids;
  }

  async deleteServers(ids: readonly string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.client.must("DELETE", `/compute/v2.1/servers/${id}`)));
    await until("all are deleted", 120, () => this.#noneLeft(null));
  }

  /** Servers by as few requests as the API takes. */
  async serversInBulk(count: number, networks: Networks): Promise<void> {
    for (let left = count; left > 0; left -= MOST_AT_ONCE) {
      const number = Math.min(left, MOST_AT_ONCE);
      const { server } = this.serverBody("bulk", networks);
      await this.client.must("POST", "/compute/v2.1/servers", {
        server: { ...server, min_count: number, max_count: number },
      });
    }
    await until(`${count} servers are ACTIVE`, 300, () => this.#noneLeft("BUILD"));
  }

  async #noneLeft(status: string | null): Promise<boolean> {
    const filter = status === null ? "" : `&status=${status}`;
    const list: Json = await this.client.json("GET", `/compute/v2.1/servers?limit=1${filter}`);
    return list.servers.length === 0;
  }

  #status(): DaemonStatus {
    return JSON.parse(this.tenrec("status", "--json")) as DaemonStatus;
  }

  /** Proportional memory of the daemon, in MB. */
  memory(): number {
    const kib = /^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${this.#status().pid}/smaps_rollup`, "utf8"));
    return (Number(kib?.[1]) * 1024) / 1e6;
  }

  /** What the daemon has used of the processors while `body` ran, in milliseconds. */
  async cpu(body: () => Promise<unknown>): Promise<number> {
    const before = this.cpuUsed();
    await body();
    return this.cpuUsed() - before;
  }

  /** What it has used since its start, by the scheduler's own count, in milliseconds. */
  cpuUsed(): number {
    this.#pid ??= this.#status().pid;
    const tasks = `/proc/${this.#pid}/task`;
    const nanoseconds = readdirSync(tasks).map((task) =>
      Number(readFileSync(`${tasks}/${task}/schedstat`, "utf8").split(" ")[0]),
    );
    return nanoseconds.reduce((sum, one) => sum + one, 0) / 1e6;
  }

  /** How late the daemon's event loop was since its start, in milliseconds. */
  loopDelay(): LoopDelays {
    return this.#status().loopDelay;
  }

  /** Turns of the daemon's loop while `body` runs: what 99 of 100 were not longer than, and the longest, of its own work. */
  async turns(body: () => Promise<unknown>): Promise<string> {
    const before = this.loopDelay();
    await body();
    const after = this.loopDelay();
    const looks = after.looks - before.looks;
    const bounds = Object.keys(after.own.over).map(Number) as (keyof LoopDelays["over"])[];
    const longer = (bound: keyof LoopDelays["over"]) => after.own.over[bound] - before.own.over[bound];
    const p99 = bounds.find((bound) => longer(bound) <= looks / 100) ?? "more than 1000";
    const most = after.own.max > before.own.max ? after.own.max : (bounds.find((bound) => longer(bound) === 0) ?? 0);
    return `turns: 99 of 100 below ${p99} ms, none above ${most} ms of its own work`;
  }

  /** As a power cut would: nothing is said to it. */
  async kill(): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === null) return;
    const gone = new Promise((resolve) => daemon.once("exit", resolve));
    process.kill(this.#status().pid, "SIGKILL");
    await gone;
  }

  /** When everything has been brought back after a start. */
  reconciled(): Promise<void> {
    return until("all is reconciled", 120, () => Promise.resolve(this.#status().progress.length === 0), 100);
  }

  async close(): Promise<void> {
    await this.client.close();
    this.#daemon?.kill("SIGTERM");
    this.tenrec("unstack");
    rmSync(this.directory, { recursive: true, force: true });
  }
}
