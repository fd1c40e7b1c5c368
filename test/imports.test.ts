import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
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
        "dashboard/server/assets.ts",
      );
    case "dashboard":
      // Pages know the cloud by its APIs; what serves them by the kernel, and services by their APIs, too.
      return service === "ui" ? inside("dashboard/ui") : inside("dashboard/server", "kernel");
    default:
      // main.ts, app.ts and what they are split into put everything together.
      return !from.includes("/");
  }
}

/**
 * The layers inside a service: which folders of it each may use, besides the kernel and the tables of data beside them. Types cross layers
 * freely, but for those of HTTP: what a manager takes and answers is its own to say.
 */
const LAYERS: Readonly<Record<string, readonly string[]>> = {
  routes: ["routes", "schemas", "views", "manager", "values"],
  fronts: ["fronts", "schemas", "values"],
  schemas: ["schemas", "values"],
  views: ["views", "values"],
  manager: ["manager", "store", "driver", "desired", "values"],
  desired: ["desired", "values"],
  store: ["store", "values"],
  driver: ["driver", "values"],
};
/** Tables of data that a layer may use; which of them hold a service's state or say its errors is the manager's and the API's matter. */
const TABLES: Readonly<Record<string, readonly string[]>> = {
  routes: ["errors.ts", "states.ts", "policies.ts"],
  schemas: ["errors.ts", "states.ts"],
  views: ["states.ts"],
  manager: ["errors.ts", "states.ts", "events.ts", "quotas.ts", "facade.ts"],
};
/** What a service has that no other has: parts of it with inner layers of their own, which its managers put to use. */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  image: ["data", "download", "inspect", "seed-urls.ts", "standard-metadefs"],
  network: ["private-subnet.ts"],
  "object-store": ["data"],
  orchestration: ["language", "resource-types"],
  compute: ["consoles", "metadata", "scheduler"],
};

