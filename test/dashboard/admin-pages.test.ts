import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Page } from "playwright-core";
import { csvOf, vcpuHoursByDay } from "../../src/dashboard/ui/pages/cloud/sums.ts";
import type { Json } from "../support/json.ts";
import { until } from "../support/patience.ts";
import { DashboardLab } from "./support/lab.ts";

/** What an administrator does by pages, looked at by the APIs. */
const lab = new DashboardLab();
before(() => lab.start());
after(() => lab.close());

class Admin {
  readonly page: Page;
  readonly complaints: string[];
  constructor({ page, complaints }: { page: Page; complaints: string[] }) {
    this.page = page;
    this.complaints = complaints;
  }

  get dialog() {
    return this.page.getByRole("dialog");
  }
  open(panel: string) {
    return this.page.getByRole("link", { name: panel, exact: true }).click();
  }
  press(name: string) {
    return this.page.getByRole("button", { name, exact: true }).first().click();
  }
  fill(label: string, value: string) {
    return this.dialog.getByLabel(label, { exact: true }).fill(value);
  }
  async choose(label: string, option: string) {
    // A box is named by what is chosen and by its label.
    await this.dialog.getByRole("button", { name: new RegExp(` ${label}$`) }).click();
    await this.page.getByRole("option", { name: option, exact: true }).click();
  }
  async submit(name: string) {
    await this.dialog.getByRole("button", { name, exact: true }).click();
    await this.dialog.waitFor({ state: "detached" });
  }
  async act(name: string, action: string) {
    await this.press(`Actions of ${name}`);
    await this.page.getByRole("menuitem", { name: action, exact: true }).click();
  }
}

async function admin(): Promise<Admin> {
  const one = new Admin(await lab.page());
  await lab.logIn(one.page, "admin");
  return one;
}

const get = async (path: string): Promise<Json> => (await lab.daemon.request("GET", path)).body;

test("a group of a domain gets a user and a role, and both are taken away", async () => {
  const one = await admin();
  const { page } = one;
  await one.open("Domains");
  await one.press("Create domain");
  await one.fill("Name", "school");
  await one.submit("Create domain");
  await page.getByRole("row").filter({ hasText: "school" }).waitFor();
  const domain = (await get("/identity/v3/domains?name=school")).domains[0];

  await one.open("Groups");
  await one.press("Create group");
  await one.fill("Name", "pupils");
  await one.choose("Domain", "school");
  await one.submit("Create group");
  const row = page.getByRole("row").filter({ hasText: "pupils" });
  assert.match((await row.textContent()) ?? "", /school/, "a domain has its name");
  await page.getByRole("link", { name: "pupils", exact: true }).click();
  await page.getByText("Nobody is in it yet").waitFor();
  await one.press("Add user");
  await one.choose("User", "demo");
  await one.submit("Add user");
  await page.getByRole("button", { name: "Actions of demo" }).waitFor();
  const group = (await get("/identity/v3/groups?name=pupils")).groups[0];
  assert.equal(group.domain_id, domain.id);
  assert.equal((await get(`/identity/v3/groups/${group.id}/users`)).users[0].name, "demo");

  await one.open("Roles");
  await one.press("Assign role");
  await one.choose("Who", "A group");
  await one.choose("Group", "pupils");
  await one.choose("Role", "reader");
  await one.choose("Project", "alt_demo");
  await one.press("The same as a command and as a request");
  await one.dialog.getByText(/openstack role add --group \w+ --project \w+ \w+/).waitFor();
  await one.submit("Assign role");
  const what = "pupils, reader, Project alt_demo";
  await page.getByRole("button", { name: `Actions of ${what}` }).waitFor();
  const path = `/identity/v3/role_assignments?group.id=${group.id}`;
  assert.equal((await get(path)).role_assignments.length, 1);
  await one.act(what, "Take away");
  await one.submit("Take away");
  await page.getByRole("button", { name: `Actions of ${what}` }).waitFor({ state: "detached" });
  assert.deepEqual((await get(path)).role_assignments, []);
  const project = (await get("/identity/v3/projects?name=alt_demo")).projects[0].id;
  const role = (await get("/identity/v3/roles?name=reader")).roles[0].id;
  await lab.daemon.request("PUT", `/identity/v3/projects/${project}/groups/${group.id}/roles/${role}`);
  await page.getByRole("button", { name: `Actions of ${what}` }).waitFor();

  await one.open("Domains");
  await one.act("school", "Edit");
  await one.dialog.getByRole("switch", { name: "Enabled" }).click({ force: true });
  await one.submit("Edit");
  await one.act("school", "Delete");
  await one.submit("Delete");
  await page.getByRole("row").filter({ hasText: "school" }).waitFor({ state: "detached" });
  assert.deepEqual((await get("/identity/v3/groups?name=pupils")).groups, [], "what it had goes with it");
  assert.deepEqual(one.complaints, []);
});

