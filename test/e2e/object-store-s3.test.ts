import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Lab, missingForLab } from "../support/lab.ts";

const MIB = 1024 * 1024;
const FILES = Number(process.env.OBJECT_FILES ?? 300);
const CLIENTS = join(import.meta.dirname, "clients");
/** Debian's, for which its packages of libraries are. */
const PYTHON = "/usr/bin/python3";
const lacks = (command: string, ...args: string[]) => spawnSync(command, args).status !== 0;
const missing = ["aws", "s3cmd", "rclone", "restic"].filter(
  (name) => spawnSync(name, ["--version"]).error !== undefined,
);
const skip = missingForLab() ?? (missing.length > 0 ? `${missing.join(", ")} not installed (make deps)` : false);
const noBoto = lacks(PYTHON, "-c", "import boto3") ? "python3-boto3 not installed (make deps)" : false;
const noDuplicity =
  noBoto || (spawnSync("duplicity", ["--version"]).error !== undefined ? "duplicity not installed (make deps)" : false);
const noFuse = !existsSync("/dev/fuse")
  ? "no /dev/fuse"
  : spawnSync("s3fs", ["--version"]).error !== undefined
    ? "s3fs not installed (make deps)"
    : false;

/** The S3 API and the programs that people use with it, each with its defaults and in buckets of its own. */
describe("S3 with its clients", { skip }, () => {
  let lab: Lab;
  let env: Record<string, string>;
  let endpoint: string;
  const path = (name: string): string => join(lab.directory, name);
  const md5 = (name: string): string =>
    createHash("md5")
      .update(readFileSync(path(name)))
      .digest("hex");
  const run = (command: string, ...args: string[]) => lab.outside(command, args, { env, patience: 300 });
  before(async () => {
    lab = new Lab("s3", "VIRT_DRIVER=fake");
    await lab.tenrec(["stack"]);
    endpoint = `http://${lab.hostAddress}:3333`;
    const key = await lab.openstack("devstack", ["ec2", "credentials", "create"]);
    env = {
      HOME: lab.directory,
      S3_ENDPOINT: endpoint,
      AWS_ACCESS_KEY_ID: key.access,
      AWS_SECRET_ACCESS_KEY: key.secret,
      AWS_DEFAULT_REGION: "us-east-1",
      AWS_REGION: "us-east-1",
      // With somebody's own certificates rclone 1.60 does not start.
      AWS_CA_BUNDLE: "",
      RCLONE_CONFIG_S3_TYPE: "s3",
      RCLONE_CONFIG_S3_PROVIDER: "Other",
      RCLONE_CONFIG_S3_ENV_AUTH: "true",
      RCLONE_CONFIG_S3_ENDPOINT: endpoint,
      RCLONE_CONFIG_S3_CHUNK_SIZE: "8M",
      RCLONE_CONFIG_S3_UPLOAD_CUTOFF: "8M",
      RCLONE_CONFIG_SW_TYPE: "swift",
      RCLONE_CONFIG_SW_ENV_AUTH: "true",
      RCLONE_CONFIG_SW_CHUNK_SIZE: "8M",
      OS_AUTH_URL: `http://${lab.hostAddress}/identity/v3`,
      OS_IDENTITY_API_VERSION: "3",
      OS_USERNAME: "demo",
      OS_PASSWORD: 'it is "$ecret"',
      OS_PROJECT_NAME: "demo",
      OS_USER_DOMAIN_NAME: "Default",
      OS_PROJECT_DOMAIN_NAME: "Default",
      OS_REGION_NAME: "RegionOne",
      RESTIC_PASSWORD: "restic",
    };
    mkdirSync(path("tree/a dir/ünder"), { recursive: true });
    for (let index = 0; index < FILES; index += 1) {
      const name = path(`tree/${index % 3 === 0 ? "a dir/ünder/" : ""}f${index}`);
      writeFileSync(name, randomBytes(index * 7));
      utimesSync(name, 1_600_000_000 + index, 1_600_000_000.25 + index);
    }
    writeFileSync(path("tree/big"), randomBytes(20 * MIB));
  });
  after(async () => {
    await lab.tenrec(["unstack"]);
    lab.close();
  });

  test("awscli makes buckets, syncs both ways, copies streams, signs URLs and removes all", async () => {
    const s3 = (...args: string[]) => run("aws", "--endpoint-url", endpoint, "s3", ...args);
    const api = async (...args: string[]) => JSON.parse(await run("aws", "--endpoint-url", endpoint, "s3api", ...args));
    await s3("mb", "s3://of-aws");
    await s3("sync", path("tree"), "s3://of-aws/tree", "--quiet");
    assert.equal(await s3("sync", path("tree"), "s3://of-aws/tree", "--dryrun"), "");
    await s3("sync", "s3://of-aws/tree", path("aws-back"), "--quiet");
    await run("diff", "-r", path("tree"), path("aws-back"));
    const listed = await s3("ls", "s3://of-aws/tree/", "--recursive", "--summarize");
    assert.match(listed, new RegExp(`Total Objects: ${FILES + 1}`));
    // 12 MiB of standard input: nobody knows how long it is.
    writeFileSync(path("stream"), randomBytes(12 * MIB));
    const input = readFileSync(path("stream"));
    const piped = `cat "$1" | aws --endpoint-url "$2" s3 cp - s3://of-aws/stream`;
    await run("sh", "-c", piped, "sh", path("stream"), endpoint);
    const { ContentLength, ETag } = await api("head-object", "--bucket", "of-aws", "--key", "stream");
    assert.equal(ContentLength, input.length);
    assert.match(ETag, /-2"$/);
    await s3("cp", "s3://of-aws/stream", path("stream-back"), "--quiet");
    assert.equal(md5("stream-back"), md5("stream"));
    await s3("mv", "s3://of-aws/stream", "s3://of-aws/moved ü", "--quiet");
    const url = await s3("presign", "s3://of-aws/moved ü", "--expires-in", "60");
    await run("curl", "-sS", "--fail", "-o", path("signed"), url.trim());
    assert.equal(md5("signed"), md5("stream"));
    const tags = "TagSet=[{Key=a,Value=b}]";
    await run(
      "aws",
      "--endpoint-url",
      endpoint,
      "s3api",
      "put-bucket-tagging",
      "--bucket",
      "of-aws",
      "--tagging",
      tags,
    );
    assert.deepEqual((await api("get-bucket-tagging", "--bucket", "of-aws")).TagSet, [{ Key: "a", Value: "b" }]);
    const catalog = await lab.openstack("devstack", ["catalog", "show", "s3"]);
    const told = catalog.endpoints.find(({ interface: kind }: { interface: string }) => kind === "public").url;
    assert.match(await run("aws", "--endpoint-url", told, "s3", "ls"), /of-aws/, "where the catalog says");
    await s3("rb", "s3://of-aws", "--force");
    assert.doesNotMatch(await s3("ls"), /of-aws/);
  });

  for (const signature of ["s3", "s3v4"])
    test(`boto3 with signatures ${signature === "s3" ? 2 : 4}`, { skip: noBoto }, async () => {
      await run(PYTHON, join(CLIENTS, "boto.py"), signature);
    });

  for (const [name, file] of [
    ["@aws-sdk/client-s3 and lib-storage with their defaults", "aws-sdk.ts"],
    ["minio's client library", "minio.ts"],
  ] as const)
    test(name, async () => {
      await run(process.execPath, "--disable-warning=ExperimentalWarning", join(CLIENTS, file));
    });

  test("s3cmd puts in parts, syncs, tells, signs and removes", async () => {
    const { AWS_ACCESS_KEY_ID: key = "", AWS_SECRET_ACCESS_KEY: secret = "" } = env;
    const host = `${lab.hostAddress}:3333`;
    const config = { access_key: key, secret_key: secret, host_base: host, host_bucket: host, use_https: "False" };
    const lines = Object.entries(config).map(([name, value]) => `${name} = ${value}`);
    writeFileSync(path("s3cfg"), `[default]\n${lines.join("\n")}\n`);
    const s3cmd = (...args: string[]) => run("s3cmd", "-c", path("s3cfg"), "--no-progress", ...args);
    await s3cmd("mb", "s3://of-s3cmd");
    await s3cmd("put", path("tree/big"), "s3://of-s3cmd/big", "--multipart-chunk-size-mb=15");
    assert.match(await s3cmd("info", "s3://of-s3cmd/big"), /File size: 20971520/);
    assert.match(await s3cmd("info", "s3://of-s3cmd"), /Location:\s+\S+/);
    await s3cmd("get", "s3://of-s3cmd/big", path("s3cmd-back"));
    assert.equal(md5("s3cmd-back"), md5("tree/big"));
    await s3cmd("sync", `${path("tree/a dir")}/`, "s3://of-s3cmd/d/");
    assert.equal((await s3cmd("sync", `${path("tree/a dir")}/`, "s3://of-s3cmd/d/")).trim(), "");
    await s3cmd("setacl", "s3://of-s3cmd/big", "--acl-public");
    await run("curl", "-sS", "--fail", "-o", path("public"), `${endpoint}/of-s3cmd/big`);
    assert.equal(md5("public"), md5("tree/big"));
    await s3cmd("setacl", "s3://of-s3cmd/big", "--acl-private");
    assert.match(await run("curl", "-sS", `${endpoint}/of-s3cmd/big`), /AccessDenied/);
    await s3cmd("rb", "--recursive", "--force", "s3://of-s3cmd");
  });

  test(`rclone syncs ${FILES} files; over Swift they are the same, with the same times`, async () => {
    await run("rclone", "sync", path("tree"), "s3:of-rclone");
    await run("rclone", "check", path("tree"), "s3:of-rclone");
    const times = async (remote: string) => (await run("rclone", "lsl", remote)).split("\n").sort();
    const overS3 = await times("s3:of-rclone");
    assert.equal(overS3.length, FILES + 2);
    const small = (lines: string[]) => lines.filter((line) => !line.endsWith(" big"));
    assert.deepEqual(small(await times("sw:of-rclone")), small(overS3));
    assert.deepEqual(small(await times(path("tree"))), small(overS3));
    await run("rclone", "check", "sw:of-rclone", path("tree"));
    const log = path("rclone.log");
    await run("rclone", "sync", path("tree"), "s3:of-rclone", "--dry-run", "-v", "--log-file", log);
    assert.doesNotMatch(readFileSync(log, "utf8"), /Skipped (?:copy|delete|update)/);
    // Written by the one, read by the other.
    await run("rclone", "sync", path("tree"), "sw:of-rclone2");
    await run("rclone", "sync", "s3:of-rclone2", path("rclone-back"));
    await run("diff", "-r", path("tree"), path("rclone-back"));
    await run("rclone", "purge", "s3:of-rclone");
    await run("rclone", "purge", "sw:of-rclone2");
  });

  test("restic backs up, checks, restores, forgets and prunes", async () => {
    const restic = (...args: string[]) => run("restic", "-r", `s3:${endpoint}/of-restic`, ...args);
    await restic("init");
    await restic("backup", path("tree"));
    await restic("check", "--read-data");
    await restic("restore", "latest", "--target", path("restored"));
    await run("diff", "-r", path("tree"), join(path("restored"), path("tree")));
    writeFileSync(path("tree/more"), "more");
    await restic("backup", path("tree"));
    await restic("forget", "--keep-last", "1", "--prune");
    assert.match(await restic("check"), /no errors were found/);
  });

  test("duplicity backs up and restores over S3 and over Swift", { skip: noDuplicity }, async () => {
    const swift = {
      SWIFT_USERNAME: "demo",
      SWIFT_PASSWORD: 'it is "$ecret"',
      SWIFT_AUTHURL: `http://${lab.hostAddress}/identity/v3`,
      SWIFT_AUTHVERSION: "3",
      SWIFT_TENANTNAME: "demo",
      SWIFT_USER_DOMAIN_NAME: "Default",
      SWIFT_PROJECT_DOMAIN_NAME: "Default",
    };
    await run("aws", "--endpoint-url", endpoint, "s3", "mb", "s3://of-duplicity");
    for (const [name, url, ...more] of [
      ["s3", "boto3+s3://of-duplicity/backup", "--s3-endpoint-url", endpoint],
      ["swift", "swift://of-duplicity-swift"],
    ] as const) {
      const duplicity = (...args: string[]) =>
        lab.outside("duplicity", [...args, "--no-encryption", ...more], { env: { ...env, ...swift }, patience: 300 });
      await duplicity("full", path("tree"), url);
      await duplicity("verify", url, path("tree"));
      await duplicity("restore", url, path(`duplicity-${name}`));
      await run("diff", "-r", path("tree"), path(`duplicity-${name}`));
      writeFileSync(path("tree/later"), name);
      await duplicity("incr", path("tree"), url);
      assert.match(await duplicity("collection-status", url), /Incremental/);
      await duplicity("remove-all-but-n-full", "1", "--force", url);
    }
  });

  test("s3fs mounts a bucket", { skip: noFuse }, async () => {
    const { AWS_ACCESS_KEY_ID: key = "", AWS_SECRET_ACCESS_KEY: secret = "" } = env;
    writeFileSync(path("passwd-s3fs"), `${key}:${secret}\n`, { mode: 0o600 });
    await run("aws", "--endpoint-url", endpoint, "s3", "mb", "s3://of-s3fs");
    mkdirSync(path("mount"));
    // In a mount namespace of its own: what it leaves mounted is gone with it.
    await run(
      "unshare",
      "--mount",
      "sh",
      join(CLIENTS, "s3fs.sh"),
      endpoint,
      path("passwd-s3fs"),
      path("mount"),
      path("tree/big"),
    );
    await run("aws", "--endpoint-url", endpoint, "s3", "cp", "s3://of-s3fs/folder/renamed", path("of-s3fs"), "--quiet");
    assert.equal(md5("of-s3fs"), md5("tree/big"));
  });
});
