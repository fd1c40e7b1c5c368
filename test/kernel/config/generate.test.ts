import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { generatedFiles } from "../../../src/generate.ts";
import { exampleText } from "../../../src/kernel/config/reference.ts";
import { language, loadSettings } from "../../../src/settings.ts";
import { testHostFacts } from "../../support/settings.ts";

for (const { path, text } of generatedFiles) {
  test(`${path} is up to date (node src/generate.ts)`, () => {
    assert.equal(readFileSync(path, "utf8"), text());
  });
}

test("the example, with its fixed defaults uncommented, gives the default settings without a warning", () => {
  const env = { ADMIN_PASSWORD: "a" };
  const uncommented = exampleText(language)
    .replaceAll(/^#(?=[A-Z_0-9]+=(?!<))/gm, "")
    .replaceAll(/^#(?=\[\[|\[|[a-z_]+ = )/gm, "");
  const load = (text: string) => loadSettings({ env, hostFacts: testHostFacts, cwd: "/nonexistent", text });
  const example = load(uncommented);
  assert.deepEqual(example.warnings, []);
  assert.deepEqual({ ...example.settings, explicit: [] }, { ...load("").settings, explicit: [] });
  assert.ok(example.settings.explicit.length > 50);
});
