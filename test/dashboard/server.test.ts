import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { pagePolicy, refusal } from "../../src/dashboard/server/guard.ts";
import { FakeExec } from "../../src/host/fake/exec.ts";
import { ManualClock } from "../../src/kernel/time/clock.ts";
import { image } from "../../src/services/image/index.ts";
import { FakeNetworkDriver } from "../../src/services/network/driver/fake.ts";
import { network } from "../../src/services/network/index.ts";
import { objectStore } from "../../src/services/object-store/index.ts";
import { type IdentityCloud, identityCloud } from "../support/identity.ts";
import { Visitor } from "./support/visitor.ts";

const clock = new ManualClock();
let cloud: IdentityCloud;
before(async () => {
  cloud = await identityCloud({
    clock,
    others: [image({ exec: new FakeExec() }), network({ driver: new FakeNetworkDriver() }), objectStore()],
    settings: { network: { createInitialNetworks: false } },
  });
  await cloud.user("ada", "alpha", "member");
  await cloud.user("bob", "beta", "member");
});
after(() => cloud.close());

async function visitor(user: string): Promise<Visitor> {
  const one = new Visitor(cloud);
  const answer = await one.logIn(user);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return one;
}

test("a log-in answers who one is, never a token, and a cookie that scripts and other sites do not get", async () => {
  const ada = new Visitor(cloud);
  const response = await ada.fetch("POST", "/session", { user: "ada", password: "secret", domain: "Default" });
  assert.equal(response.status, 201);
  const cookie = response.headers.get("set-cookie") ?? "";
  assert.match(cookie, /^tenrec_session=[\w-]{43}; .*Path=\/dashboard/);
  for (const attribute of ["HttpOnly", "SameSite=Strict"]) assert.ok(cookie.includes(attribute), attribute);
  assert.equal(response.headers.get("x-subject-token"), null);
  const text = await response.text();
  assert.doesNotMatch(text, /gAAAA/, "no token is told to the page");
  const { token, projects, services } = JSON.parse(text);
  assert.equal(token.project.name, "alpha");
  assert.deepEqual(
    projects.map(({ name }: { name: string }) => name),
    ["alpha"],
  );
  assert.equal(services.network, "/networking");
  assert.equal((await ada.ask("GET", "/session")).body.token.user.name, "ada");
});

test("with TLS the cookie is Secure and bound to the host by its name", async () => {
  const { createApps } = await import("../../src/app.ts");
  const { createDashboard } = await import("../../src/dashboard/server/index.ts");
  const dashboard = createDashboard(cloud.cloud.kernel);
  const { all } = createApps(cloud.cloud, dashboard);
  const request = new Request("https://localhost/dashboard/session", {
    method: "POST",
    headers: { "x-tenrec-dashboard": "1", "content-type": "application/json" },
    body: JSON.stringify({ user: "ada", password: "secret", domain: "Default" }),
  });
  const response = await all.fetch(request, { incoming: { socket: { encrypted: true, remoteAddress: "10.0.0.9" } } });
  const cookie = response.headers.get("set-cookie") ?? "";
  assert.match(cookie, /^__Host-tenrec_session=.*; Path=\/;/);
  assert.match(cookie, /; Secure/);
  assert.doesNotMatch(cookie, /Domain/i);
  dashboard.close();
});

test("who reads the database has neither cookies nor tokens", async () => {
  const ada = await visitor("ada");
  const rows = cloud.cloud.kernel.db
    .prepare<[], { id: string; sealed: Buffer }>("SELECT * FROM dashboard_sessions")
    .all();
  assert.ok(rows.length > 0);
  const secret = ada.cookie.split("=")[1] ?? "";
  for (const { id, sealed } of rows) {
    assert.ok(!id.includes(secret));
    assert.ok(!sealed.toString("latin1").includes("gAAAA"));
  }
});

