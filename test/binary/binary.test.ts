import assert from "node:assert/strict";
import { execFile, execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { listenInNamespace } from "../../src/host/net/listen.ts";
import { VERSION } from "../../src/version.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const run = promisify(execFile);
const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const needsRoot = process.getuid?.() === 0 ? false : "needs root (chroot)";

/** In place of the real guest image, which takes long to build; one compresses well, one does not at all. */
const IMAGES: Record<string, Buffer> = {
  "tenrec-guest-x86_64.qcow2": Buffer.from(Array.from({ length: 200_000 }, (_, n) => (n * n * 31) >> 7)),
  "tenrec-guest-x86_64-vmlinuz": Buffer.from("kernel"),
  "tenrec-guest-x86_64-initrd": Buffer.from("initrd"),
  "tenrec-guest-x86_64-root.img": Buffer.alloc(3_000_000, "root"),
  "tenrec-guest-x86_64.manifest": Buffer.from("recipe 0\n"),
};

describe("the single executable", () => {
  let directory: string;
  let checkout: string;
  let tenrec: string;
  /** A root directory that has Node's shared libraries, this executable, and nothing else. */
  let bare: string;

  const build = (root: string, output: string) => {
    const script = join(root, "src/binary/build.ts");
    const words = [script, "--output", output, "--images", join(directory, "images")];
    return run(process.execPath, ["--disable-warning=ExperimentalWarning", ...words], { cwd: directory });
  };
  const inBareRoot = async (args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> => {
    const words = [`--root=${bare}`, "--mount", "--mount-proc=/proc", "/tenrec", ...args];
    const { stdout } = await run("unshare", words, { env: { HOME: "/", ...env }, timeout: 600_000 });
    return String(stdout);
  };

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), "tenrec-binary-"));
    mkdirSync(join(directory, "images"));
    checkout = join(directory, "checkout");
    for (const [name, bytes] of Object.entries(IMAGES)) writeFileSync(join(directory, "images", name), bytes);
    tenrec = join(directory, "dist/tenrec");
    // A copy: somebody may work on the sources meanwhile.
    for (const part of ["src", "images", "package.json", "tsconfig.json", "LICENSE"])
      cpSync(join(ROOT, part), join(checkout, part), { recursive: true });
    symlinkSync(join(ROOT, "node_modules"), join(checkout, "node_modules"));
    await build(checkout, tenrec);
    bare = join(directory, "bare");
    for (const folder of ["proc", "tmp", "etc", "dev"]) mkdirSync(join(bare, folder), { recursive: true });
    for (const [library] of execFileSync("ldd", [process.execPath], { encoding: "utf8" }).matchAll(/\/\S+/g)) {
      mkdirSync(join(bare, dirname(library)), { recursive: true });
      copyFileSync(library, join(bare, library));
    }
    if (!needsRoot) execFileSync("mknod", ["-m", "666", join(bare, "dev/null"), "c", "1", "3"]);
    copyFileSync(tenrec, join(bare, "tenrec"));
  });
  after(() => rmSync(directory, { recursive: true, force: true }));

  test("is the same, byte by byte, when another checkout of the same sources is built", async () => {
    const elsewhere = join(directory, "some/where/else");
    cpSync(checkout, elsewhere, { recursive: true, verbatimSymlinks: true });
    const second = join(directory, "second/tenrec");
    await build(elsewhere, second);
    assert.equal(sha256(readFileSync(second)), sha256(readFileSync(tenrec)));
  });

  test("holds no path of the checkout it was built from", () => {
    assert.equal(readFileSync(tenrec).includes(directory), false);
  });

  test("says its version and its contents, as they went in", async () => {
    assert.equal((await run(tenrec, ["--version"])).stdout.trim(), VERSION);
    const { version, checkout, assets, packages } = JSON.parse((await run(tenrec, ["version", "--json"])).stdout);
    assert.equal(version, VERSION);
    assert.equal(checkout, null);
    const listed = new Map(
      assets.map(({ name, sha256, bytes }: { name: string; sha256: string; bytes: number }) => [name, [sha256, bytes]]),
    );
    for (const [name, bytes] of Object.entries(IMAGES))
      assert.deepEqual(listed.get(`images/${name}`), [sha256(bytes), bytes.length], name);
    const catalogue = readFileSync(join(ROOT, "images/catalogue.json"));
    assert.deepEqual(listed.get("images/catalogue.json"), [sha256(catalogue), catalogue.length]);
    assert.ok(packages.some(({ name }: { name: string }) => name === "hono"));
    const { stdout } = await run(tenrec, ["version", "--contents", "--licences"]);
    assert.match(stdout, /better_sqlite3\.node/);
    assert.match(stdout, /Apache License/);
  });

  test("stacks and unstacks where there is no Node, no package and no shell", { skip: needsRoot }, async () => {
    const port = await freePort();
    const lines = ["VIRT_DRIVER=fake", "CLASSIC_PORTS=False", "HOST_IP=127.0.0.1", `API_PORT=${port}`];
    writeFileSync(join(bare, "local.conf"), `[[local|localrc]]\nADMIN_PASSWORD=secret\n${lines.join("\n")}\n`);
    const unstack = () => inBareRoot(["unstack", "-c", "/local.conf"]);
    try {
      assert.match(await inBareRoot(["stack", "-c", "/local.conf"]), /The default users are: admin and demo/);
      for (const [name, bytes] of Object.entries(IMAGES))
        assert.ok(readFileSync(join(bare, "var/cache/tenrec/images", name)).equals(bytes), name);
      const answer = await fetch(`http://127.0.0.1:${port}/identity/v3`);
      assert.equal(answer.status, 200);
      const exports = await inBareRoot(["openrc", "admin", "admin", "-c", "/local.conf"]);
      assert.match(exports, new RegExp(`OS_AUTH_URL='?http://127\\.0\\.0\\.1:${port}/identity`));
    } finally {
      await unstack();
    }
    await assert.rejects(fetch(`http://127.0.0.1:${port}/identity/v3`));
  });

  test("loads its database code wherever a file may be executed, and leaves none behind", {
    skip: needsRoot,
  }, async () => {
    // A dry run opens the ledger. Without a directory for temporary files there is still the executable's own.
    const conf = "[[local|localrc]]\nADMIN_PASSWORD=secret\nDEST=/dry\nHOST_IP=127.0.0.1\n";
    writeFileSync(join(bare, "dry.conf"), conf);
    const files = () => execFileSync("find", [bare, "-xdev"], { encoding: "utf8" });
    const before = files();
    for (const TMPDIR of ["/tmp", "/nowhere"])
      assert.match(await inBareRoot(["stack", "--dry-run", "-c", "/dry.conf"], { TMPDIR }), /Start libvirtd/);
    assert.equal(files(), before);
  });

  test("is its own helper for sockets in other namespaces", { skip: needsRoot }, async () => {
    const server = await listenInNamespace("/proc/self/ns/net", "127.0.0.1", 0, [tenrec, "listen-helper"]);
    try {
      const address = server.address();
      assert.ok(address !== null && typeof address === "object" && address.port > 0);
    } finally {
      server.close();
    }
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  assert.ok(address !== null && typeof address === "object");
  return address.port;
}