test("a flavor that is not public is given to a project", async () => {
  const one = await admin();
  await one.open("Flavors");
  await one.press("Create flavor");
  await one.fill("Name", "few.small");
  await one.dialog.getByRole("switch", { name: "Public" }).click({ force: true });
  await one.submit("Create flavor");
  await one.page.getByRole("link", { name: "few.small", exact: true }).click();
  await one.page.getByText("No project may use it yet").waitFor();
  await one.press("Give access");
  await one.choose("Project", "alt_demo");
  await one.submit("Give access");
  await one.page.getByRole("button", { name: "Actions of alt_demo" }).waitFor();
  const { flavors } = await get("/compute/v2.1/flavors?is_public=None");
  const { id } = flavors.find(({ name }: Json) => name === "few.small");
  assert.equal((await get(`/compute/v2.1/flavors/${id}/os-flavor-access`)).flavor_access.length, 1);
  await one.act("alt_demo", "Take access away");
  await one.submit("Take access away");
  await one.page.getByText("No project may use it yet").waitFor();
  assert.deepEqual((await get(`/compute/v2.1/flavors/${id}/os-flavor-access`)).flavor_access, []);
});

test("a host takes nothing new while its service is disabled, and a default quota changes", async () => {
  const one = await admin();
  await one.open("Services and agents");
  await one.act("nova-compute", "Disable");
  await one.fill("Reason (optional)", "new disks");
  await one.submit("Disable");
  await one.page.getByText("new disks").waitFor();
  const service = async () => (await get("/compute/v2.1/os-services?binary=nova-compute")).services[0];
  assert.deepEqual([(await service()).status, (await service()).disabled_reason], ["disabled", "new disks"]);
  await one.act("nova-compute", "Enable");
  await one.page.getByText("new disks").waitFor({ state: "detached" });
  assert.equal((await service()).status, "enabled");
  await one.act("cinder-volume", "Disable");
  await one.submit("Disable");
  const volume = async () => (await get("/volume/v3/os-services?binary=cinder-volume")).services[0].status;
  await until("it is disabled", 30, async () => (await volume()) === "disabled");
  await one.act("cinder-volume", "Enable");
  await until("it is enabled", 30, async () => (await volume()) === "enabled");

  await one.open("Default quotas");
  await one.page.getByText("Metadata of an instance").waitFor();
  await one.press("Change defaults");
  await one.fill("Instances", "12");
  await one.submit("Change defaults");
  const set = (await get("/compute/v2.1/os-quota-class-sets/default")).quota_class_set;
  assert.deepEqual([set.instances, set.cores], [12, 20]);
});