test("pages carry a policy without inline scripts or styles, and may not be framed", async () => {
  const page = await cloud.fetch("/dashboard/instances", { headers: { accept: "text/html", host: "cloud:8080" } });
  const policy = page.headers.get("content-security-policy");
  // Built or not: what answers is headed alike but for the policy, which belongs to pages.
  if (page.status === 200) {
    assert.ok(policy !== null);
    assert.match(policy, /default-src 'none'/);
    // Not all of the port's files: what users publish in the object store is of the same origin.
    assert.match(policy, /script-src cloud:8080\/dashboard\/assets\/;/);
    assert.match(policy, /style-src cloud:8080\/dashboard\/assets\/;/);
    assert.match(policy, /connect-src cloud:8080\/dashboard\/;/);
    assert.match(policy, /frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|nonce|\*/);
    assert.doesNotMatch(await page.text(), /<style|<script(?![^>]*\bsrc=)|\son\w+=|style=/i);
  } else assert.equal(page.status, 503);
  assert.equal(page.headers.get("x-frame-options"), "DENY");
  assert.equal(page.headers.get("x-content-type-options"), "nosniff");
});

test("the policy of a page names its files whatever the Host header is, and nothing that stands in it", () => {
  const scripts = (host: string | null) => /script-src ([^;]*)/.exec(pagePolicy({ host, frames: [] }))?.[1];
  assert.equal(scripts("cloud.example"), "cloud.example/dashboard/assets/");
  assert.equal(scripts("10.0.0.1:8080"), "10.0.0.1:8080/dashboard/assets/");
  for (const host of [null, "[::1]:8080", "a b", "a;script-src *", "*", "*.example", "a/b", "'unsafe-inline'", "a:b"])
    assert.equal(scripts(host), "'self'", `${host}`);
});

test("where this process speaks TLS, a page that came without is of another origin", () => {
  const request = (origin: string) => ({ method: "GET", headers: new Headers({ origin, host: "cloud" }) });
  assert.equal(refusal(request("https://cloud"), true), null);
  assert.notEqual(refusal(request("http://cloud"), true), null);
  assert.equal(refusal(request("http://cloud"), false), null);
  assert.equal(refusal(request("https://cloud"), false), null, "a proxy may speak TLS in front");
});

test("what changes something needs our own header and our own origin", async () => {
  const ada = await visitor("ada");
  const attempts: [string, Record<string, string | null>][] = [
    ["no header of ours", { "x-tenrec-dashboard": null }],
    ["another origin", { origin: "http://evil.example" }],
    ["no origin at all (sandboxed)", { origin: "null" }],
    ["another port of the same host", { origin: "http://localhost:6080" }],
    ["another site", { "sec-fetch-site": "cross-site" }],
    ["another host of the same site", { "sec-fetch-site": "same-site" }],
    ["a form that was typed", { "sec-fetch-site": "none" }],
  ];
  for (const [why, headers] of attempts) {
    const body = { network: { name: "forged" } };
    assert.equal((await ada.ask("POST", "/api/network/v2.0/networks", body, headers)).status, 403, why);
    assert.equal((await ada.ask("DELETE", "/session", undefined, headers)).status, 403, why);
  }
  const foreign: Record<string, string>[] = [{ "sec-fetch-site": "cross-site" }, { origin: "http://evil.example" }];
  for (const headers of foreign) {
    assert.equal((await ada.ask("GET", "/events", undefined, headers)).status, 403);
    assert.equal((await ada.ask("GET", "/api/network/v2.0/networks", undefined, headers)).status, 403);
  }
  assert.deepEqual((await ada.ask("GET", "/api/network/v2.0/networks?name=forged")).body.networks, []);
  assert.equal((await ada.ask("POST", "/api/network/v2.0/networks", { network: { name: "own" } })).status, 201);
});

