import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { TestDaemon } from "../../support/daemon.ts";
import { until } from "../../support/patience.ts";
import { Browsers, logIn, type View, type Window } from "./browsers.ts";

const ROOT = join(import.meta.dirname, "../../..");

/** What is where it is when nothing has been built since: nothing is done. */
export function buildPages(): void {
  execFileSync(process.execPath, ["--disable-warning=ExperimentalWarning", join(ROOT, "src/dashboard/build.ts")], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

/** The head of a qcow2 image of 1 GiB: what the image service looks at. */
export function qcow2(size = 1024 ** 3): Uint8Array {
  const bytes = new Uint8Array(65_536);
  const view = new DataView(bytes.buffer);
  bytes.set([0x51, 0x46, 0x49, 0xfb]);
  view.setUint32(4, 3);
  view.setUint32(20, 16);
  view.setBigUint64(24, BigInt(size));
  view.setUint32(100, 104);
  return bytes;
}

/** A cloud over fake drivers in a process of its own, with pages, and a browser that looks at it. */
export class DashboardLab {
  readonly daemon = new TestDaemon();
  readonly #browsers = new Browsers();

  async start(): Promise<void> {
    buildPages();
    await this.daemon.prepare();
    await this.#browsers.start();
  }

  get url(): string {
    return `${this.daemon.url}/dashboard`;
  }

  /** As the admin of the cloud: makes an image that servers boot from. Answers its id. */
  async addImage(name: string): Promise<string> {
    const body = { name, disk_format: "qcow2", container_format: "bare", visibility: "public", min_disk: 1 };
    const made = await this.daemon.request("POST", "/image/v2/images", body);
    await this.daemon.request("PUT", `/image/v2/images/${made.body.id}/file`, qcow2());
    return made.body.id;
  }

  /** A browser of its own, with nobody logged in. What it complains of is in `complaints`. */
  page(view: View = {}): Promise<Window> {
    return this.#browsers.open(view);
  }

  logIn(page: Page, user: string, password = "secret"): Promise<void> {
    return logIn(page, this.url, user, password);
  }

  /** Until a server is as wanted, seen by its API. */
  async settled(name: string, status: string): Promise<void> {
    await until(`${name} is ${status}`, 30, async () => {
      const { body } = await this.daemon.request("GET", `/compute/v2.1/servers/detail?all_tenants=1&name=${name}`);
      return body.servers[0]?.status === status;
    });
  }

  /** The same of a volume of the project whose token is used. */
  async volumeSettled(id: string, status: string): Promise<void> {
    await until(`${id} is ${status}`, 30, async () => {
      const { body } = await this.daemon.request("GET", `/volume/v3/volumes/${id}`);
      return body.volume.status === status;
    });
  }

  async close(): Promise<void> {
    await this.#browsers.close();
    await this.daemon.close();
  }
}
