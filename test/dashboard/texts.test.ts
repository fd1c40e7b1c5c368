import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { type Catalogue, LANGUAGES } from "../../src/dashboard/ui/app/catalogue.ts";

const UI = join(import.meta.dirname, "../../src/dashboard/ui");
const files = globSync(["**/text.ts", "**/words.ts", "**/*-text.ts"], { cwd: UI }).filter(
  (name) => name !== "app/text.ts",
);

async function catalogueOf(file: string): Promise<Catalogue> {
  const { text, words } = (await import(join(UI, file))) as { text?: Catalogue; words?: Catalogue };
  const found = text ?? words;
  assert.ok(found !== undefined, `${file} has a catalogue`);
  return found;
}

const placeholders = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g))].sort();

test("every string is there in every language, with the same values in it", async () => {
  assert.ok(files.length >= 4, "the catalogues were found");
  for (const file of files) {
    const catalogue = await catalogueOf(file);
    const keys = Object.keys(catalogue.en);
    assert.ok(keys.length > 0, file);
    for (const language of Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[]) {
      assert.deepEqual(Object.keys(catalogue[language]).sort(), [...keys].sort(), `${file}: ${language}`);
      for (const key of keys) {
        const [english = "", text = ""] = [catalogue.en[key], catalogue[language][key]];
        assert.notEqual(text.trim(), "", `${file} ${key}: ${language}`);
        assert.deepEqual(placeholders(text), placeholders(english), `${file} ${key}: ${language}`);
        assert.equal(text.includes("|"), english.includes("|"), `${file} ${key}: ${language} knows one and many`);
      }
    }
  }
});

test("every string is used somewhere", async () => {
  const sources = globSync("**/*.{ts,tsx}", { cwd: UI }).map((file) => ({
    file,
    text: readFileSync(join(UI, file), "utf8"),
  }));
  const unused: string[] = [];
  for (const file of files) {
    const folder = file.slice(0, file.lastIndexOf("/"));
    // Words of all pages may be used by all, a panel's own by the panel.
    const users = sources.filter(
      (one) => one.file !== file && (file.endsWith("words.ts") || one.file.startsWith(folder)),
    );
    const patterns = users.flatMap(({ text }) => [...text.matchAll(/`([\w.]+)\$\{/g)].map((match) => match[1] ?? ""));
    for (const key of Object.keys((await catalogueOf(file)).en)) {
      const isUsed =
        users.some(({ text }) => text.includes(`"${key}"`)) || patterns.some((prefix) => key.startsWith(prefix));
      if (!isUsed) unused.push(`${file} ${key}`);
    }
  }
  assert.deepEqual(unused, []);
});