test("failed log-ins are slowed, by user and by address, and the right password does not help meanwhile", async () => {
  const eve = new Visitor(cloud);
  await cloud.user("carol", "alpha", "member");
  for (let count = 0; count < 5; count += 1) assert.equal((await eve.logIn("carol", `guess ${count}`)).status, 401);
  const refused = await eve.logIn("carol", "secret");
  assert.equal(refused.status, 429);
  const wait = Number(refused.headers.get("retry-after"));
  assert.ok(wait >= 1 && wait <= 60, `${wait}`);
  assert.equal((await eve.logIn("CAROL", "secret")).status, 429, "a name is one however it is written");
  assert.equal((await new Visitor(cloud).logIn("bob")).status, 201, "others are not disturbed");
  clock.advance(wait * 1000 + 1);
  assert.equal((await eve.logIn("carol", "guess again")).status, 401);
  const longer = Number((await eve.logIn("carol", "secret")).headers.get("retry-after"));
  assert.ok(longer > wait, "each failure makes it longer");
  // The identity service itself locks the account for some minutes, too.
  clock.advance(16 * 60_000);
  assert.equal((await eve.logIn("carol", "secret")).status, 201);

  let last = 0;
  for (let count = 0; count < 40 && last !== 429; count += 1) last = (await eve.logIn(`nobody-${count}`, "x")).status;
  assert.equal(last, 429, "an address that tries many names waits, too");
  clock.advance(16 * 60_000);
});

test("a log-out revokes the token, and the cookie opens nothing any more", async () => {
  const ada = await visitor("ada");
  const { cookie } = ada;
  const before =
    cloud.cloud.kernel.db.prepare<[], number>("SELECT count(*) FROM identity_revocations").pluck().get() ?? 0;
  assert.equal((await ada.ask("DELETE", "/session")).status, 204);
  const now = cloud.cloud.kernel.db.prepare<[], number>("SELECT count(*) FROM identity_revocations").pluck().get() ?? 0;
  assert.equal(now - before, 2, "that of the log-in and that of the project");
  ada.cookie = cookie;
  const answer = await ada.ask("GET", "/api/network/v2.0/networks");
  assert.equal(answer.status, 401);
  assert.equal(answer.headers.get("x-dashboard-session"), "ended");
  assert.equal((await ada.ask("GET", "/session")).status, 204);
});

test("a session ends with its token, by time", async () => {
  const ada = await visitor("ada");
  const { body } = await ada.ask("GET", "/session");
  assert.equal((await ada.ask("GET", "/api/network/v2.0/networks")).status, 200);
  clock.advance(Date.parse(body.token.expires_at) - clock.now() - 1_000);
  assert.equal((await ada.ask("GET", "/api/network/v2.0/networks")).status, 200, "until then");
  const count = sessionCount();
  clock.advance(1_000);
  const late = await ada.ask("GET", "/api/network/v2.0/networks");
  assert.equal(late.status, 401);
  assert.equal(late.headers.get("x-dashboard-session"), "ended");
  assert.equal((await ada.ask("GET", "/session")).status, 204);
  await visitor("ada");
  assert.ok(sessionCount() <= count, "and what is over is deleted with the next log-in");
});

