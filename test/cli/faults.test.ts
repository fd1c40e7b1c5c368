import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { type SmallDisk, smallDisk, whyNoSmallDisk } from "../support/small-disk.ts";

const MAIN = join(import.meta.dirname, "../../src/cli/main.ts");
const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

/** stack is told to work where it cannot: it says what is wrong and leaves everything as it was. */
describe("stack where it cannot work", () => {
  let directory: string;
  let disk: SmallDisk | null = null;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "tenrec-faults-"));
    chmodSync(directory, 0o755);
  });
  afterEach(() => {
    disk?.close();
    disk = null;
    rmSync(directory, { recursive: true, force: true });
  });

  function stack(localrc: Record<string, string>, options: { uid?: number; mode?: number } = {}) {
    const file = join(directory, "local.conf");
    const place = disk?.directory ?? directory;
    const values = { DEST: `${place}/dest`, DATA_DIR: `${place}/data`, LOGDIR: `${place}/logs`, VIRT_DRIVER: "fake" };
    const given = { ...values, HOST_IP: "127.0.0.1", ADMIN_PASSWORD: "x", IMAGE_URLS: "", ...localrc };
    const lines = Object.entries(given).map(([name, value]) => `${name}=${value}`);
    writeFileSync(file, `[[local|localrc]]\n${lines.join("\n")}\n`, { mode: options.mode ?? 0o644 });
    const args = ["--disable-warning=ExperimentalWarning", MAIN, "stack", "-c", file];
    const [command, words] = disk?.inside(process.execPath, args) ?? [process.execPath, args];
    const who = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid };
    const result = spawnSync(command, words, { encoding: "utf8", timeout: 60_000, ...who });
    return { code: result.status, said: result.stdout + result.stderr };
  }
  const left = () =>
    readdirSync(disk?.outside ?? directory).filter((name) => name !== "local.conf" && name !== "ballast");

  test("as a user who may not write there", { skip: isRoot ? false : "needs root, to be somebody else" }, () => {
    const { code, said } = stack({}, { uid: NOBODY });
    assert.equal(code, 1);
    assert.match(said, /^tenrec: this user may not write \S+; run it with sudo, or DATA_DIR/m);
    assert.deepEqual(left(), []);
  });

  test("as a user who may not read local.conf", { skip: isRoot ? false : "needs root, to be somebody else" }, () => {
    const { code, said } = stack({}, { uid: NOBODY, mode: 0o600 });
    assert.equal(code, 1);
    assert.match(said, /local\.conf: may not be read by this user/);
    assert.deepEqual(left(), []);
  });

  test("with the address of another machine", () => {
    const { code, said } = stack({ HOST_IP: "203.0.113.7" });
    assert.equal(code, 1);
    assert.match(said, /HOST_IP 203\.0\.113\.7 is no address of this machine[\s\S]*HOST_IP_FORWARDED=True/);
    assert.deepEqual(left(), []);
  });

  test("with real guests, but without root", { skip: isRoot ? false : "needs root, to be somebody else" }, () => {
    chmodSync(directory, 0o777);
    const { code, said } = stack({ VIRT_DRIVER: "libvirt" }, { uid: NOBODY });
    assert.equal(code, 1);
    assert.match(said, /needs root|sudo/);
    assert.equal(existsSync(join(directory, "data/tenrec.db")), false);
  });

  test("on a file system that is mounted read-only", { skip: whyNoSmallDisk() ?? false }, () => {
    disk = smallDisk(4);
    const [file, args] = disk.inside("mount", ["-o", "remount,ro", disk.directory]);
    execFileSync(file, args);
    const { code, said } = stack({});
    assert.equal(code, 1);
    assert.match(said, /^tenrec: \S+ cannot be made: its file system is mounted read-only; DATA_DIR/m);
    assert.deepEqual(left(), []);
  });

  test("where another program has the port: one line, no stack", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => void taken.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = taken.address() as AddressInfo;
      const { code, said } = stack({
        SERVICE_LISTEN_ADDRESS: "127.0.0.1",
        API_PORT: String(port),
        CLASSIC_PORTS: "False",
      });
      assert.equal(code, 1);
      assert.match(said, new RegExp(`tenrec: port ${port} is taken by another program`));
      assert.doesNotMatch(said, /^ +at /m);
    } finally {
      taken.close();
    }
  });

  test("on a disk that is full", { skip: whyNoSmallDisk() ?? false }, () => {
    disk = smallDisk(4);
    disk.fill();
    const { code, said } = stack({});
    assert.equal(code, 1);
    assert.match(said, /no space (is )?left|disk is full/);
    assert.equal(existsSync(join(disk.outside, "data/tenrec.db")), false);
  });
});

test("logs wants a number of lines", () => {
  for (const lines of ["x", "-1", "1e3", "99999999999"]) {
    const args = ["--disable-warning=ExperimentalWarning", MAIN, "logs", "-n", lines];
    const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 });
    assert.equal(status, 1, lines);
    assert.match(stderr, /option '-n, --lines <count>' argument .* is invalid. a number from 0 to 1000000/);
  }
});
