import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

const SRC = resolve(import.meta.dirname, "../src");

/** What may import what; the table of docs/architecture.md. `type` allows `import type` only. */
function allowed(from: string, to: string, typeOnly: boolean): boolean {
  const [area = "", service = ""] = from.split("/");
  const inside = (...folders: string[]) => folders.some((folder) => to === folder || to.startsWith(`${folder}/`));
  switch (area) {
    case "kernel":
      return inside("kernel");
    case "libvirt":
      return inside("libvirt");
    case "host":
      return inside("host", "kernel", "libvirt");
    case "services":
      return inServices(from, to, service, typeOnly, inside);
    case "compat":
      return inside("compat", "kernel") || /^services\/[^/]+\/facade\.ts$/.test(to);
    case "bootstrap":
      // services.ts and settings.ts: what services declare; their code is loaded by who runs them.
      return inside("bootstrap", "kernel", "host", "control", "version.ts", "services.ts", "settings.ts");
    case "control":
      return inside("control", "kernel");
    case "cli":
      return inside("cli", "kernel", "bootstrap", "control", "main.ts", "version.ts");
    case "binary":
      return inside(
        "binary",
        "cli",
        "kernel/program",
        "version.ts",
        "host/net/listen-helper.ts",
        "services/compute/consoles/assets.ts",
      );
    case "dashboard":
      return inside("dashboard", "kernel/http", "kernel/log");
    default:
      // main.ts, app.ts and what they are split into put everything together.
      return !from.includes("/");
  }
}

function inServices(
  from: string,
  to: string,
  service: string,
  typeOnly: boolean,
  inside: (...folders: string[]) => boolean,
): boolean {
  const own = `services/${service}`;
  const driver = from.startsWith(`${own}/driver/`);
  const facade = /^services\/[^/]+\/facade\.ts$/.test(to);
  // What a facade answers has to have a name wherever it is passed on: old proxies show another service's things.
  if (typeOnly && facade) return true;
  if (from.startsWith(`${own}/store/`))
    return inside(`${own}/store`, "kernel/db") || (typeOnly && inside(own, "kernel"));
  // A dialect reaches its service by records.
  if (from.startsWith(`${own}/fronts/`)) return inside("kernel", `${own}/fronts`) || (typeOnly && inside(own));
  if (from.startsWith(`${own}/routes/`)) {
    return (
      inside("kernel", `${own}/routes`, `${own}/schemas`, `${own}/views`, `${own}/manager`, `${own}/policies.ts`) ||
      (typeOnly && inside(own)) ||
      inside(`${own}/errors.ts`, `${own}/states.ts`)
    );
  }
  // A driver is where a service meets the host: instances are injected, but it may use the host's and libvirt's pure helpers.
  if (driver && inside("host", "libvirt")) return true;
  if (inside("host")) return typeOnly;
  return inside("kernel", own) || facade;
}

const IMPORT =
  /^\s*(?:import|export)\s+(type\s)?[^;]*?from\s+"(\.[^"]+)"|^\s*import\s+"(\.[^"]+)"|import\("(\.[^"]+)"\)/gm;

function importsOf(file: string): { to: string; typeOnly: boolean }[] {
  const text = readFileSync(join(SRC, file), "utf8");
  return [...text.matchAll(IMPORT)].map((match) => ({
    to: relative(SRC, resolve(SRC, dirname(file), match[2] ?? match[3] ?? match[4] ?? "")),
    typeOnly: match[1] !== undefined,
  }));
}

const files = globSync("**/*.ts", { cwd: SRC });

test("every import obeys the table of docs/architecture.md", () => {
  assert.ok(files.length > 30, "the sources were found");
  const broken = files.flatMap((file) =>
    importsOf(file)
      .filter(({ to, typeOnly }) => !allowed(file, to, typeOnly))
      .map(({ to }) => `${file} imports ${to}`),
  );
  assert.deepEqual(broken, []);
});

test("only host/ and libvirt/ run commands or open sockets to the host", () => {
  const broken = files.filter((file) => {
    // binary/build.ts makes the executable; it is not part of it.
    if (file.startsWith("host/") || file === "binary/build.ts") return false;
    const text = readFileSync(join(SRC, file), "utf8");
    return /from "(node:child_process|execa)"/.test(text);
  });
  assert.deepEqual(broken, []);
});

/** A write of a table by way of the service's store; a manager's methods are called on the manager. */
const STORE_WRITE = /\bstore\.\w+\.(?:insert|update|delete|deleteWhere|(?:add|remove|set)\w*)\(/;

test("routes open no transaction and write no store: what changes together is a manager's to say", () => {
  const routes = files.filter((file) => /^services\/[^/]+\/(?:routes|fronts)\//.test(file));
  assert.ok(routes.length > 30, "the routes were found");
  const broken = routes.filter((file) => {
    const text = readFileSync(join(SRC, file), "utf8");
    return /\.transaction\(/.test(text) || STORE_WRITE.test(text);
  });
  assert.deepEqual(broken, []);
  assert.match("store.memberships.addTag(id, tag)", STORE_WRITE, "the rule bites");
});

test("libvirt/ could be published alone: it imports nothing but node: and itself", () => {
  for (const file of files.filter((name) => name.startsWith("libvirt/"))) {
    const text = readFileSync(join(SRC, file), "utf8");
    for (const [, name = ""] of text.matchAll(/from "([^."][^"]*)"/g))
      assert.match(name, /^node:/, `${file} imports ${name}`);
  }
});

test("the rules bite: a store that reaches for a manager would be found", () => {
  assert.equal(allowed("services/image/store/images.ts", "services/image/manager/images.ts", false), false);
  assert.equal(allowed("kernel/db/database.ts", "services/image/index.ts", false), false);
  assert.equal(allowed("services/image/manager/images.ts", "services/compute/manager/servers.ts", false), false);
  assert.equal(allowed("services/image/manager/images.ts", "services/compute/facade.ts", false), true);
  assert.equal(allowed("services/compute/routes/volumes.ts", "services/block-storage/facade.ts", false), false);
  assert.equal(allowed("services/compute/fronts/ec2.ts", "services/compute/manager/servers.ts", false), false);
  assert.equal(allowed("services/compute/routes/volumes.ts", "services/block-storage/facade.ts", true), true);
  assert.equal(allowed("services/compute/routes/volumes.ts", "services/block-storage/views/volumes.ts", true), false);
});