test("what all projects have is seen with whose it is, and what they used has a price", async () => {
  const image = await lab.addImage("small");
  const { body } = await lab.daemon.request("POST", "/compute/v2.1/servers", {
    server: { name: "counted", flavorRef: "1", imageRef: image, networks: "none" },
  });
  await lab.settled("counted", "ACTIVE");
  const one = await admin();
  const { page } = one;
  await one.open("All projects");
  const row = page.getByRole("row").filter({ hasText: "counted" });
  assert.match((await row.textContent()) ?? "", /admin/);
  await one.open("The cloud");
  await page.getByRole("img", { name: /vCPU hours/ }).waitFor();
  assert.equal(await page.getByRole("columnheader", { name: "Cost" }).count(), 0);
  await page.getByLabel("A vCPU (optional)").fill("100");
  await page.keyboard.press("Tab");
  await page.getByRole("columnheader", { name: "Cost" }).waitFor();
  const [download] = await Promise.all([page.waitForEvent("download"), one.press("Download as CSV")]);
  const chunks: Buffer[] = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk as Buffer);
  const [, line = ""] = Buffer.concat(chunks).toString().split("\r\n");
  const [name, servers, hours, , , cost] = line.split(",");
  assert.deepEqual([name, servers], ['"admin"', "1"]);
  assert.ok(Math.abs(Number(cost) - 100 * Number(hours)) < 0.01, line);
  await lab.daemon.request("DELETE", `/compute/v2.1/servers/${body.server.id}`);
  assert.deepEqual(one.complaints, []);
});

test("who changes the password logs in again with the new one, and the old one opens nothing", async () => {
  const project = (await get("/identity/v3/projects?name=demo")).projects[0].id;
  const role = (await get("/identity/v3/roles?name=member")).roles[0].id;
  const { body } = await lab.daemon.request("POST", "/identity/v3/users", {
    user: { name: "pat", password: "old-one", domain_id: "default" },
  });
  await lab.daemon.request("PUT", `/identity/v3/projects/${project}/users/${body.user.id}/roles/${role}`);
  const one = new Admin(await lab.page());
  const { page } = one;
  await lab.logIn(page, "pat", "old-one");
  await one.open("Settings");
  await one.press("Change password");
  await one.fill("Present password", "old-one");
  await one.fill("New password", "new-one");
  await one.fill("New password again", "new-two");
  await one.dialog.getByRole("button", { name: "Change password" }).click();
  await one.dialog.getByText("The two are not the same").waitFor();
  await one.fill("New password again", "new-one");
  await one.dialog.getByRole("button", { name: "Change password" }).click();
  await page.getByRole("heading", { name: "Log in" }).waitFor();
  // What was said of the password is a label, too.
  const password = page.getByRole("textbox", { name: "Password" });
  await page.getByLabel("User").fill("pat");
  await password.fill("old-one");
  await page.getByRole("button", { name: "Log in", exact: true }).click();
  await page.getByText("User, password or domain are wrong").waitFor();
  await password.fill("new-one");
  await page.getByRole("button", { name: "Log in", exact: true }).click();
  await page.getByRole("heading", { name: "Settings" }).waitFor();
});

test("hours are counted within their day, up to now", () => {
  const server = { instance_id: "1", name: "a", vcpus: 2, memory_mb: 0, local_gb: 0, hours: 0 };
  const start = Date.parse("2026-03-01T00:00:00Z");
  const hours = (started_at: string, ended_at: string | null) =>
    vcpuHoursByDay(
      { project: "p", servers: [{ ...server, started_at, ended_at }] },
      { start, days: 3, now: Date.parse("2026-03-03T06:00:00Z") },
    );
  assert.deepEqual(hours("2026-03-01T12:00:00.000000", null), [24, 48, 12]);
  assert.deepEqual(hours("2026-02-20T00:00:00.000000", "2026-03-02T01:00:00.000000"), [48, 2, 0]);
  assert.deepEqual(hours("2026-03-04T00:00:00.000000", null), [0, 0, 0]);
});

test("a name that a spreadsheet would take for a formula is text", () => {
  assert.equal(csvOf([["=1+1", 'a "b"', 0.12345]]), `"'=1+1","a ""b""",0.1235`);
});
