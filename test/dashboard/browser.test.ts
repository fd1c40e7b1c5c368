import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { violations } from "./support/axe.ts";
import { DashboardLab } from "./support/lab.ts";
import { furnish, type Ids, shownPages } from "./support/pages.ts";

const lab = new DashboardLab();
let ids: Ids;
before(async () => {
  await lab.start();
  ids = await furnish(lab);
});
after(() => lab.close());

const row = (page: Page, name: string) =>
  page.getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });

/** What fake guests cannot do: they have no screen, and their serial line answers nobody. */
const OF_FAKES = /WebSocket|code: 1006|status of (?:400|409|502)/;

test("a wrong password is said in words, the right one opens the project", async () => {
  const { page } = await lab.page();
  await page.goto(`${lab.daemon.url}/`);
  assert.match(page.url(), /\/dashboard\/$/, "a browser at the bare address is led here");
  await page.getByLabel("User").fill("demo");
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Log in", exact: true }).click();
  await page.getByRole("alert").getByText("User, password or domain are wrong").waitFor();
  await page.getByLabel("Password").fill("secret");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await page.getByRole("meter", { name: "Instances" }).waitFor();
  assert.match((await page.getByRole("meter", { name: "Instances" }).getAttribute("aria-valuetext")) ?? "", /5 of 10/);
});

