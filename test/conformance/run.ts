// make conformance: stacks a cloud in a lab of its own and runs tempest's tests against it, with real guests and SSH.
//   run.ts [--list NAME|FILE,…] [--regex RE] [--fake] [--workers N] [--record] [--keep]
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { Lab, OWN_ENVIRONMENT } from "../support/lab.ts";
import { bareName, readList } from "./lists.ts";
import { type Outcome, ofEach, parseCsv, summary } from "./outcomes.ts";
import { withRun } from "./page.ts";
import { tempestConf } from "./tempest-conf.ts";

const { values: options } = parseArgs({
  options: {
    /** Names under lists/, or files of test ids: one list is told test by test, of several the sums. */
    list: { type: "string" },
    regex: { type: "string" },
    /** VIRT_DRIVER=fake: the API only, no SSH. */
    fake: { type: "boolean", default: false },
    workers: { type: "string", default: "2" },
    /** Write the result to docs/conformance.md. */
    record: { type: "boolean", default: false },
    /** Leave the cloud running at the end, to look at it. */
    keep: { type: "boolean", default: false },
  },
});

const HERE = import.meta.dirname;
const PAGE = resolve(HERE, "../../docs/conformance.md");
const names = options.list ?? (options.regex === undefined ? "smoke" : "");
const lists = names
  .split(",")
  .filter((name) => name !== "")
  .map(readList);
if (options.record && lists.length === 0) throw new Error("what is recorded is the result of lists");

const lab = new Lab("tempest", options.fake ? "VIRT_DRIVER=fake" : "LIBVIRT_TYPE=qemu");
const directory = resolve(HERE, `../../.build/conformance-${process.pid}`);
mkdirSync(join(directory, "lock"), { recursive: true });
let failed = true;
try {
  process.stdout.write(await lab.tenrec(["stack"]));
  const tests = await chooseTests();
  console.log(
    `\n${tests.length} tests, ${options.workers} workers, SSH to guests ${options.fake ? "off" : "on"}, logs in ${directory}\n`,
  );
  const started = Date.now();
  const outcomes = await runTempest();
  const seconds = Math.round((Date.now() - started) / 1000);
  failed = report(tests, outcomes, seconds);
} finally {
  if (options.keep) console.log(`kept: -c ${lab.localConf}, namespaces ${lab.host} and ${lab.world}`);
  else {
    await lab.tenrec(["unstack"]).catch((error: unknown) => console.error(error));
    lab.close();
  }
}
process.exitCode = failed ? 1 : 0;

