import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { TestDaemon } from "../../support/daemon.ts";
import { until } from "../../support/patience.ts";

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
  #browser: Browser | null = null;
  readonly #contexts: BrowserContext[] = [];

  async start(): Promise<void> {
    buildPages();
    await this.daemon.prepare();
    this.#browser = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      // As root there is no sandbox; the pages are ours.
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
    });
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
  async page(options: { width?: number; height?: number; theme?: "light" | "dark"; language?: string } = {}): Promise<{
    page: Page;
    complaints: string[];
  }> {
    if (this.#browser === null) throw new Error("the lab was not started");
    const context = await this.#browser.newContext({
      viewport: { width: options.width ?? 1280, height: options.height ?? 860 },
      colorScheme: options.theme ?? "light",
      locale: options.language ?? "en-US",
      reducedMotion: "reduce",
    });
    this.#contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    return { page, complaints };
  }

  async logIn(page: Page, user: string, password = "secret"): Promise<void> {
    await page.goto(`${this.url}/`);
    await page.getByLabel("User").fill(user);
    await page.getByLabel("Password").fill(password);
    await page.getByRole("button", { name: "Log in", exact: true }).click();
    await page
      .getByRole("navigation", { name: "Panels" })
      .or(page.getByRole("button", { name: "Open navigation" }))
      .first()
      .waitFor();
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
    for (const context of this.#contexts) await context.close();
    await this.#browser?.close();
    await this.daemon.close();
  }
}
