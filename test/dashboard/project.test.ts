import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { DashboardLab } from "./support/lab.ts";
import { furnish, topologyNode } from "./support/pages.ts";

const lab = new DashboardLab();
before(async () => {
  await lab.start();
  await furnish(lab);
});
after(() => lab.close());

const dialogOf = (page: Page) => page.getByRole("dialog");

async function choose(page: Page, label: string, option: RegExp): Promise<void> {
  await dialogOf(page).getByRole("button", { name: label }).click();
  await page.getByRole("option", { name: option }).click();
}

test("a network is made, connected and filled from its picture, which shows what others do", async () => {
  const { page, complaints } = await lab.page();
  await lab.logIn(page, "demo");
  await page.getByRole("link", { name: "Topology", exact: true }).click();
  await topologyNode(page, "web-1").waitFor();
  await page.getByRole("button", { name: "Create network" }).click();
  await dialogOf(page).getByRole("textbox", { name: "Name" }).fill("lab");
  await dialogOf(page).getByRole("textbox", { name: "Addresses (CIDR)" }).fill("10.77.0.0/24");
  await dialogOf(page).getByRole("button", { name: "Create network" }).click();
  await topologyNode(page, "lab").waitFor();

  await topologyNode(page, "router1").click();
  await page.getByRole("button", { name: "Add interface" }).click();
  await choose(page, "Subnet", /10\.77\.0\.0\/24/);
  await dialogOf(page)
    .getByText(/openstack router add subnet/)
    .waitFor({ state: "attached" });
  await dialogOf(page).getByRole("button", { name: "Add interface" }).click();
  await page.getByRole("region", { name: "Topology" }).getByText("10.77.0.1").waitFor();

  await dialogOf(page).waitFor({ state: "detached" });
  // By keyboard: Enter on a thing shows what can be done with it.
  await topologyNode(page, "lab").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("link", { name: "Launch an instance here" }).click();
  await page.getByRole("option", { name: /^lab/, selected: true }).waitFor();
  await page.getByRole("textbox", { name: "Name" }).fill("in-lab");
  await page.getByRole("option", { name: /m1\.tiny/ }).click();
  await page.getByRole("button", { name: "Launch", exact: true }).click();
  await page.getByRole("link", { name: "in-lab", exact: true }).waitFor();
  await page.getByRole("link", { name: "Topology", exact: true }).click();
  await topologyNode(page, "in-lab").getByText("Active").waitFor();

  const { body } = await lab.daemon.request("GET", "/compute/v2.1/servers?all_tenants=1&name=in-lab");
  await lab.daemon.request("PUT", `/compute/v2.1/servers/${body.servers[0].id}`, { server: { name: "elsewhere" } });
  await topologyNode(page, "elsewhere").waitFor();

  const node = topologyNode(page, "elsewhere");
  const from = await node.boundingBox();
  assert.ok(from !== null);
  await node.hover();
  await page.mouse.down();
  await page.mouse.move(from.x + 40, from.y + 90, { steps: 4 });
  await page.mouse.up();
  await page.getByRole("button", { name: "Arrange anew" }).waitFor();
  // Not the whole style: what was dragged last lies above the others.
  const placeOf = async () => /transform: [^;]+/.exec((await node.getAttribute("style")) ?? "")?.[0];
  const dragged = await placeOf();
  assert.ok(dragged !== undefined);
  await page.reload();
  await node.waitFor();
  assert.equal(await placeOf(), dragged, "it stays where it was dragged to");

  await page.getByRole("tab", { name: "Table" }).click();
  const row = page.getByRole("row").filter({ has: page.getByRole("link", { name: "elsewhere", exact: true }) });
  await row.getByText("lab", { exact: true }).waitFor();
  assert.deepEqual(complaints, []);
});
