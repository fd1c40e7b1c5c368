import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { test } from "node:test";

const SRC = resolve(import.meta.dirname, "../../src");

/** Verbs that no other service calls, and why they are there. The list may only become shorter. */
const UNCALLED: Readonly<Record<string, string>> = {
  "identity.authenticate": "the kernel calls it, which knows the service by its shape alone",
  "compute.answerMetadata": "its own listener of metadata",
  "compute.resolveConsoleToken": "its own listener of consoles",
  "network.settled": "tests wait for the host by it",
  "template.countNotes": "to be copied",
};

/** A service's facade: what others call it by, and its verbs. */
function facadeOf(file: string): { service: string; type: string; verbs: string[] } {
  const service = file.split("/")[1] ?? "";
  const text = readFileSync(join(SRC, file), "utf8");
  const [, type = "", body = ""] = /export interface (\w+Facade) \{\n([\s\S]*?)\n\}/.exec(text) ?? [];
  return { service, type, verbs: [...body.matchAll(/^ {2}(\w+)\(/gm)].map(([, verb = ""]) => verb) };
}

const files = globSync("**/*.ts", { cwd: SRC });

test("each verb of a facade has a caller outside of its service; what an API has, goes by its record", () => {
  const facades = files.filter((file) => /^services\/[^/]+\/facade\.ts$/.test(file)).map(facadeOf);
  assert.ok(facades.flatMap(({ verbs }) => verbs).length > 50, "the facades were found");
  const texts = files.map((file) => ({ file, text: readFileSync(join(SRC, file), "utf8") }));
  const idle = facades.flatMap(({ service, type, verbs }) => {
    // Those who have the facade in their hands: many services have a verb `get`.
    const callers = texts.filter(
      ({ file, text }) =>
        !file.startsWith(`services/${service}/`) &&
        (text.includes(`facade("${service}")`) ||
          new RegExp(`\\b(?:${type || "never"})\\b`).test(text) ||
          usesStorage(service, text)),
    );
    const called = (verb: string) => callers.some(({ text }) => new RegExp(`\\.${verb}\\(`).test(text));
    return verbs.filter((verb) => !called(verb)).map((verb) => `${service}.${verb}`);
  });
  assert.deepEqual(
    idle.filter((verb) => UNCALLED[verb] === undefined),
    [],
    "nobody calls these",
  );
  assert.deepEqual(
    Object.keys(UNCALLED).filter((verb) => !idle.includes(verb)),
    [],
    "these have a caller now",
  );
});

/** Compute's way to the block storage service, which may be left out of a cloud. */
const usesStorage = (service: string, text: string): boolean =>
  service === "block-storage" && text.includes("storageOf(");
