import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { forward } from "../../src/dashboard/server/proxy.ts";
import { FakeExec } from "../../src/host/fake/exec.ts";
import { image } from "../../src/services/image/index.ts";
import { FakeNetworkDriver } from "../../src/services/network/driver/fake.ts";
import { network } from "../../src/services/network/index.ts";
import { objectStore } from "../../src/services/object-store/index.ts";
import { type IdentityCloud, identityCloud } from "../support/identity.ts";
import { Visitor } from "./support/visitor.ts";

let cloud: IdentityCloud;
before(async () => {
  cloud = await identityCloud({
    others: [image({ exec: new FakeExec() }), network({ driver: new FakeNetworkDriver() }), objectStore()],
    settings: { network: { createInitialNetworks: false } },
  });
  await cloud.user("ada", "alpha", "member");
});
after(() => cloud.close());

async function visitor(user: string): Promise<Visitor> {
  const one = new Visitor(cloud);
  const answer = await one.logIn(user);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return one;
}

test("only services of the catalog are reached, and no path leads out of one", async () => {
  const ada = await visitor("ada");
  assert.equal((await ada.ask("GET", "/api/network/v2.0/networks")).status, 200, "the way there is");
  for (const path of [
    "/api/placement/resource_providers",
    "/api/nothing/v1",
    "/api/template/v1",
    "/api/networking/v2.0/networks",
    "/api/constructor/v1",
    "/api/network/../dashboard/session",
    "/api/network/..%2fidentity/v3",
    "/api//identity/v3/users",
    "/api/network",
    "/api",
  ]) {
    const { status, body, headers } = await ada.ask("GET", path);
    assert.equal(status, 404, path);
    // The service that was named says so itself, or no service is reached at all.
    const isOfService = path === "/api/network/..%2fidentity/v3";
    assert.equal(headers.get("x-openstack-request-id") !== null, isOfService, path);
    if (path.startsWith("/api/") && !isOfService)
      assert.deepEqual(body, { error: { code: 404, message: "There is no such service in this cloud." } }, path);
    assert.equal(headers.get("cache-control"), "no-store", path);
  }
  // What URLs mean by it is another service, which answers ada as it answers her anywhere.
  const { status, body } = await ada.ask("GET", "/api/network/%2e%2e/identity/v3/users");
  assert.equal(status, 403);
  assert.match(JSON.stringify(body), /list_users/);
});

test("a client's own credentials do not pass: it is the session's token that counts", async () => {
  const [ada, admin] = [await visitor("ada"), await visitor("admin")];
  const made = await admin.ask("POST", "/api/network/v2.0/networks", { network: { name: "admins" } });
  assert.equal(made.status, 201);
  const token = await cloud.login("admin", "admin");
  const direct = await cloud.request("GET", "/networking/v2.0/networks?name=admins", { token });
  assert.equal(direct.body.networks.length, 1, "that token sees it");
  const described = (await ada.ask("GET", "/session")).body.token;
  const forgeries: Record<string, string>[] = [
    { "x-auth-token": token },
    { "x-service-token": token },
    { "x-auth-token": token, "x-service-token": token, "x-roles": "admin", "x-project-id": "other" },
    { authorization: `Bearer ${token}` },
    { "x-subject-token": token },
    { "x-storage-token": token },
    { "x-user-id": "admin", "x-is-admin-project": "True", "x-identity-status": "Confirmed" },
  ];
  for (const forged of forgeries) {
    const why = Object.keys(forged).join(", ");
    const seen = await ada.ask("GET", "/api/network/v2.0/networks?name=admins", undefined, forged);
    assert.equal(seen.status, 200, why);
    assert.deepEqual(seen.body.networks, [], why);
    const own = await ada.ask("POST", "/api/network/v2.0/networks", { network: { name: "adas" } }, forged);
    assert.equal(own.body.network.project_id, described.project.id, why);
  }
  const nobody = new Visitor(cloud);
  const asked = await nobody.ask("GET", "/api/network/v2.0/networks", undefined, { "x-auth-token": token });
  assert.equal(asked.status, 401, "without a session a token opens nothing here");
});

