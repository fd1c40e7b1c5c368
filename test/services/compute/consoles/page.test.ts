import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { test } from "node:test";
import { ApiError } from "../../../../src/kernel/errors.ts";
import { discard, Logger } from "../../../../src/kernel/log/logger.ts";
import { CONSOLE_ASSETS } from "../../../../src/services/compute/consoles/assets.ts";
import { type ConsolePagesOptions, consolePages } from "../../../../src/services/compute/consoles/page.ts";
import type { ConsoleTarget } from "../../../../src/services/compute/facade.ts";

const TOKEN = "0d7a8c6e-3c0c-4f41-9a52-2f1b8a0f1c11";
const ROOT = join(import.meta.dirname, "../../../..");
const HOST = "cloud.example:6080";

function pages(type: "novnc" | "serial", changes: Partial<ConsolePagesOptions> = {}) {
  const target: ConsoleTarget = {
    serverId: "5f1c",
    serverName: "vm <1>",
    type,
    endpoint: { kind: "unix", path: "/x" },
  };
  const app = consolePages({
    type,
    resolve: async (token) => (token === TOKEN ? target : null),
    log: new Logger("test", { sink: discard }),
    ...changes,
  });
  return (path: string, headers: Record<string, string> = {}) =>
    app.request(`http://${HOST}${path}`, { headers: { host: HOST, ...headers } });
}

/** Directives of a response's policy, name → sources. */
function policyOf(response: Response): Map<string, string[]> {
  const text = response.headers.get("content-security-policy") ?? "";
  return new Map(
    text.split("; ").map((directive) => {
      const [name = "", ...sources] = directive.split(" ");
      return [name, sources] as const;
    }),
  );
}

