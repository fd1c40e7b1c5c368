import assert from "node:assert/strict";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import type { Page } from "playwright-core";
import { Browsers, logIn } from "../dashboard/support/browsers.ts";
import { inOrder } from "../support/in-order.ts";
import { Lab, missingForLab } from "../support/lab.ts";
import { until } from "../support/patience.ts";

/**
 * A student's first lesson, in Debian's Chromium in a namespace outside of the box: everything is done by clicks, on real guests, and what
 * was done is looked at by the unmodified openstack client and ssh. The tests build on each other, in order.
 */
const skip = missingForLab() ?? false;
const PASSWORD = 'it is "$ecret"';
/** What a browser and noVNC say of any page that comes without TLS from another machine; nothing is refused or thrown for it. */
const WITHOUT_TLS = /^The Cross-Origin-Opener-Policy header has been ignored|^noVNC requires a secure context/;
/** Guests under emulation on a busy machine take as long as they take. */
const PATIENCE_MS = 600_000;

describe("a student's way through the dashboard", { skip }, () => {
  const browsers = new Browsers(PATIENCE_MS);
  let lab: Lab;
  let page: Page;
  let complaints: string[];
  let key = "";
  let address = "";
  const step = inOrder(async () => {
    await page?.screenshot({ path: join(import.meta.dirname, "../../dist/dashboard-failure.png") });
    console.error(page?.url(), complaints);
  });

  const row = (name: string) => page.getByRole("row").filter({ has: page.getByText(name, { exact: true }) });
  const dialog = () => page.getByRole("dialog");
  const openPage = (name: string) => page.getByRole("link", { name, exact: true }).click();
  const submit = async (name: string) => {
    await dialog().getByRole("button", { name, exact: true }).click();
    await dialog().waitFor({ state: "detached" });
  };
  const choose = async (label: string, option: RegExp | string) => {
    const box = page.locator("[aria-haspopup=listbox]");
    await dialog().getByRole("button", { name: label }).and(box).first().click();
    await page.getByRole("option", { name: option }).click();
  };
  const act = async (name: string, action: string) => {
    await page
      .getByRole("button", { name: `Actions of ${name}`, exact: true })
      .first()
      .click();
    await page.getByRole("menuitem", { name: action, exact: true }).click();
  };
  const os = (...args: string[]) => lab.openstack("devstack", args);
  const names = async (...args: string[]): Promise<string[]> =>
    (await os(...args)).map((one: { Name: string }) => one.Name);

  before(async () => {
    lab = new Lab("dash", "LIBVIRT_TYPE=qemu\nVOLUME_BACKING_FILE_SIZE=1G");
    await lab.tenrec(["stack"]);
    const chromium = join(lab.directory, "chromium");
    writeFileSync(chromium, `#!/bin/sh\nexec nsenter --net=/run/netns/${lab.world} -- /usr/bin/chromium "$@"\n`);
    chmodSync(chromium, 0o755);
    await browsers.start(chromium);
    ({ page, complaints } = await browsers.open());
  });
  after(async () => {
    await browsers.close();
    if (lab === undefined) return;
    await lab.tenrec(["unstack"]).catch((error: unknown) => console.error("unstack failed", error));
    lab.close();
  });

  step("log-in", async () => {
    await logIn(page, `http://${lab.hostAddress}/dashboard`, "demo", PASSWORD);
    await page.getByRole("heading", { name: "Overview" }).waitFor();
  });

  step("a key pair, whose private half is shown once", async () => {
    await openPage("Key pairs");
    await page.getByRole("button", { name: "Create key pair" }).first().click();
    await dialog().getByLabel("Name").fill("mine");
    await dialog().getByRole("button", { name: "Create key pair" }).click();
    await dialog()
      .getByRole("heading", { name: /private/i })
      .waitFor();
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      dialog()
        .getByRole("button", { name: /mine\.pem/ })
        .click(),
    ]);
    key = join(lab.directory, "mine.pem");
    await download.saveAs(key);
    chmodSync(key, 0o600);
    await submit("Close");
    assert.deepEqual(await names("keypair", "list"), ["mine"]);
  });

  step("a network with a subnet, and a router that leads out of it", async () => {
    await openPage("Networks");
    await page.getByRole("button", { name: "Create network" }).first().click();
    await dialog().getByLabel("Name").fill("lesson");
    await dialog().getByLabel("Addresses (CIDR)").fill("10.77.0.0/24");
    await submit("Create network");
    await row("lesson").waitFor();

    await openPage("Routers");
    await page.getByRole("button", { name: "Create router" }).first().click();
    await dialog().getByLabel("Name").fill("way-out");
    await choose("External network", "public");
    await submit("Create router");
    await page.getByRole("link", { name: "way-out", exact: true }).click();
    await page.getByRole("button", { name: "Add interface" }).first().click();
    await choose("Subnet", /lesson/);
    await submit("Add interface");
    await page.getByText("10.77.0.1 (10.77.0.0/24)").waitFor();
    const shown = await os("router", "show", "way-out");
    assert.equal(shown.interfaces_info[0].ip_address, "10.77.0.1");
  });

  step("SSH is let in", async () => {
    await openPage("Security groups");
    await page.getByRole("link", { name: "default", exact: true }).click();
    await page.getByRole("button", { name: "Add rule" }).first().click();
    await submit("Add rule");
    await page
      .getByText(/port 22/i)
      .first()
      .waitFor();
  });

  step("an instance is launched and becomes active by itself", async () => {
    await openPage("Instances");
    await page.getByRole("link", { name: "Launch instance" }).first().click();
    await page.getByRole("textbox", { name: "Name" }).fill("first");
    await page.getByRole("option", { name: /m1\.nano/ }).click();
    await page.getByRole("option", { name: /^lesson/ }).click();
    await page.getByRole("option", { name: /^mine/ }).click();
    await page.getByRole("button", { name: "Launch", exact: true }).click();
    await row("first").getByText("Active").waitFor();
  });

  step("its consoles show the log-in prompt", async () => {
    await page.getByRole("link", { name: "first", exact: true }).click();
    await page.getByRole("tab", { name: "Console" }).click();
    const screen = page.frameLocator('iframe[title="Console of first"]');
    await screen.locator("canvas").waitFor();
    // What a screen shows is a picture: of one colour before anything is written on it.
    await until("something is on the screen", 300, () =>
      screen
        .locator("canvas")
        .evaluate(
          (canvas: {
            width: number;
            height: number;
            getContext(kind: "2d"): { getImageData(...box: number[]): { data: Uint8ClampedArray } };
          }) => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            const pixels = new Uint32Array(data.buffer);
            return new Set(pixels).size > 1;
          },
        ),
    );
    await page.getByRole("tab", { name: "Serial" }).click();
    const serial = page.frameLocator('iframe[title="Console of first"]');
    await serial.locator(".xterm-rows").waitFor();
    // A line that was written before somebody looked is written again at Enter.
    await until("the log-in prompt", 900, async () => {
      await serial.locator(".xterm-helper-textarea").press("Enter");
      return /login:/.test((await serial.locator(".xterm-rows").textContent()) ?? "");
    });
  });

  step("a floating IP leads to it: ssh from outside logs in with the key", async () => {
    await openPage("Instances");
    await act("first", "Associate floating IP");
    await choose("Floating IP", "A new one of public");
    await choose("Port", /10\.77\.0\./);
    await submit("Associate floating IP");
    await openPage("Floating IPs");
    const cell = page.getByRole("row").filter({ hasText: "10.77.0." }).locator("code").first();
    await cell.waitFor();
    address = (await cell.textContent()) ?? "";
    assert.match(address, /^172\.24\.4\.\d+$/);
    await until("ssh", 300, async () => (await lab.trySsh(key, address, "true")).code === 0);
    assert.equal((await lab.ssh(key, address, "hostname")).trim(), "first");
  });

  step("nothing was refused by the policy of the page, and nothing was thrown", async () => {
    const others = complaints.filter((complaint) => !WITHOUT_TLS.test(complaint));
    assert.deepEqual(others, []);
  });
});