test("a session ends when its token is worth nothing any more, and does not come back with what was lost", async () => {
  const member = await cloud.roleId("member");
  const patch = (path: string, body: object) => cloud.admin("PATCH", `/identity/v3/${path}`, { body });
  const ways: [
    string,
    (user: string, project: string) => Promise<{ status: number }>,
    ((user: string, project: string) => Promise<{ status: number }>) | null,
  ][] = [
    ["password", (user) => patch(`users/${user}`, { user: { password: "another" } }), null],
    [
      "disabled",
      (user) => patch(`users/${user}`, { user: { enabled: false } }),
      (user) => patch(`users/${user}`, { user: { enabled: true } }),
    ],
    [
      "no-project",
      (_user, project) => patch(`projects/${project}`, { project: { enabled: false } }),
      (_user, project) => patch(`projects/${project}`, { project: { enabled: true } }),
    ],
    [
      "no-role",
      (user, project) => cloud.admin("DELETE", `/identity/v3/projects/${project}/users/${user}/roles/${member}`),
      (user, project) => cloud.admin("PUT", `/identity/v3/projects/${project}/users/${user}/roles/${member}`),
    ],
    ["deleted", (user) => cloud.admin("DELETE", `/identity/v3/users/${user}`), null],
  ];
  for (const [name, take, giveBack] of ways) {
    const user = await cloud.user(name, `of-${name}`, "member");
    const project = await cloud.project(`of-${name}`);
    const one = await visitor(name);
    assert.equal((await one.ask("GET", "/api/network/v2.0/networks")).status, 200, name);
    const taken = await take(user, project);
    assert.ok(taken.status < 300, `${name}: ${taken.status}`);
    const { cookie } = one;
    const answer = await one.ask("GET", "/api/network/v2.0/networks");
    assert.equal(answer.status, 401, name);
    assert.equal(answer.headers.get("x-dashboard-session"), "ended", name);
    await giveBack?.(user, project);
    one.cookie = cookie;
    assert.equal((await one.ask("GET", "/session")).status, 204, `${name}: given back, it is a log-in that is needed`);
  }
});

test("a made-up cookie, and one of another form, are nobody's", async () => {
  const eve = new Visitor(cloud);
  for (const value of ["A".repeat(43), "x", "", "../../etc", "a=b"]) {
    eve.cookie = `tenrec_session=${value}`;
    assert.equal((await eve.ask("GET", "/api/network/v2.0/networks")).status, 401, value);
  }
});

test("another project is another token; the one before is revoked", async () => {
  const admin = await visitor("admin");
  const described = (await admin.ask("GET", "/session")).body;
  const other = described.projects.find(({ name }: { name: string }) => name !== described.token.project.name);
  assert.ok(other !== undefined);
  const answer = await admin.ask("PUT", "/session/scope", { project: other.id });
  assert.equal(answer.status, 200);
  assert.equal(answer.body.token.project.id, other.id);
  assert.equal((await admin.ask("GET", "/session")).body.token.project.id, other.id);
  const ada = await visitor("ada");
  const refused = await ada.ask("PUT", "/session/scope", { project: other.id });
  assert.equal(refused.status, 401, "identity's own refusal");
  assert.equal((await ada.ask("GET", "/api/network/v2.0/networks")).status, 200, "and the session goes on");
});

test("an application credential logs in to its one project", async () => {
  const ada = await visitor("ada");
  const { body } = await ada.ask("GET", "/session");
  const made = await ada.ask("POST", `/api/identity/v3/users/${body.token.user.id}/application_credentials`, {
    application_credential: { name: "script" },
  });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { id, secret } = made.body.application_credential;
  const script = new Visitor(cloud);
  const answer = await script.ask("POST", "/session", { applicationCredential: { id, secret } });
  assert.equal(answer.status, 201);
  assert.equal(answer.body.token.project.name, "alpha");
});

test("an explanation is given of one's own requests, to administrators of all", async () => {
  const [ada, bob, admin] = [await visitor("ada"), await visitor("bob"), await visitor("admin")];
  const made = await ada.ask("POST", "/api/network/v2.0/networks", { network: { name: "explained" } });
  const id = made.headers.get("x-openstack-request-id") ?? "";
  const explained = await ada.ask("GET", `/explain/${id}`);
  assert.equal(explained.status, 200);
  assert.ok(
    explained.body.spans.some(({ name }: { name: string }) => /networks:create/.test(name)),
    JSON.stringify(explained.body.spans),
  );
  assert.equal((await bob.ask("GET", `/explain/${id}`)).status, 404);
  assert.equal((await admin.ask("GET", `/explain/${id}`)).status, 200);
  // A request id is a client's to choose: another's is not opened by using it oneself.
  await bob.ask(
    "POST",
    "/api/network/v2.0/networks",
    { network: { name: "same id" } },
    { "x-openstack-request-id": id },
  );
  assert.equal((await bob.ask("GET", `/explain/${id}`)).status, 404);
  assert.equal((await bob.ask("GET", "/explain/nonsense")).status, 400);
});