test("a student launches, stops, undoes and deletes, and sees each by itself", async () => {
  const { page, complaints } = await lab.page();
  await lab.logIn(page, "demo");
  await page.getByRole("link", { name: "Instances", exact: true }).click();
  await page.getByRole("link", { name: "Launch instance" }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("mine");
  await page.getByRole("option", { name: /m1\.tiny/ }).click();
  await page.getByRole("option", { name: "private" }).click();
  await page.getByRole("option", { name: "laptop" }).click();
  await page.getByText(/openstack server create .*--key-name laptop mine/).waitFor();
  await page.getByRole("tab", { name: "curl" }).click();
  await page
    .getByText(
      /-X POST 'http:\/\/127\.0\.0\.1:\d+\/compute\/v2\.1\/servers'|-X POST http:\/\/127\.0\.0\.1:\d+\/compute\/v2\.1\/servers/,
    )
    .waitFor();
  await page.getByRole("button", { name: "Launch", exact: true }).click();
  await row(page, "mine").getByText("Active").waitFor();

  await page.getByRole("button", { name: "Actions of mine" }).click();
  await page.getByRole("menuitem", { name: "Stop" }).click();
  await row(page, "mine").getByText("Shutoff").waitFor();
  await page.getByRole("alertdialog").getByRole("button", { name: "Undo" }).click();
  await row(page, "mine").getByText("Active").waitFor();

  await page.getByRole("searchbox", { name: "Filter" }).fill("status:active mine");
  await page.getByRole("status").getByText("1 of 6 rows").waitFor();
  assert.match(page.url(), /\?q=status%3Aactive(?:\+|%20)mine/, "the address says what is shown");
  await page.getByRole("checkbox", { name: "Select mine" }).check({ force: true });
  await page.getByRole("region", { name: "1 selected" }).getByRole("button", { name: "Delete" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete", exact: true }).click();
  await row(page, "mine").waitFor({ state: "detached" });
  assert.deepEqual(complaints, [], "nothing is refused by the policy of the page, nothing is thrown");
});

test("what is done elsewhere appears without a reload", async () => {
  const { page } = await lab.page();
  await lab.logIn(page, "demo");
  await page.goto(`${lab.url}/instances`);
  await row(page, "web-2").getByText("Active").waitFor();
  await page.getByRole("status").getByText("Live").first().waitFor();
  let loads = 0;
  page.on("load", () => {
    loads += 1;
  });
  const { body } = await lab.daemon.request("GET", "/compute/v2.1/servers?all_tenants=1&name=web-2");
  await lab.daemon.request("PUT", `/compute/v2.1/servers/${body.servers[0].id}`, { server: { name: "renamed" } });
  await row(page, "renamed").waitFor();
  await lab.daemon.request("PUT", `/compute/v2.1/servers/${body.servers[0].id}`, { server: { name: "web-2" } });
  await row(page, "web-2").waitFor();
  assert.equal(loads, 0);
});

test("two people at once see only what is theirs", async () => {
  const [demo, other] = [await lab.page(), await lab.page()];
  await lab.logIn(demo.page, "demo");
  await lab.logIn(other.page, "alt_demo_member");
  await demo.page.goto(`${lab.url}/instances`);
  await other.page.goto(`${lab.url}/instances`);
  await row(demo.page, "web-1").waitFor();
  await other.page.getByRole("heading", { name: "No instances yet" }).waitFor();
  await other.page.goto(`${lab.url}/instances/${ids.server}`);
  const alert = other.page.getByRole("alert");
  await alert.getByText("could not be found").waitFor();
  await alert.getByText("it belongs to another project").waitFor();
});

test("everything is done by keyboard: log-in, commands, a launch form, a menu", async () => {
  const { page } = await lab.page();
  await page.goto(`${lab.url}/`);
  await page.getByLabel("User").waitFor();
  const keys = page.keyboard;
  await keys.type("demo");
  await keys.press("Tab");
  await keys.type("secret");
  await keys.press("Enter");
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  await keys.press("Control+k");
  await page.getByRole("dialog", { name: "Commands" }).waitFor();
  await keys.type("inst");
  await keys.press("Enter");
  await page.getByRole("heading", { name: "Instances" }).waitFor();
  await row(page, "web-1").waitFor();
  await keys.press("/");
  await keys.type("web-1");
  await page.getByRole("status").getByText("1 of 5 rows").waitFor();
  await page.getByRole("button", { name: "Actions of web-1" }).focus();
  await keys.press("Enter");
  await page.getByRole("menu", { name: "Actions of web-1" }).waitFor();
  await keys.type("lock");
  await keys.press("Enter");
  await page.getByRole("dialog").getByRole("textbox", { name: "Reason" }).waitFor();
  await keys.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
});

test("the language and the appearance are chosen and stay", async () => {
  const { page } = await lab.page();
  await lab.logIn(page, "demo");
  await page.getByRole("button", { name: "Account of demo" }).click();
  await page.getByRole("menuitemradio", { name: "Dark" }).click();
  await page.getByRole("button", { name: "Account of demo" }).click();
  await page.getByRole("menuitemradio", { name: "Deutsch" }).click();
  await page.getByRole("heading", { name: "Übersicht" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "Übersicht" }).waitFor();
  assert.equal(await page.evaluate("document.documentElement.dataset.theme"), "dark");
  assert.equal(await page.evaluate("document.documentElement.lang"), "de");
});

test("an administrator makes a project, a user in it, its quotas, a flavor and an aggregate", async () => {
  const { page, complaints } = await lab.page();
  const { daemon } = lab;
  const dialog = page.getByRole("dialog");
  const choose = async (label: string, option: string) => {
    await dialog.getByRole("button", { name: label }).click();
    await page.getByRole("option", { name: option, exact: true }).click();
  };
  await lab.logIn(page, "admin");
  await page.getByRole("link", { name: "Users", exact: true }).click();
  await page.getByRole("button", { name: "Create user" }).first().click();
  await dialog.getByLabel("Name").fill("ada");
  await dialog.getByLabel("Password").fill("analytical");
  await dialog.getByRole("button", { name: "Create user" }).click();
  await page.getByRole("row").filter({ hasText: "ada" }).first().waitFor();

  await page.getByRole("link", { name: "Projects", exact: true }).click();
  await page.getByRole("button", { name: "Create project" }).first().click();
  await dialog.getByLabel("Name").fill("class-a");
  await dialog.getByRole("button", { name: "Create project" }).click();
  await page.getByRole("link", { name: "class-a", exact: true }).click();
  await page.getByText("Nobody has a role in it").waitFor();
  await page.getByRole("button", { name: "Add member" }).click();
  await choose("User", "ada");
  await choose("Role", "member");
  await dialog.getByRole("button", { name: "Add member" }).click();
  await page.getByRole("button", { name: "Actions of ada (member)" }).waitFor();
  await page.getByRole("button", { name: "Set quotas" }).click();
  await dialog.getByLabel("Instances").fill("3");
  await dialog.getByLabel("Routers").fill("2");
  await dialog.getByRole("button", { name: "Set quotas" }).click();
  await dialog.waitFor({ state: "detached" });
  const project = (await daemon.request("GET", "/identity/v3/projects?name=class-a")).body.projects[0].id;
  const { quota_set } = (await daemon.request("GET", `/compute/v2.1/os-quota-sets/${project}`)).body;
  assert.equal(quota_set.instances, 3);
  assert.equal((await daemon.request("GET", `/networking/v2.0/quotas/${project}`)).body.quota.router, 2);
  await page.getByRole("meter", { name: "Instances" }).waitFor();
  assert.match((await page.getByRole("meter", { name: "Instances" }).getAttribute("aria-valuetext")) ?? "", /0 of 3/);

  await page.getByRole("link", { name: "Flavors", exact: true }).click();
  await page.getByRole("button", { name: "Create flavor" }).first().click();
  await dialog.getByLabel("Name").fill("class.small");
  await dialog.getByRole("button", { name: "Create flavor" }).click();
  await page.getByRole("button", { name: "Actions of class.small" }).click();
  await page.getByRole("menuitem", { name: "Set extra specs" }).click();
  await dialog.getByLabel("Extra specs").fill("hw:cpu_policy=shared");
  await dialog.getByRole("button", { name: "Set extra specs" }).click();
  await page.getByRole("row").filter({ hasText: "hw:cpu_policy=shared" }).waitFor();

  await page.getByRole("link", { name: "Aggregates", exact: true }).click();
  await page.getByRole("button", { name: "Create aggregate" }).first().click();
  await dialog.getByLabel("Name").fill("fast");
  await dialog.getByRole("button", { name: "Create aggregate" }).click();
  await page.getByRole("button", { name: "Actions of fast" }).click();
  await page.getByRole("menuitem", { name: "Add host" }).click();
  await dialog.getByRole("button", { name: "Host" }).first().click();
  await page.getByRole("option").first().click();
  await dialog.getByRole("button", { name: "Add host" }).click();
  await dialog.waitFor({ state: "detached" });
  const { aggregates } = (await daemon.request("GET", "/compute/v2.1/os-aggregates")).body;
  assert.equal(aggregates.find(({ name }: { name: string }) => name === "fast").hosts.length, 1);
  assert.deepEqual(complaints, [], "nothing is refused by the policy of the page, nothing is thrown");
});

test("a log-out ends the session in every window", async () => {
  const { page } = await lab.page();
  await lab.logIn(page, "demo");
  const second = await page.context().newPage();
  await second.goto(`${lab.url}/instances`);
  await row(second, "web-1").waitFor();
  await page.getByRole("button", { name: "Account of demo" }).click();
  await page.getByRole("menuitem", { name: "Log out" }).click();
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  await second.getByRole("heading", { name: "Log in" }).waitFor();
});

test("axe finds nothing on any page, in both themes, and all fit 360 pixels", async (t) => {
  for (const [theme, width] of [
    ["light", 1280],
    ["dark", 1280],
    ["light", 360],
  ] as const) {
    const { page, complaints } = await lab.page({ theme, width });
    await page.goto(`${lab.url}/`);
    await page.getByRole("button", { name: "Log in", exact: true }).waitFor();
    assert.deepEqual(await violations(page), [], "log-in");
    for (const user of ["demo", "admin"] as const) {
      const pages = shownPages.filter((shown) => shown.user === user);
      if (pages.length === 0) continue;
      const own = user === "demo" ? { page, complaints } : await lab.page({ theme, width });
      await lab.logIn(own.page, user);
      for (const { name, path, prepare } of pages)
        await t.test(`${name}, ${theme}, ${width}`, async () => {
          await own.page.goto(`${lab.url}${typeof path === "string" ? path : path(ids)}`);
          await own.page.getByRole("main").getByRole("heading").first().waitFor();
          await prepare?.(own.page);
          assert.deepEqual(await violations(own.page), []);
          const over = await own.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth",
          );
          assert.equal(over, 0, "it is as wide as the window");
        });
      assert.deepEqual(
        own.complaints.filter((complaint) => !OF_FAKES.test(complaint)),
        [],
      );
    }
  }
});
