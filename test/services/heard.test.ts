import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { test } from "node:test";

const ROOT = resolve(import.meta.dirname, "../..");
const textOf = (paths: readonly string[]) => paths.map((path) => readFileSync(resolve(ROOT, path), "utf8")).join("\n");
/** The template is no part of the cloud. */
const sources = globSync("src/**/*.ts", { cwd: ROOT }).filter((path) => !path.startsWith("src/services/template/"));

/** The lines of `interface <name> { … }`, of each place that declares it. */
const bodiesOf = (name: string, text: string): string =>
  [...text.matchAll(new RegExp(`^( *)(?:export )?interface ${name} \\{\\n(.*?)^\\1\\}`, "gms"))]
    .map(([, , body]) => body)
    .join("\n");

test("each event of the services is published, and somebody hears it", () => {
  const text = textOf(sources);
  const declared = [...bodiesOf("Events", text).matchAll(/^ {4}"([a-z_.-]+)":/gm)].map(([, name]) => name ?? "");
  assert.ok(declared.includes("block-storage.volume.extended"), "the list is read from the sources");
  const called = (verb: string) =>
    new Set([...text.matchAll(new RegExp(`events\\.${verb}\\(\\s*"([^"]+)"`, "g"))].map(([, name]) => name ?? ""));
  const published = called("publish");
  const heard = called("on");
  assert.deepEqual([...declared].sort(), [...published].sort(), "declared and published");
  assert.deepEqual([...published].sort(), [...heard].sort(), "published and heard");
});

const DRIVERS = {
  compute: "ComputeDriver",
  network: "NetworkDriver",
  "block-storage": "VolumeDriver",
} as const;

for (const [service, name] of Object.entries(DRIVERS)) {
  test(`each verb of ${name} has a caller`, () => {
    const body = bodiesOf(name, textOf([`src/services/${service}/driver/driver.ts`]));
    const verbs = [...body.matchAll(/^ {2}(?:readonly )?(\w+)[(:?<]/gm)].map(([, verb]) => verb ?? "");
    assert.ok(verbs.length > 10, `the list is read from the sources: ${verbs.join(", ")}`);
    const callers = textOf(sources.filter((path) => !path.includes("/driver/")));
    // "driver.spawn(…)", "driverOf(id)?.delete(…)", "drivers.network.start()", "const { info } = backend.driver".
    const target = `(?:[dD]river(?:Of)?(?:\\([^()]*\\))?|drivers\\.${service})`;
    const uncalled = verbs.filter(
      (verb) =>
        !new RegExp(`${target}\\??\\s*\\.${verb}\\b`).test(callers) &&
        !new RegExp(`\\{[^{}]*\\b${verb}\\b[^{}]*\\} = (?:\\w+\\.)?driver;`).test(callers),
    );
    assert.deepEqual(uncalled, []);
  });
}