test("a browser at the bare address is led to the pages, an API client gets what it always got", async () => {
  const browser = await cloud.fetch("/", { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } });
  assert.equal(browser.status, 302);
  assert.equal(browser.headers.get("location"), "/dashboard/");
  for (const accept of ["*/*", "application/json"]) {
    const client = await cloud.fetch("/", { headers: { accept } });
    assert.equal(client.status, 200);
    assert.match(await client.text(), /OpenStack-compatible/);
  }
});

test("what is no name of an asset leads nowhere", async () => {
  for (const path of [
    "assets/../../package.json",
    "assets/%2e%2e/source.json",
    "assets/.hidden",
    "assets/nothing.js",
    "source.json",
  ]) {
    const response = await cloud.fetch(`/dashboard/${path}`);
    assert.doesNotMatch(await response.text(), /"devDependencies"|"hash"/, path);
  }
});

const sessionCount = (): number =>
  cloud.cloud.kernel.db.prepare<[], number>("SELECT count(*) FROM dashboard_sessions").pluck().get() ?? -1;

test("a log-in has a cookie of its own, whatever came with it, and ends the session that was there", async () => {
  const eve = new Visitor(cloud);
  const planted = `tenrec_session=${"B".repeat(43)}`;
  eve.cookie = planted;
  assert.equal((await eve.logIn("ada")).status, 201);
  assert.notEqual(eve.cookie, planted);
  const first = eve.cookie;
  assert.equal((await eve.logIn("bob")).status, 201);
  assert.notEqual(eve.cookie, first);
  const again = new Visitor(cloud);
  again.cookie = planted;
  assert.equal((await again.ask("GET", "/session")).status, 204);
  again.cookie = first;
  assert.equal((await again.ask("GET", "/session")).status, 204);
});

test("who has not logged in leaves nothing behind, neither by pages nor by failed log-ins", async () => {
  const count = sessionCount();
  const nobody = new Visitor(cloud);
  for (const path of ["/", "/instances?next=/x", "/session", "/events", "/api/network/v2.0/networks"]) {
    const response = await nobody.fetch("GET", path);
    assert.equal(response.headers.get("set-cookie"), null, path);
    await response.arrayBuffer();
  }
  assert.equal((await nobody.logIn("nobody-here", "x")).status, 401);
  assert.equal(nobody.cookie, "");
  assert.equal(sessionCount(), count);
});

test("no parameter, path or header leads a browser to another host", async () => {
  for (const path of [
    "/?next=http://evil.example/",
    "//evil.example",
    "/dashboard?next=//evil.example",
    "/dashboard//evil.example/",
    "/dashboard/%2f%2fevil.example",
    "/dashboard/login?next=http://evil.example/",
  ]) {
    const response = await cloud.fetch(path, {
      headers: { accept: "text/html", "x-forwarded-host": "evil.example" },
      redirect: "manual",
    });
    await response.arrayBuffer();
    const location = response.headers.get("location");
    assert.ok(location === null || location === "/dashboard/", `${path}: ${location}`);
  }
});

test("no page makes HTML or code of a text", () => {
  const folder = join(import.meta.dirname, "../../src/dashboard/ui");
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => /\.tsx?$/.test(name));
  assert.ok(names.length > 50);
  const makers =
    /dangerouslySetInnerHTML|(?:inner|outer)HTML|insertAdjacentHTML|document\.write|srcDoc|\beval\(|new Function|createContextualFragment/;
  assert.deepEqual(
    names.filter((name) => makers.test(readFileSync(join(folder, name), "utf8"))),
    [],
  );
});
