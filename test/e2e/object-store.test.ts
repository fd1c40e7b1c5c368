import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Lab, missingForLab } from "../support/lab.ts";

const MIB = 1024 * 1024;
/** Of the large object: OBJECT_MIB=1024 makes it 1 GiB. */
const LARGE = Number(process.env.OBJECT_MIB ?? 64);
const FILES = Number(process.env.OBJECT_FILES ?? 300);
const missing = ["swift", "rclone", "restic"].filter((name) => spawnSync(name, ["--version"]).error !== undefined);
const skip = missingForLab() ?? (missing.length > 0 ? `${missing.join(", ")} not installed (make deps)` : false);

/** The object store and the programs that people use with Swift. */
describe("object storage with its clients", { skip }, () => {
  let lab: Lab;
  let env: Record<string, string>;
  const path = (name: string): string => join(lab.directory, name);
  const md5 = (name: string): string =>
    createHash("md5")
      .update(readFileSync(path(name)))
      .digest("hex");
  const run = (command: string, ...args: string[]) => lab.outside(command, args, { env, patience: 300 });
  const swift = (...args: string[]) => run("swift", ...args);
  before(async () => {
    lab = new Lab("objects", "VIRT_DRIVER=fake\nCLASSIC_PORTS=False");
    await lab.tenrec(["stack"]);
    env = {
      HOME: lab.directory,
      OS_AUTH_URL: `http://${lab.hostAddress}/identity/v3`,
      OS_IDENTITY_API_VERSION: "3",
      OS_USERNAME: "demo",
      OS_PASSWORD: 'it is "$ecret"',
      OS_PROJECT_NAME: "demo",
      OS_USER_DOMAIN_ID: "default",
      OS_PROJECT_DOMAIN_ID: "default",
      OS_USER_DOMAIN_NAME: "Default",
      OS_PROJECT_DOMAIN_NAME: "Default",
      OS_REGION_NAME: "RegionOne",
      RCLONE_CONFIG_SW_TYPE: "swift",
      RCLONE_CONFIG_SW_ENV_AUTH: "true",
      RCLONE_CONFIG_SW_CHUNK_SIZE: "8M",
      RESTIC_PASSWORD: "restic",
    };
  });
  after(async () => {
    await lab.tenrec(["unstack"]);
    lab.close();
  });

  test("the swift client uploads in segments, lists, reads back, and deletes all of it", async () => {
    writeFileSync(path("large"), randomBytes(MIB));
    for (let mib = 1; mib < LARGE; mib += 1) writeFileSync(path("large"), randomBytes(MIB), { flag: "a" });
    await swift(
      "upload",
      "box",
      path("large"),
      "--object-name",
      "large",
      "--segment-size",
      String(8 * MIB),
      "--use-slo",
    );
    const stat = await swift("stat", "box", "large");
    assert.match(stat, new RegExp(`Content Length: ${LARGE * MIB}`));
    assert.match(await swift("list", "box", "--long"), /large/);
    await swift("download", "box", "large", "--output", path("back"));
    assert.equal(md5("back"), md5("large"));
    await swift("delete", "box", "large");
    assert.equal((await swift("list", "box_segments")).trim(), "");
    await swift("post", "box", "-r", ".r:*,.rlistings", "-m", "Web-Listings: true");
    assert.match(await swift("stat", "box"), /Read ACL: \.r:\*,\.rlistings/);
    writeFileSync(path("small"), "hello");
    await swift("upload", "box", path("small"), "--object-name", "small");
    const url = /StorageURL: (\S+)/.exec(await swift("stat", "-v"))?.[1] ?? "";
    assert.equal(await run("curl", "-sS", `${url}/box/small`), "hello");
    await swift("post", "-m", "Temp-URL-Key: k");
    const signed = await swift("tempurl", "GET", "60", `${new URL(url).pathname}/box/small`, "k");
    await swift("post", "box", "-r", "");
    assert.match(await run("curl", "-sS", `${url}/box/small`), /Unauthorized/);
    assert.equal(await run("curl", "-sS", `${new URL(url).origin}${signed.trim()}`), "hello");
    assert.match(await swift("capabilities"), /slo/);
  });

  test("the openstack client makes containers, stores files, shows them, saves them and deletes all", async () => {
    const openstack = (...args: string[]) => lab.openstack("devstack", args);
    const plain = (...args: string[]) => lab.openstack("devstack", args, { plain: true });
    const [made] = await openstack("container", "create", "papers");
    assert.equal(made.container, "papers");
    writeFileSync(path("note"), "a note");
    const [stored] = await openstack("object", "create", "--name", "folder/note ü", "papers", path("note"));
    assert.equal(stored.etag, md5("note"));
    await plain("object", "set", "--property", "colour=blue", "papers", "folder/note ü");
    const shown = await openstack("object", "show", "papers", "folder/note ü");
    assert.equal(shown["content-length"], "6");
    assert.match(JSON.stringify(shown.properties), /blue/);
    const listed = await openstack("object", "list", "papers", "--prefix", "folder/", "--long");
    assert.deepEqual(
      listed.map((each: Record<string, unknown>) => [each.Name, each.Bytes]),
      [["folder/note ü", 6]],
    );
    await plain("object", "save", "--file", path("note-back"), "papers", "folder/note ü");
    assert.equal(md5("note-back"), md5("note"));
    assert.equal((await openstack("container", "show", "papers")).object_count, "1");
    // "box" and its segments are there, too.
    assert.equal((await openstack("object", "store", "account", "show")).Containers, "3");
    await plain("container", "delete", "--recursive", "papers");
    assert.doesNotMatch(JSON.stringify(await openstack("container", "list")), /papers/);
  });

  test(`rclone syncs ${FILES} files both ways and finds them the same, with their times`, async () => {
    mkdirSync(path("tree/a dir/ünder"), { recursive: true });
    for (let index = 0; index < FILES; index += 1) {
      const name = path(`tree/${index % 3 === 0 ? "a dir/ünder/" : ""}f${index}`);
      writeFileSync(name, randomBytes(index * 7));
      utimesSync(name, 1_600_000_000 + index, 1_600_000_000.25 + index);
    }
    writeFileSync(path("tree/big"), randomBytes(20 * MIB));
    await run("rclone", "sync", path("tree"), "sw:tree");
    await run("rclone", "check", path("tree"), "sw:tree");
    await run("rclone", "sync", "sw:tree", path("tree2"));
    await run("rclone", "check", path("tree"), path("tree2"));
    const again = await run(
      "rclone",
      "sync",
      path("tree"),
      "sw:tree",
      "--dry-run",
      "-v",
      "--log-file",
      path("again.log"),
    );
    assert.equal(again, "");
    assert.doesNotMatch(readFileSync(path("again.log"), "utf8"), /Skipped (?:copy|delete|update)/);
    await run("rclone", "purge", "sw:tree");
  });

  test("restic backs up, checks, restores, forgets and prunes", async () => {
    const restic = (...args: string[]) => run("restic", "-r", "swift:backups:/", ...args);
    await restic("init");
    await restic("backup", path("tree2"));
    await restic("check", "--read-data");
    await restic("restore", "latest", "--target", path("restored"));
    writeFileSync(path("tree2/more"), "more");
    await restic("backup", path("tree2"));
    await restic("forget", "--keep-last", "1", "--prune");
    assert.match(await restic("check"), /no errors were found/);
    await run("rclone", "check", join(path("restored"), path("tree")).replace(/tree$/, "tree2"), path("tree"));
  });
});
