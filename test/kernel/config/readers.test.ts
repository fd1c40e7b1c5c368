import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { language } from "../../../src/settings.ts";
import { testSettings } from "../../support/settings.ts";

const SRC = resolve(import.meta.dirname, "../../../src");
const read = (path: string): string => readFileSync(join(SRC, path), "utf8").replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
const all = globSync("**/*.ts", { cwd: SRC });
/** What reads local.conf: the kernel's part and each service's. */
const loader = all.filter(
  (path) =>
    path.startsWith("kernel/config/") ||
    /^services\/[^/]+\/(settings|variables|settings-check|private-subnet)/.test(path),
);
const program = all.filter((path) => !loader.includes(path)).map(read);
const builders = loader.filter((path) => /(build|settings)\.ts$/.test(path));
const build = builders.map(read).join("\n");

/** `group.leaf` of everything in Settings; arrays and what may be null are leaves. */
function leaves(value: object, path: readonly string[] = []): string[][] {
  return Object.entries(value).flatMap(([key, inner]) => {
    const here = [...path, key];
    const isGroup = typeof inner === "object" && inner !== null && !Array.isArray(inner);
    return isGroup ? leaves(inner, here) : [here];
  });
}

/**
 * Whether the text takes that leaf out of its group: `network.gateway`, `const { gateway } = settings.network`. A name of several
 * words says by itself what it is; a short one such as `file` needs its group beside it.
 */
function reads(text: string, path: readonly string[]): boolean {
  const leaf = path.at(-1) ?? "";
  const group = path.at(-2) ?? "settings";
  if (!new RegExp(`\\b${leaf}\\b`).test(text)) return false;
  if (new RegExp(`\\b${group}\\??\\.${leaf}\\b`).test(text)) return true;
  if (new RegExp(`\\{[^{}]*\\b${leaf}\\b[^{}]*\\}(?:: \\w+)? ?(?:=|\\)|,)[^;]{0,60}\\b${group}\\b`, "i").test(text))
    return true;
  // A parameter of the group's type: `settings: NetworkSettings` … `settings.gateway`, `{ ksm }: Settings["tuning"]`.
  const type = `(?:${group[0]?.toUpperCase()}${group.slice(1)}Settings|Settings\\["${group}"\\])`;
  const typed = new RegExp(`(\\w+)\\??: ${type}`).exec(text)?.[1];
  if (typed !== undefined && new RegExp(`\\b${typed}\\.${leaf}\\b`).test(text)) return true;
  if (new RegExp(`\\{[^{}]*\\b${leaf}\\b[^{}]*\\}: ${type}`).test(text)) return true;
  const words = leaf.split(/(?=[A-Z])/).length;
  return words >= 2 && new RegExp(`\\.${leaf}\\b|[{,]\\s*${leaf}\\b[^:(]`).test(text);
}

/** Groups that are read by key → how a text asks for one leaf of it. */
const byKey: Readonly<Record<string, (leaf: string) => RegExp>> = {
  // app.ts and main.ts listen on settings.ports[name] for the names that services declare.
  ports: (leaf) => new RegExp(`classicPorts: \\[[^\\]]*"${leaf}"|port: "${leaf}", protocol:`),
  // Each service's quotas.ts gets settings.….quotas.
  "network.quotas": (leaf) => new RegExp(`\\b(quotas|limits|defaults)\\.${leaf}\\b`),
  "compute.quotas": (leaf) => new RegExp(`\\b(quotas|limits|defaults)\\.${leaf}\\b`),
  "blockStorage.quotas": (leaf) => new RegExp(`\\b(quotas|limits|defaults)\\.${leaf}\\b`),
  // main.ts hands it to host/syslog.ts.
  "logging.syslog": (leaf) => new RegExp(`\\bserver\\.${leaf}\\b`),
};
/** Only the loader asks for DevStack's names: what they mean is in `services` and `listening`. */
const ofLoader = ["enabledServices"];

function isRead(path: readonly string[]): boolean {
  const keyed = byKey[path.slice(0, -1).join(".")]?.(path.at(-1) ?? "");
  return program.some((text) => reads(text, path) || keyed?.test(text) === true);
}

test("a leaf that nobody reads is found, and one that is read is not", () => {
  assert.equal(isRead(["network", "noSuchSettingAtAll"]), false);
  assert.equal(isRead(["network", "nosuch"]), false);
  assert.equal(isRead(["network", "floatingRange"]), true);
  assert.ok(reads("const { gateway } = settings.network;", ["network", "gateway"]));
  assert.ok(!reads("const { gateway } = subnet;", ["network", "gateway"]));
});

test("every leaf of Settings is read by the program", () => {
  const settings = testSettings({}, { SYSLOG: "True", Q_FLOATING_ALLOCATION_POOL: "" });
  const unread = leaves(settings).filter((path) => !isRead(path) && !ofLoader.includes(path.join(".")));
  assert.deepEqual(
    unread.map((path) => path.join(".")),
    [],
  );
});

test("every documented variable and option gets into Settings, or into what the loader itself decides", () => {
  const others = loader.filter((path) => !builders.includes(path) && !/accepted\.ts$|reference\.ts$/.test(path));
  // An option that is another way to set a variable is no reader of it.
  const texts = others.map((path) => read(path).replace(/same\("\w+"\)/g, ""));
  const names = language.groups.flatMap(({ variables }) => Object.keys(variables));
  const unread = names.filter(
    (name) => !build.includes(`"${name}"`) && !texts.some((text) => text.includes(`"${name}"`)),
  );
  assert.deepEqual(unread, []);
  const options = language.files.flatMap(({ name: file, options: table }) =>
    Object.entries(table).flatMap(([key, option]) => ("type" in option ? [`${file}/${key}`] : [])),
  );
  assert.deepEqual(
    options.filter((name) => !build.includes(`"${name}"`)),
    [],
  );
});
