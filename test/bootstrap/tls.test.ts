import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { openrcVariables } from "../../src/bootstrap/accounts.ts";
import { removeCloudFiles, removeLastFiles } from "../../src/bootstrap/data-directory.ts";
import { examineTls } from "../../src/bootstrap/doctor/tls-area.ts";
import { ensureCertificate } from "../../src/bootstrap/tls/certificate.ts";
import { certificatesIn, examineCertificate } from "../../src/bootstrap/tls/examine.ts";
import { certificateNames } from "../../src/bootstrap/tls/names.ts";
import { bundleFile, intermediatePlace, rootPlace, serverFile } from "../../src/bootstrap/tls/places.ts";
import type { Settings } from "../../src/kernel/config/settings.ts";
import { testSettings } from "../support/settings.ts";

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 5, 1);

let directory: string;
let settings: Settings;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tenrec-tls-"));
  settings = tls();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const tls = (variables: Record<string, string> = {}): Settings =>
  testSettings({}, { DATA_DIR: directory, LOGDIR: join(directory, "logs"), SERVICE_PROTOCOL: "https", ...variables });
const ensure = (of = settings, now = NOW) => ensureCertificate(of, "box.example", now);
const problems = (of = settings, now = NOW) =>
  examineCertificate(of, { names: certificateNames(of, "box.example"), now }).map(({ kind }) => kind);
const text = (path: string) => readFileSync(path, "utf8");
const mode = (path: string) => statSync(path).mode & 0o777;
const root = () => text(rootPlace(directory).certificate);

test("the first time makes two authorities and a certificate for every name of the host", async () => {
  settings = tls({ SERVICE_HOST: "cloud.example", HOST_IPV6: "2001:db8::10" });
  assert.deepEqual(problems(), ["unusable"]);
  const { renewed } = await ensure();
  assert.equal(renewed, "there was none");
  assert.deepEqual(problems(), []);

  const [server, intermediate] = certificatesIn(text(serverFile(directory)));
  const [trusted, between] = certificatesIn(text(bundleFile(directory)));
  assert.ok(server !== undefined && intermediate !== undefined && trusted !== undefined && between !== undefined);
  assert.ok(trusted.verify(trusted.publicKey) && between.verify(trusted.publicKey) && server.verify(between.publicKey));
  assert.equal(between.fingerprint256, intermediate.fingerprint256);
  assert.deepEqual([trusted.ca, between.ca, server.ca], [true, true, false]);
  assert.ok(server.checkPrivateKey(createPrivateKey(text(serverFile(directory)))));
  for (const name of ["cloud.example", "box.example", "box", "localhost"])
    assert.equal(server.checkHost(name, { subject: "never" }), name);
  for (const address of ["192.0.2.10", "2001:db8:0:0::10", "127.0.0.1", "::1"])
    assert.equal(server.checkIP(address), address);
  assert.equal(server.checkHost("other.example"), undefined);
  assert.ok(
    server.validToDate.getTime() - server.validFromDate.getTime() <= 398 * DAY_MS,
    "browsers take no longer one",
  );
});

test("keys are for their owner only, certificates for everybody, whatever the umask", async () => {
  const before = process.umask(0o077);
  try {
    await ensure();
  } finally {
    process.umask(before);
  }
  for (const path of [rootPlace(directory).key, intermediatePlace(directory).key, serverFile(directory)])
    assert.equal(mode(path), 0o600, path);
  assert.equal(mode(join(directory, "CA/root-ca/private")), 0o700);
  for (const path of [rootPlace(directory).certificate, bundleFile(directory)]) assert.equal(mode(path), 0o644, path);
});

test("once made, it stays: nothing is written again until its last month", async () => {
  await ensure();
  const before = [root(), text(serverFile(directory)), text(bundleFile(directory))];
  assert.deepEqual(await ensure(settings, NOW + 366 * DAY_MS), { renewed: null, problems: [] });
  assert.deepEqual([root(), text(serverFile(directory)), text(bundleFile(directory))], before);

  const late = NOW + 368 * DAY_MS;
  assert.deepEqual(problems(settings, late), ["expiring"]);
  assert.match((await ensure(settings, late)).renewed ?? "", /ends on 2027-07-03/);
  assert.deepEqual(problems(settings, late), []);
  assert.deepEqual([root(), text(bundleFile(directory))], [before[0], before[2]], "clients trust it without a change");
});

test("another address or name is a new certificate by the same authority", async () => {
  await ensure();
  const before = root();
  for (const other of [tls({ HOST_IP: "192.0.2.99" }), tls({ SERVICE_HOST: "new.example" })]) {
    assert.deepEqual(problems(other), ["names"]);
    assert.match((await ensure(other)).renewed ?? "", /is not for (192\.0\.2\.99|new\.example)/);
    assert.deepEqual(problems(other), []);
  }
  assert.match((await ensureCertificate(settings, "renamed", NOW)).renewed ?? "", /is not for .*renamed/);
  assert.equal(root(), before);
});