function inServices(
  from: string,
  to: string,
  service: string,
  typeOnly: boolean,
  inside: (...folders: string[]) => boolean,
): boolean {
  const own = `services/${service}`;
  const layer = from.split("/")[2] ?? "";
  const facade = /^services\/[^/]+\/facade\.ts$/.test(to);
  // What a facade answers has to have a name wherever it is passed on: old proxies show another service's things.
  if (typeOnly && facade) return true;
  // Managers never see HTTP, not even its types.
  if (layer === "manager" && inside(...["routes", "views", "schemas"].map((folder) => `${own}/${folder}`)))
    return false;
  if (typeOnly && inside(own)) return true;
  if (layer === "store") return inside(`${own}/store`, `${own}/values`, "kernel/db") || (typeOnly && inside("kernel"));
  // A driver is where a service meets the host: instances are injected, but it may use the host's and libvirt's pure helpers.
  if (layer === "driver" && inside("host", "libvirt")) return true;
  if (inside("host")) return typeOnly && layer !== "routes" && layer !== "fronts";
  if (inside("kernel")) return true;
  const folders = LAYERS[layer];
  if (folders === undefined) return inside(own) || facade;
  const parts = layer === "manager" ? (PARTS[service] ?? []) : [];
  if (inside(...[...folders, ...parts, ...(TABLES[layer] ?? [])].map((name) => `${own}/${name}`))) return true;
  return facade && layer !== "routes" && layer !== "fronts";
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

const files = globSync("**/*.{ts,tsx}", { cwd: SRC });

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

const WRITES = "\\.(?:\\w+\\.)*(?:insert|put|(?:update|delete|add|remove|set|unset|grant|revoke)\\w*)\\(";
/** A write of a table by way of the service's store; a manager's methods are called on the manager. */
const STORE_WRITE = new RegExp(`\\bstore\\.\\w+${WRITES}`);

/** The same of stores that a service's Core has beside each other: core.types.update(…), and const { groups } = core. */
function writesOfCore(service: string, text: string): string[] {
  const core = join(SRC, `services/${service}/manager/core.ts`);
  if (!existsSync(core)) return [];
  const stores = [...readFileSync(core, "utf8").matchAll(/^\s+readonly (\w+): (?:\w+Store|Table<.*);$/gm)].map(
    ([, name = ""]) => name,
  );
  const taken = [...text.matchAll(/\{([\w, ]+)\} = (?:\w+\.)?core;/g)].flatMap(([, names = ""]) => names.split(/, */));
  return stores.filter((name) => {
    const reached = taken.some((one) => one.trim() === name) ? `\\b(?:core\\.)?${name}` : `\\bcore\\.${name}`;
    return new RegExp(reached + WRITES).test(text);
  });
}

test("routes open no transaction and write no store: what changes together is a manager's to say", () => {
  const routes = files.filter((file) => /^services\/[^/]+\/(?:routes|fronts)\//.test(file));
  assert.ok(routes.length > 30, "the routes were found");
  const broken = routes.filter((file) => {
    const text = readFileSync(join(SRC, file), "utf8");
    const [, service = ""] = file.split("/");
    return /\.transaction\(/.test(text) || STORE_WRITE.test(text) || writesOfCore(service, text).length > 0;
  });
  assert.deepEqual(broken, []);
  assert.deepEqual(writesOfCore("compute", "const { groups, kernel } = core;\ngroups.delete(id)"), ["groups"]);
  assert.deepEqual(writesOfCore("block-storage", "core.types.defaults.put(it); types.delete(id)"), ["types"]);
  assert.match("store.memberships.addTag(id, tag)", STORE_WRITE, "the rule bites");
});

const SQL =
  /\bdb\s*\.prepare\(|\bSELECT\b|\b(?:DELETE FROM|INSERT INTO)\b|\bUPDATE \w+ SET\b|\.(?:select|count)\(\s*[`"]|\bcondition\(|\bsql:/;

test("the text of SQL is in stores and migrations", () => {
  const elsewhere = files.filter((file) => {
    if (!/^services\//.test(file) || /^services\/[^/]+\/(?:store|migrations)\//.test(file)) return false;
    return SQL.test(readFileSync(join(SRC, file), "utf8"));
  });
  assert.deepEqual(elsewhere, []);
  assert.match('condition("owner = ?", own)', SQL, "the rule bites");
  assert.match(`store.ports.select(\n  "network_id = ?"`, SQL, "the rule bites");
});

test("libvirt/ could be published alone: it imports nothing but node: and itself", () => {
  for (const file of files.filter((name) => name.startsWith("libvirt/"))) {
    const text = readFileSync(join(SRC, file), "utf8");
    for (const [, name = ""] of text.matchAll(/from "([^."][^"]*)"/g))
      assert.match(name, /^node:/, `${file} imports ${name}`);
  }
});

/** What a service's folder consists of. */
const REQUIRED = ["index.ts", "service.ts", "facade.ts", "manager", "routes", "store"];
/** And of one with several resources; a single one has its schema, its body and its errors beside what uses them. */
const OF_SEVERAL = ["errors.ts", "policies.ts", "schemas", "views"];
const OPTIONAL = [
  "desired",
  "driver",
  "events.ts",
  "examine.ts",
  "fronts",
  "migrations",
  "quotas.ts",
  "reconcile.ts",
  "seed.ts",
  "states.ts",
  "values",
];

/** What it declares of itself, in several files where there is much. */
const DECLARED = /^(?:settings|variables)(?:-[a-z0-9]+)?\.ts$/;

test("every service has the same inner shape, with the same names for the same things", () => {
  const services = new Map<string, Set<string>>();
  const folders = new Map<string, Set<string>>();
  for (const file of files) {
    const [area, service = "", part = "", ...rest] = file.split("/");
    if (area !== "services") continue;
    services.set(service, (services.get(service) ?? new Set()).add(part));
    if (rest.length > 0)
      folders.set(`${service}/${part}`, (folders.get(`${service}/${part}`) ?? new Set()).add(rest[0] ?? ""));
  }
  assert.ok(services.size >= 7, "the services were found");
  const broken: string[] = [];
  for (const [service, parts] of services) {
    const required = [...REQUIRED, ...((folders.get(`${service}/routes`)?.size ?? 0) > 1 ? OF_SEVERAL : [])];
    const known = [...REQUIRED, ...OF_SEVERAL, ...OPTIONAL, ...(PARTS[service] ?? [])];
    const isKnown = (part: string) => known.includes(part) || DECLARED.test(part);
    broken.push(...required.filter((part) => !parts.has(part)).map((part) => `${service} has no ${part}`));
    broken.push(...[...parts].filter((part) => !isKnown(part)).map((part) => `${service} has ${part}`));
    // What consists of several is put together in one place, under one name.
    const several = (folder: string) =>
      [...(folders.get(`${service}/${folder}`) ?? [])].filter((name) => name !== "index.ts");
    if (several("routes").length > 1 && !folders.get(`${service}/routes`)?.has("index.ts"))
      broken.push(`${service} has no routes/index.ts`);
    if (folders.get(`${service}/manager`)?.has("core.ts"))
      for (const name of ["index.ts", "facade.ts"])
        if (!folders.get(`${service}/manager`)?.has(name)) broken.push(`${service} has no manager/${name}`);
  }
  assert.deepEqual(broken, []);
});

test("no file is a drawer: what is in it gives it its name", () => {
  const drawers = files.filter((file) => /(?:^|\/)(?:misc|utils?|helpers?|common|shared|all|base)\.ts$/.test(file));
  assert.deepEqual(drawers, []);
});

test("the rules bite: a store that reaches for a manager would be found", () => {
  assert.equal(allowed("services/image/store/images.ts", "services/image/manager/images.ts", false), false);
  assert.equal(allowed("kernel/db/database.ts", "services/image/index.ts", false), false);
  assert.equal(allowed("services/image/manager/images.ts", "services/compute/manager/servers.ts", false), false);
  assert.equal(allowed("services/image/manager/images.ts", "services/compute/facade.ts", false), true);
  assert.equal(allowed("services/compute/routes/volumes.ts", "services/block-storage/facade.ts", false), false);
  assert.equal(allowed("services/compute/routes/volumes.ts", "host/exec.ts", true), false);
  assert.equal(allowed("services/compute/fronts/ec2.ts", "host/exec.ts", true), false);
  assert.equal(allowed("services/compute/fronts/ec2.ts", "services/compute/manager/servers.ts", false), false);
  assert.equal(allowed("services/compute/routes/volumes.ts", "services/block-storage/facade.ts", true), true);
  assert.equal(allowed("services/compute/routes/volumes.ts", "services/block-storage/views/volumes.ts", true), false);
  assert.equal(allowed("services/network/manager/ports.ts", "services/network/views/ports.ts", false), false);
  assert.equal(allowed("services/network/manager/ports.ts", "services/network/schemas/attribute.ts", true), false);
  assert.equal(allowed("services/network/views/ports.ts", "services/network/manager/core.ts", false), false);
  assert.equal(allowed("services/network/desired/render.ts", "services/network/manager/core.ts", false), false);
});
