import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";

it("the libvirt client imports nothing but node: and itself, so that it can be published alone", () => {
  const folder = join(import.meta.dirname, "../../src/libvirt");
  const files = readdirSync(folder).filter((name) => name.endsWith(".ts"));
  assert.ok(files.length > 10);
  for (const name of files)
    for (const [, from] of readFileSync(join(folder, name), "utf8").matchAll(/(?:from|import\(?)\s*"([^"]+)"/g))
      assert.match(from ?? "", /^(node:|\.\/[a-z-]+\.ts$)/, name);
});