test("an answer brings neither tokens nor cookies, nor what opens it to other sites", async () => {
  const ada = await visitor("ada");
  const issued = await ada.ask("POST", "/api/identity/v3/auth/tokens", {
    auth: {
      identity: {
        methods: ["password"],
        password: { user: { name: "ada", domain: { id: "default" }, password: "secret" } },
      },
    },
  });
  assert.equal(issued.status, 201);
  assert.equal(issued.headers.get("x-subject-token"), null, "a script in a page gets no token");
  assert.match(issued.headers.get("content-security-policy") ?? "", /sandbox/);
  assert.equal(issued.headers.get("cache-control"), "no-store");

  const held = {
    "set-cookie": "tenrec_session=planted; Path=/dashboard",
    "x-subject-token": "gAAAA",
    "access-control-allow-origin": "*",
    "access-control-allow-credentials": "true",
    "clear-site-data": '"*"',
    "service-worker-allowed": "/",
    refresh: "0; url=http://evil.example",
    link: "<http://evil.example/x.css>; rel=stylesheet",
    "x-frame-options": "ALLOWALL",
    "content-security-policy-report-only": "report-uri http://evil.example",
    "keep-alive": "timeout=1",
    "www-authenticate": "Basic",
  };
  const passed = {
    etag: '"1"',
    "content-range": "bytes 0-1/2",
    "x-openstack-request-id": "req-1",
    "x-object-meta-a": "b",
  };
  const asked: Request[] = [];
  const answer = await forward(new Request("http://localhost/dashboard/api/x/y", { headers: { cookie: "a=b" } }), {
    target: "/x/y",
    token: "own",
    env: undefined,
    policy: "default-src 'none'",
    serve(request) {
      asked.push(request);
      const headers = { ...held, ...passed, "content-security-policy": "default-src *", "cache-control": "public" };
      return new Response("", { headers });
    },
  });
  assert.deepEqual([...(asked[0]?.headers ?? [])], [["x-auth-token", "own"]]);
  for (const name of Object.keys(held)) assert.equal(answer.headers.get(name), null, name);
  for (const [name, value] of Object.entries(passed)) assert.equal(answer.headers.get(name), value, name);
  assert.equal(answer.headers.get("content-security-policy"), "default-src 'none'");
  assert.equal(answer.headers.get("cache-control"), "no-store");
});

test("a page that a user publishes in the object store is not of the dashboard's origin", async () => {
  const ada = await visitor("ada");
  const { body } = await ada.ask("GET", "/session");
  const account = `/object-store/v1/AUTH_${body.token.project.id}`;
  const inside = account.replace("/object-store", "/api/object-store");
  const made = await ada.ask("PUT", `${inside}/site`, "", { "x-container-read": ".r:*" });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const html = "<script>fetch('/dashboard/api/identity/v3/auth/projects')</script>";
  const put = await ada.ask("PUT", `${inside}/site/a.html`, html, { "content-type": "text/html" });
  assert.equal(put.status, 201, JSON.stringify(put.body));

  const opened = await cloud.fetch(`${account}/site/a.html`, { headers: { accept: "text/html", cookie: ada.cookie } });
  assert.equal(opened.status, 200);
  assert.equal(await opened.text(), html);
  const policy = opened.headers.get("content-security-policy") ?? "";
  assert.match(policy, /^sandbox /);
  assert.doesNotMatch(policy, /allow-same-origin|allow-top-navigation/);
  assert.equal(opened.headers.get("x-content-type-options"), "nosniff");

  const through = await ada.fetch("GET", `${inside}/site/a.html`);
  assert.equal(await through.text(), html);
  assert.equal(through.headers.get("content-security-policy"), "default-src 'none'; sandbox; frame-ancestors 'none'");
});

test("bytes go through as they are, to an image and back", async () => {
  const ada = await visitor("ada");
  const made = await ada.ask("POST", "/api/image/v2/images", {
    name: "raw",
    disk_format: "raw",
    container_format: "bare",
  });
  assert.equal(made.status, 201);
  const { id } = made.body;
  const bytes = "x".repeat(300_000);
  const put = await ada.ask("PUT", `/api/image/v2/images/${id}/file`, bytes, {
    "content-type": "application/octet-stream",
  });
  assert.equal(put.status, 204, JSON.stringify(put.body));
  assert.equal((await (await ada.fetch("GET", `/api/image/v2/images/${id}/file`)).text()).length, bytes.length);
});