const imports = (script: string): string[] =>
  [...script.matchAll(/^\s*(?:import|export)\b[^;"']*["'](\.[^"']+)["']/gm)].map(([, path]) => path ?? "");

for (const [type, names, scripts] of [
  ["novnc", ["/", "/vnc_lite.html", "/vnc_auto.html", "/vnc.html"], 40],
  ["serial", ["/", "/serial.html"], 3],
] as const) {
  test(`${type}: the page and everything it asks for is served, and every script that those import`, async () => {
    const get = pages(type);
    for (const name of names) {
      const response = await get(`${name}?path=%3Ftoken%3D${TOKEN}`);
      assert.equal(response.status, 200, name);
      assert.equal(response.headers.get("content-type"), "text/html; charset=utf-8");
    }
    const page = await (await get("/")).text();
    assert.match(page, /^<!doctype html>/);
    // What clients (tempest among them) know noVNC's page by, before its script names the server.
    if (type === "novnc") assert.match(page, /<html[^>]*>[\s\S]*noVNC[\s\S]*<script[\s\S]*<\/html>/);
    const asked = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => `/${path}`);
    assert.ok(asked.length >= 4);
    const seen = new Set<string>();
    for (let path = asked.pop(); path !== undefined; path = asked.pop()) {
      if (seen.has(path)) continue;
      seen.add(path);
      const response = await get(path);
      assert.equal(response.status, 200, path);
      const kind = response.headers.get("content-type") ?? "";
      const script = /\.m?js$/.test(path);
      const expected = script ? /^text\/javascript/ : path.endsWith(".css") ? /^text\/css/ : /^image\/svg\+xml$/;
      assert.match(kind, expected, path);
      if (!script) continue;
      // noVNC imports modules that its folder has all of; a bare name would need a bundler.
      for (const next of imports(await response.text())) asked.push(posix.join(posix.dirname(path), next));
    }
    assert.ok([...seen].filter((path) => /\.m?js$/.test(path)).length >= scripts, [...seen].join(" "));
  });

  test(`${type}: nothing inline, nothing from elsewhere, and the address is told to nobody`, async () => {
    const get = pages(type);
    const response = await get("/");
    const policy = policyOf(response);
    assert.deepEqual(policy.get("default-src"), ["'none'"]);
    assert.deepEqual(policy.get("script-src"), ["'self'"]);
    assert.deepEqual(policy.get("connect-src"), ["'self'"]);
    assert.deepEqual(policy.get("base-uri"), ["'none'"]);
    const page = await response.text();
    assert.doesNotMatch(page, /<script>|<style|\sstyle=|\son\w+=|https?:/);
    for (const path of ["/", "/console.js", "/nothing", "/console.json"]) {
      const { headers } = await get(path);
      assert.equal(headers.get("referrer-policy"), "no-referrer", path);
      assert.equal(headers.get("x-content-type-options"), "nosniff", path);
      assert.ok(headers.has("content-security-policy"), path);
    }
  });

  test(`${type}: no file beside the pages is served`, async () => {
    const get = pages(type);
    for (const path of [
      "/..%2f..%2fetc/passwd",
      "/%2e%2e/%2e%2e/etc/passwd",
      "/core/..%2fpackage.json",
      "/core/%2e%2e%2fpackage.json",
      "/core/../package.json",
      "/core//etc/passwd",
      "/core/.%2e/package.json",
      "/core",
      "/core/",
      "//etc/passwd",
      "/core/rfb.js%00.css",
      "/core/..\\package.json",
      "/nothing.js",
      "/page.ts",
      "/constructor",
      "/xterm.mjs.map",
    ]) {
      assert.equal((await get(path)).status, 404, path);
    }
  });

  test(`${type}: no path leads to another site`, async () => {
    const get = pages(type);
    for (const host of [
      "//evil.example",
      "/%2fevil.example",
      "/\\evil.example",
      "/%5cevil.example",
      "/.//evil.example",
    ]) {
      for (const rest of [
        "",
        "/",
        "/%2f..",
        "/%2F..%2f",
        "/..",
        "/core",
        "/core/",
        "/vnc_lite.html",
        "%0d%0aLocation:%20/x",
      ]) {
        const { status, headers } = await get(host + rest);
        assert.ok(status === 404 || status === 200, `${host}${rest} → ${status}`);
        for (const name of ["location", "refresh"]) assert.equal(headers.get(name), null);
      }
    }
  });

  test(`${type}: the page learns what its token is for, and why it does not open`, async () => {
    const get = pages(type);
    const ask = (token: string, from = get) => from("/console.json", { "x-console-token": token });
    const ready = await ask(TOKEN);
    assert.equal(ready.status, 200);
    assert.equal(ready.headers.get("cache-control"), "no-store");
    assert.deepEqual(await ready.json(), { state: "ready", server: { id: "5f1c", name: "vm <1>" } });
    for (const token of ["", "x", TOKEN.replace("0", "1")]) {
      const response = await ask(token);
      assert.deepEqual([response.status, await response.json()], [404, { state: "expired" }]);
    }
    // In the address it would be in logs, and pages of other hosts could ask.
    assert.equal((await get(`/console.json?token=${TOKEN}`)).status, 404);

    const failing = (status: number) =>
      pages(type, { resolve: () => Promise.reject(status === 0 ? new Error("x") : new ApiError(status, "x")) });
    assert.deepEqual(await (await ask(TOKEN, failing(409))).json(), { state: "not-running" });
    assert.deepEqual(await (await ask(TOKEN, failing(500))).json(), { state: "unavailable" });
    assert.deepEqual(await (await ask(TOKEN, failing(0))).json(), { state: "unavailable" });
  });
}

test("a token of the other kind opens nothing", async () => {
  const target = { serverId: "s", serverName: "vm1", type: "serial", endpoint: { kind: "unix", path: "/x" } } as const;
  const get = pages("novnc", { resolve: async () => target });
  assert.equal((await get("/console.json", { "x-console-token": TOKEN })).status, 404);
});

test("dashboards of this host, or of one allowed by name, may show the page in a frame", async () => {
  const frames = async (host: string, allowedOrigins?: string[]) =>
    policyOf(await pages("novnc", { ...(allowedOrigins && { allowedOrigins }) })("/", { host })).get("frame-ancestors");
  assert.deepEqual(await frames(HOST), ["'self'", "http://cloud.example:*", "https://cloud.example:*"]);
  assert.deepEqual(await frames(HOST, ["board.example"]), [
    "'self'",
    "http://cloud.example:*",
    "https://cloud.example:*",
    "http://board.example:*",
    "https://board.example:*",
  ]);
  // What a client says cannot add directives.
  for (const host of ["[2001:db8::1]:6080", "a; script-src *", "a b", "'unsafe-inline'"])
    assert.deepEqual(await frames(host), ["'self'"], host);
});

test("a file is sent once to a browser that has it", async () => {
  const get = pages("novnc");
  const first = await get("/vnc.js");
  const etag = first.headers.get("etag") ?? "";
  assert.match(etag, /^"[\w-]{22}"$/);
  assert.equal((await get("/vnc.js", { "if-none-match": etag })).status, 304);
  assert.equal((await get("/console.js", { "if-none-match": etag })).status, 200);
});

test("the list of what the executable must hold covers every file of the pages", () => {
  const covered = (name: string) => CONSOLE_ASSETS.some((asset) => name === asset || name.startsWith(`${asset}/`));
  for (const asset of CONSOLE_ASSETS) assert.ok(existsSync(join(ROOT, asset)), asset);
  const own = globSync("src/services/compute/consoles/web/*", { cwd: ROOT });
  assert.ok(own.length >= 7);
  const source = readFileSync(join(ROOT, "src/services/compute/consoles/assets.ts"), "utf8");
  for (const name of own) {
    assert.ok(covered(name), name);
    // A page nobody can ask for is a mistake.
    assert.ok(source.includes(name.slice(dirname(name).length + 1)), name);
  }
});
