import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";

export interface View {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: "light" | "dark";
  readonly language?: string;
}

export interface Window {
  readonly page: Page;
  /** What the browser complained of: errors, and what the policy of a page refused. */
  readonly complaints: string[];
}

/** Debian's Chromium, each window of which is a browser of its own: with its own cookies. */
export class Browsers {
  #browser: Browser | null = null;
  readonly #contexts: BrowserContext[] = [];
  readonly #patience: number;

  /** `patience`: milliseconds that a page may take for what is waited for. */
  constructor(patience = 60_000) {
    this.#patience = patience;
  }

  async start(executablePath = "/usr/bin/chromium"): Promise<void> {
    this.#browser = await chromium.launch({
      executablePath,
      // As root there is no sandbox; the pages are ours.
      args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
    });
  }

  async open(view: View = {}): Promise<Window> {
    if (this.#browser === null) throw new Error("the browser was not started");
    const context = await this.#browser.newContext({
      viewport: { width: view.width ?? 1280, height: view.height ?? 860 },
      colorScheme: view.theme ?? "light",
      locale: view.language ?? "en-US",
      reducedMotion: "reduce",
    });
    this.#contexts.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(this.#patience);
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    return { page, complaints };
  }

  async close(): Promise<void> {
    for (const context of this.#contexts) await context.close();
    await this.#browser?.close();
  }
}

/** `url`: of the dashboard, without a slash at its end. */
export async function logIn(page: Page, url: string, user: string, password: string): Promise<void> {
  await page.goto(`${url}/`);
  await page.getByLabel("User").fill(user);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in", exact: true }).click();
  await page
    .getByRole("navigation", { name: "Panels" })
    .or(page.getByRole("button", { name: "Open navigation" }))
    .first()
    .waitFor();
}
