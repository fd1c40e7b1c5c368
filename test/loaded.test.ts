import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { TestDaemon } from "./support/daemon.ts";

const HOOK = join(import.meta.dirname, "support/note-loaded.ts");
/** What a cloud with fake drivers never needs, and what nothing needs before a body is checked. */
const HOST =
  /\/node_modules\/execa\/|\/src\/libvirt\/|\/src\/host\/(?:box|libvirtd|net)\/|\/driver\/l(?:ibvirt|inux)\//;
const SCHEMAS = /\/node_modules\/ajv/;
const OTHER_COMMANDS = /\/src\/cli\/(?:stack|unstack|doctor|status)\.ts|\/src\/bootstrap\/doctor\//;

test("the first answer of a start waits for no file that it has no use for", async (t) => {
  const daemon = new TestDaemon({ node: ["--import", HOOK] });
  t.after(() => daemon.close());
  const list = join(daemon.directory, "loaded");
  process.env.LOADED = list;
  t.after(() => delete process.env.LOADED);
  await daemon.prepare();
  assert.equal(await daemon.end("SIGTERM"), 0);

  writeFileSync(list, "");
  const loaded = (what: RegExp) => [...new Set(readFileSync(list, "utf8").split("\n"))].filter((url) => what.test(url));
  daemon.start();
  await daemon.ready();
  assert.equal((await daemon.request("GET", "/identity/v3")).status, 200);
  assert.notEqual(loaded(/\/src\/services\/compute\/index\.ts$/).length, 0, "what is loaded is written down");
  for (const what of [HOST, SCHEMAS, OTHER_COMMANDS]) assert.deepEqual(loaded(what), []);

  const refused = await daemon.request("POST", "/identity/v3/auth/tokens", { auth: 1 });
  assert.equal(refused.status, 400, "bodies are checked all the same");
  assert.notEqual(loaded(SCHEMAS).length, 0);
  assert.deepEqual(loaded(HOST), []);
});
