import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { SERVICES } from "../../src/services.ts";

const SRC = resolve(import.meta.dirname, "../../src");
/** What has to do with any service there may be, and so knows none by name. */
const NEUTRAL = [
  "kernel/**/*.ts",
  "main.ts",
  "app.ts",
  "settings.ts",
  "listen*.ts",
  "generate.ts",
  "host/preflight.ts",
  "open-ports.ts",
];

/** `path text`, with the reason why it is there all the same. The list may only shrink. */
const ALLOWED: readonly (readonly [place: RegExp, why: string])[] = [
  [
    /^kernel\/config\/(absent|variables\/(accepted|plugins))\.ts /,
    "DevStack's words for what has no effect, or is not here",
  ],
  [
    /"KEYSTONE_SSL_(CERT|KEY|CA)"|KEYSTONE_SSL_\w+: certificateFile/,
    "DevStack's names of the one certificate of all ports",
  ],
  [/aliases: \["KEYSTONE_REGION_NAME"\]/, "DevStack's older name of REGION_NAME"],
  [/^kernel\/http\/.*[kK]eystone-?[tT]oken/, "the dialect of X-Auth-Token is called that"],
  [/^host\/preflight\.ts .*settings\.network\.publicInterface/, "the host's box is made for that network"],
];

/** Comments may tell whose behaviour is meant. */
const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, "")).replace(/(^|\s)\/\/.*$/gm, "");

const declarations = SERVICES.map(({ declaration }) => declaration);
const escaped = (words: readonly string[]): string => words.map((word) => word.replaceAll("-", "\\W?")).join("|");
/** Projects of DevStack anywhere; its services' names, and our own names as a key or in quotes. */
const projects = new RegExp(
  escaped([...declarations.flatMap(({ devstack }) => devstack?.project ?? []), "block-storage"]),
  "i",
);
const members = new RegExp(
  `\\b(${escaped(declarations.flatMap(({ devstack }) => devstack?.members ?? []).filter((name) => name.includes("-")))})\\b`,
);
const ours = declarations.map(({ name }) => name.replace(/-(\w)/g, (_all, letter: string) => letter.toUpperCase()));
const quoted = new RegExp(`["'\`](${declarations.map(({ name }) => name).join("|")})["'\`]`);
const settings = new RegExp(`settings\\.(${ours.join("|")})\\b|\\bports\\.(${ours.join("|")})\\b`);
const namesOne = (line: string): boolean => [projects, members, quoted, settings].some((pattern) => pattern.test(line));

const namings = (path: string, text: string): string[] =>
  withoutComments(text)
    .split("\n")
    .filter(namesOne)
    .map((line) => `${path} ${line.trim()}`);

test("the kernel, main.ts and preflight name no service", () => {
  const paths = NEUTRAL.flatMap((pattern) => globSync(pattern, { cwd: SRC }));
  assert.ok(paths.length > 80, "the sources were found");
  const found = paths.flatMap((path) => namings(path, readFileSync(join(SRC, path), "utf8")));
  const isAllowed = (line: string) => ALLOWED.some(([place]) => place.test(line));
  assert.deepEqual(
    found.filter((line) => !isAllowed(line)),
    [],
  );
  const unused = ALLOWED.filter(([place]) => !found.some((line) => place.test(line)));
  assert.deepEqual(unused, [], "what is not there needs no allowance");
});

test("the rule bites", () => {
  for (const line of [
    'kernel.facade("compute").answerMetadata(socket)',
    "const { novaUser } = settings;",
    'if (enabled.includes("q-svc")) start();',
    "settings.blockStorage.backends",
    "listen(ports.identity)",
    "const group = 'stack-volumes' + CINDER;",
  ]) {
    assert.deepEqual(namings("main.ts", `/** nova's */\n${line}`), [`main.ts ${line}`]);
  }
  assert.deepEqual(namings("main.ts", "// nova does so\nconst image = await read(path);"), []);
});

test("each service has its row in README, and its folder is named as it is", () => {
  const readme = readFileSync(resolve(SRC, "../README.md"), "utf8");
  for (const { name, readme: row } of declarations) {
    assert.ok(readme.includes(`| ${name.replace("-", " ")} | ${row.works} | ${row.missing} |`), name);
    assert.equal(globSync(`services/${name}/service.ts`, { cwd: SRC }).length, 1, name);
  }
  const folders = globSync("services/*/service.ts", { cwd: SRC }).map((path) => path.split("/")[1] ?? "");
  assert.deepEqual(folders.filter((name) => name !== "template").sort(), declarations.map(({ name }) => name).sort());
});
