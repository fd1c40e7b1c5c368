import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Json } from "../../support/json.ts";

const ROOT = join(import.meta.dirname, "../../..");
const TEMPLATE = join(ROOT, "src/services/template");
const MOST_FILES = 6;
const MOST_LINES = 150;

/** Lines of code: neither blank nor comment; `its` false: those of the dialect, which is counted apart. */
function linesOf(file: string): { own: number; dialect: number } {
  const lines = readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => !/^\s*(?:$|\/\/|\/\*\*|\*)/.test(line));
  if (file.includes("/fronts/")) return { own: 0, dialect: lines.length };
  const dialect = lines.filter((line) => /textFront|textRoutes/.test(line)).length;
  return { own: lines.length - dialect, dialect };
}

const counted = () => {
  const files = globSync("**/*.ts", { cwd: TEMPLATE }).map((name) => join(TEMPLATE, name));
  const lines = files.map(linesOf);
  const sum = (part: "own" | "dialect") => lines.reduce((total, one) => total + one[part], 0);
  return {
    files: files.filter((file) => !file.includes("/fronts/")).length,
    lines: sum("own"),
    dialect: sum("dialect"),
  };
};

test("a new service is few files and lines, as docs/architecture.md says", () => {
  const { files, lines, dialect } = counted();
  assert.ok(files <= MOST_FILES && lines <= MOST_LINES, JSON.stringify({ files, lines }));
  const docs = readFileSync(join(ROOT, "docs/architecture.md"), "utf8").replaceAll(/\s+/g, " ");
  const said = `${files} files with ${lines} lines of code, and one line in \`src/service-list.ts\`; its second dialect is ${dialect} more`;
  assert.ok(docs.includes(said), `docs/architecture.md does not say: ${said}`);
});

/** The sources with the template copied under another name, and the one line. */
describe("the template under another name", () => {
  let copy: string;
  before(() => {
    mkdirSync(join(ROOT, ".build"), { recursive: true });
    copy = mkdtempSync(join(ROOT, ".build/template-"));
    for (const name of ["src", "test/support", "tsconfig.json", "package.json"])
      cpSync(join(ROOT, name), join(copy, name), { recursive: true });
    const renamed = (text: string) =>
      text
        .replaceAll(/template/g, "library")
        .replaceAll(/Template/g, "Library")
        .replaceAll(/note/g, "book")
        .replaceAll(/Note/g, "Book");
    for (const name of globSync("**/*.ts", { cwd: TEMPLATE })) {
      const file = join(copy, "src/services/library", renamed(name));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, renamed(readFileSync(join(TEMPLATE, name), "utf8")));
    }
    appendFileSync(join(copy, "src/service-list.ts"), 'export * as library from "./services/library/service.ts";\n');
    // What it was copied from is in nobody's way.
    renameSync(join(copy, "src/services/template"), join(copy, "template"));
  });
  after(() => rmSync(copy, { recursive: true, force: true }));

  test("has the right types", () => {
    const options = { cwd: copy, encoding: "utf8" } as const;
    const config = join(copy, "tsconfig.src.json");
    writeFileSync(config, JSON.stringify({ extends: "./tsconfig.json", include: ["src/**/*.ts"] }));
    try {
      execFileSync(
        process.execPath,
        [join(ROOT, "node_modules/typescript/bin/tsc"), "--noEmit", "-p", config],
        options,
      );
    } catch (error) {
      assert.fail((error as { stdout: string }).stdout);
    }
  });

  test("is a service of the cloud: make, list, show, quota, isolation", async (t) => {
    const load = async <Module>(path: string) => (await import(join(copy, path))) as Module;
    const { testCloud, identityStub } = await load<typeof import("../../support/cloud.ts")>("test/support/cloud.ts");
    const { testSettings } = await load<typeof import("../../support/settings.ts")>("test/support/settings.ts");
    const { createServices } = await load<typeof import("../../../src/services.ts")>("src/services.ts");
    const { discard, Logger } =
      await load<typeof import("../../../src/kernel/log/logger.ts")>("src/kernel/log/logger.ts");
    const settings = testSettings({}, { DATA_DIR: copy });
    assert.ok((settings.services as readonly string[]).includes("library"), "it is there by its one line");
    const services = await createServices({ settings, log: new Logger("test", { sink: discard }), ready: null });
    const cloud = await testCloud([identityStub(), ...services.filter(({ name }) => name === "library")], { settings });
    t.after(() => cloud.close());
    const ask = (method: string, path: string, token: string, body?: Json) =>
      cloud.request(method, `/library/v1${path}`, { token, ...(body === undefined ? {} : { body }) });
    const create = (token: string, name: string) => ask("POST", "/books", token, { book: { name } });

    const made = await create("member:alpha", "one");
    assert.equal(made.status, 202, JSON.stringify(made.body));
    await cloud.cloud.kernel.operations.idle();
    const path = `/books/${made.body.book.id}`;
    assert.equal((await ask("GET", path, "reader:alpha")).body.book.status, "ACTIVE");
    const names = async (token: string) => (await ask("GET", "/books", token)).body.books.map((one: Json) => one.name);
    assert.deepEqual([await names("reader:alpha"), await names("reader:beta")], [["one"], []]);
    assert.equal((await ask("GET", path, "admin:beta")).status, 200);
    const hidden = await ask("GET", path, "member:beta");
    assert.deepEqual([hidden.status, hidden.body.itemNotFound?.code], [404, 404]);
    assert.equal((await create("reader:alpha", "two")).status, 403);
    assert.equal((await create("member:alpha", "")).status, 400);
    const statuses = [];
    for (let n = 0; n < 11; n += 1) statuses.push((await create("member:gamma", "n")).status);
    assert.deepEqual(statuses, [...Array<number>(10).fill(202), 403]);
    const lines = await cloud.request("GET", "/library-text/books", {
      headers: { authorization: "Bearer member:alpha" },
    });
    assert.equal(lines.body, "one\tACTIVE\n");
  });
});