/** Writes tempest.conf and the list of the chosen tests. */
async function chooseTests(): Promise<string[]> {
  const admin = (...args: string[]) => lab.openstack("devstack-admin", args);
  const image = await admin("image", "show", "cirros-0.6.3-x86_64-disk");
  const network = await admin("network", "show", "public");
  const [subnet] = await admin("subnet", "list", "--network", "public", "--ip-version", "4");
  const extensions = await admin("extension", "list", "--network");
  const services = await admin("service", "list");
  const catalogue = await admin("catalog", "list");
  const identity = catalogue.find((entry: { Type: string }) => entry.Type === "identity");
  const authUrl = String(identity.Endpoints[0].url).replace(/\/(v3)?\/?$/, "");
  // The client of Debian 12 has no command for this one.
  const { id: token, project_id: project } = await admin("token", "issue");
  const poolsUrl = `http://${lab.hostAddress}/volume/v3/${project}/scheduler-stats/get_pools?detail=true`;
  const { pools } = JSON.parse(await lab.outside("curl", ["-s", "--fail", "-H", `X-Auth-Token: ${token}`, poolsUrl]));
  const imageFile = join(directory, "image.qcow2");
  await lab.openstack("devstack-admin", ["image", "save", "--file", imageFile, image.id], { plain: true });
  // Some tests need a second image to tell servers apart by.
  const format = ["--disk-format", image.disk_format, "--container-format", image.container_format];
  const alternative = await admin("image", "create", "--public", "--file", imageFile, ...format, "alternative");
  const conf = tempestConf({
    authUrl,
    password: `it is "$ecret"`,
    imageId: image.id,
    imageName: image.name,
    alternativeImageId: alternative.id,
    flavorId: "42",
    flavorName: "m1.nano",
    alternativeFlavorId: "84",
    publicNetworkId: network.id,
    publicNetworkName: "public",
    publicSubnetId: subnet.ID,
    networkExtensions: extensions.map((extension: { Alias: string }) => extension.Alias),
    imageFile,
    storageProtocol: pools[0].capabilities.storage_protocol,
    computeMaxMicroversion: "latest",
    services: new Set(services.map((service: { Type: string }) => service.Type)),
    validation: !options.fake,
    directory,
  });
  mkdirSync(join(directory, "etc"), { recursive: true });
  writeFileSync(join(directory, "etc/tempest.conf"), conf, { mode: 0o600 });
  writeFileSync(
    join(directory, ".stestr.conf"),
    "[DEFAULT]\ntest_path=/usr/lib/python3/dist-packages/tempest/test_discover\ntop_dir=/usr/lib/python3/dist-packages/tempest\ngroup_regex=([^\\.]*\\.)*\n",
  );
  execFileSync("stestr", ["init"], { cwd: directory });
  // The plugin of orchestration asks the cloud already when its tests are listed.
  const listed = await lab.outside(
    "sh",
    ["-c", 'cd "$1" && exec tempest run --config-file etc/tempest.conf --list-tests', "sh", directory],
    { env: definedOnly(tempestEnvironment()) },
  );
  const pattern = options.regex === undefined ? null : new RegExp(options.regex);
  // Beside tempest's own there are its plugins' ("keystone_tempest_plugin.…").
  const all = listed.split("\n").filter((line) => /^\w*tempest\w*\./.test(line));
  const chosen = all.filter(
    (id) => (lists.length === 0 || lists.some((list) => list.has(id))) && (pattern === null || pattern.test(id)),
  );
  const known = new Set(all.map(bareName));
  const missing = lists.flatMap(({ names }) => [...names].filter((name) => !known.has(name)));
  if (missing.length > 0) console.log(`not in the installed tempest: ${missing.join(", ")}`);
  if (chosen.length === 0) throw new Error("the selection is empty");
  writeFileSync(join(directory, "load-list"), `${chosen.join("\n")}\n`);
  return chosen;
}

function tempestEnvironment(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {
    ...OWN_ENVIRONMENT,
    PYTHON: "/usr/bin/python3",
    PYTHONPATH: join(HERE, "hooks"),
    OS_TEST_TIMEOUT: "900",
  };
  // A proxy would catch the requests to a cloud on this machine.
  for (const name of ["http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
    delete env[name];
  return { ...env, TEMPEST_CONFIG_DIR: join(directory, "etc"), TEMPEST_CONFIG: "tempest.conf" };
}

async function runTempest(): Promise<Outcome[]> {
  const script = `cd "$1" && tempest run --config-file etc/tempest.conf --load-list load-list --concurrency "$2" --subunit >results.subunit 2>run.err`;
  await lab.try("world", "sh", ["-c", script, "sh", directory, options.workers], {
    env: definedOnly(tempestEnvironment()),
    patience: 600,
  });
  const csv = execFileSync(
    "sh",
    ["-c", `subunit2csv --no-passthrough <"$1" || true`, "sh", join(directory, "results.subunit")],
    { encoding: "utf8" },
  );
  const log = execFileSync(
    "sh",
    ["-c", `subunit-trace --no-summary <"$1" || true`, "sh", join(directory, "results.subunit")],
    {
      encoding: "utf8",
      maxBuffer: 256 << 20,
    },
  );
  writeFileSync(join(directory, "results.log"), log);
  return parseCsv(csv);
}

function definedOnly(env: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Prints and records the result. True when something failed. */
function report(tests: readonly string[], told: readonly Outcome[], seconds: number): boolean {
  const outcomes = ofEach(tests, told);
  const failures = outcomes.filter(({ status }) => status === "fail");
  for (const { test } of failures) console.log(`FAILED  ${test}`);
  console.log(`\nin ${seconds} s; details in ${directory}/results.log\n${summary(outcomes)}`);
  if (options.record) {
    const { fake, workers } = options;
    const page = existsSync(PAGE) ? readFileSync(PAGE, "utf8") : "";
    writeFileSync(PAGE, withRun(page, { lists, fake, workers, tempest: tempestVersion(), seconds, outcomes }));
  }
  return failures.length > 0;
}

/** "33.0.0" */
function tempestVersion(): string {
  // Some versions say it on stderr, among warnings.
  const said = execFileSync("sh", ["-c", "tempest --version 2>&1"], { encoding: "utf8" });
  return /^tempest\s+(\S+)/m.exec(said)?.[1] ?? "of an unknown version";
}