test("what got lost or damaged is made again, and the root only when nothing else helps", async () => {
  await ensure();
  const before = root();
  const damages: [what: string, damage: () => void, kinds: string[], keepsRoot: boolean][] = [
    ["no server file", () => rmSync(serverFile(directory)), ["unusable"], true],
    [
      "half a server file",
      () => writeFileSync(serverFile(directory), text(serverFile(directory)).slice(0, 700)),
      ["unusable"],
      true,
    ],
    ["no bundle", () => rmSync(bundleFile(directory)), ["unusable"], true],
    [
      "another bundle",
      () => copyFileSync(intermediatePlace(directory).certificate, bundleFile(directory)),
      ["untrusted"],
      true,
    ],
    ["no intermediate key", () => rmSync(intermediatePlace(directory).key), [], true],
    [
      "another's intermediate key",
      () => copyFileSync(rootPlace(directory).key, intermediatePlace(directory).key),
      [],
      true,
    ],
    ["no root key", () => rmSync(rootPlace(directory).key), [], true],
    ["no root certificate", () => rmSync(rootPlace(directory).certificate), [], false],
  ];
  for (const [what, damage, kinds, keepsRoot] of damages) {
    damage();
    assert.deepEqual(problems(), kinds, what);
    await ensure();
    assert.deepEqual(problems(), [], what);
    assert.equal(root() === before, keepsRoot, what);
  }
});

test("the intermediate is signed again by the same root when its key is lost; without both keys all is new", async () => {
  await ensure();
  const before = root();
  const intermediate = text(intermediatePlace(directory).certificate);
  rmSync(intermediatePlace(directory).key);
  await ensure();
  assert.notEqual(text(intermediatePlace(directory).certificate), intermediate);
  assert.equal(root(), before);
  rmSync(rootPlace(directory).key);
  rmSync(intermediatePlace(directory).key);
  await ensure();
  assert.notEqual(root(), before);
  assert.deepEqual(problems(), []);
});

test("a key that is not the certificate's, an expired one, and one of a time to come are found", async () => {
  await ensure();
  const [, ...certificates] = text(serverFile(directory)).split(/(?=-----BEGIN CERTIFICATE)/);
  writeFileSync(serverFile(directory), text(rootPlace(directory).key) + certificates.join(""));
  assert.deepEqual(problems(), ["unusable"]);
  assert.match(examineTls(settings, NOW).findings[0]?.what ?? "", /private key does not belong/);
  await ensure();
  assert.deepEqual(problems(settings, NOW + 400 * DAY_MS), ["expired"]);
  assert.deepEqual(problems(settings, NOW - DAY_MS), ["expired"]);
  await ensure(settings, NOW - DAY_MS);
  assert.deepEqual(problems(settings, NOW - DAY_MS), []);
});

test("a certificate of the user's own: clients get its authority, and its faults are told, not mended", async () => {
  // Another cloud's authority stands for the user's.
  const own = mkdtempSync(join(tmpdir(), "tenrec-own-"));
  try {
    await ensureCertificate(tls({ DATA_DIR: own, SERVICE_HOST: "own.example" }), "box", NOW);
    const [key = "", ...chain] = text(serverFile(own)).split(/(?=-----BEGIN CERTIFICATE)/);
    writeFileSync(join(own, "own.key"), key);
    writeFileSync(join(own, "own.crt"), chain.join(""));
    const files = {
      KEYSTONE_SSL_CERT: join(own, "own.crt"),
      KEYSTONE_SSL_KEY: join(own, "own.key"),
      KEYSTONE_SSL_CA: rootPlace(own).certificate,
    };
    settings = tls({ ...files, SERVICE_HOST: "own.example" });
    const { problems: found } = await ensure();
    assert.deepEqual(
      found.map(({ words }) => words.replace(own, "")),
      ["/own.crt is not for box.example"],
    );
    assert.equal(text(bundleFile(directory)), text(rootPlace(own).certificate));
    assert.ok(!existsSync(serverFile(directory)) && !existsSync(join(directory, "CA")), "nothing of ours is made");
    assert.deepEqual(
      examineTls(settings, NOW + 390 * DAY_MS).findings.map(({ key: name, severity, repair }) => [
        name,
        severity,
        repair,
      ]),
      [
        ["certificate-expiring", "warning", null],
        ["certificate-names", "warning", null],
      ],
    );

    copyFileSync(rootPlace(own).key, join(own, "own.key"));
    await assert.rejects(ensure(), /private key does not belong.*KEYSTONE_SSL_KEY/);
    rmSync(files.KEYSTONE_SSL_KEY);
    await assert.rejects(ensure(), /own\.key is missing/);
    rmSync(files.KEYSTONE_SSL_CA);
    await assert.rejects(ensure(), /KEYSTONE_SSL_CA: /);
  } finally {
    rmSync(own, { recursive: true });
  }
});

test("unstack and --fresh keep the authority that browsers know, clean removes it", async () => {
  await ensure();
  assert.equal(openrcVariables(settings, "demo", "demo").OS_CACERT, bundleFile(directory));
  assert.equal(openrcVariables(tls({ SERVICE_PROTOCOL: "http" }), "demo", "demo").OS_CACERT, undefined);
  removeCloudFiles(settings);
  assert.deepEqual(problems(), []);
  removeLastFiles(settings);
  assert.ok(!existsSync(directory), "nothing is left in the data directory");
});
