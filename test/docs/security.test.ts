import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { ADVISORIES, SECTIONS } from "./advisories.ts";

const root = join(import.meta.dirname, "../..");
const text = readFileSync(join(root, "docs/security.md"), "utf8");
const COLUMNS = 4;

interface Row {
  cells: string[];
  line: number;
}

/** Heading → the rows of its table, without the head and the rule. */
function sections(): Map<string, Row[]> {
  const found = new Map<string, Row[]>();
  let current: Row[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    const heading = /^#+ (.*)$/.exec(line)?.[1];
    if (heading !== undefined) {
      current = [];
      found.set(heading, current);
    } else if (/^\| (OSSA|CVE)-/.test(line)) {
      const cells = line.split(/(?<!\\)\|/).slice(1, -1);
      current.push({ cells: cells.map((cell) => cell.trim()), line: index + 1 });
    }
  }
  return found;
}

/** "file.test.ts: title", several with <br> between them, the file in backticks and below test/. */
function namedTests(cell: string): { file: string; title: string }[] {
  return cell.split("<br>").map((part) => {
    const match = /^`([\w./-]+\.test\.ts)`: (.+)$/.exec(part.trim());
    return { file: match?.[1] ?? "", title: (match?.[2] ?? "").replaceAll("\\|", "|") };
  });
}

const sources = new Map<string, string>();
function source(file: string): string {
  const path = join(root, "test", file);
  const known = sources.get(path) ?? (existsSync(path) ? readFileSync(path, "utf8") : "");
  sources.set(path, known);
  return known;
}

/** A title as the file writes it: between double quotes or backticks right after test( or it(. */
function hasTest(file: string, title: string): boolean {
  const code = source(file);
  const plain = code.replaceAll(/\(\s+/g, "(");
  return [JSON.stringify(title), `\`${title}\``].some((quoted) =>
    ["test(", "it(", "step("].some((call) => {
      const at = plain.indexOf(call + quoted);
      return at >= 0 && !/^,\s*\{[^}]*\b(skip|todo): true/.test(plain.slice(at + call.length + quoted.length));
    }),
  );
}

test("every row of an advisory has all its columns and an existing test that is not skipped", () => {
  const problems: string[] = [];
  let count = 0;
  for (const rows of sections().values()) {
    for (const { cells, line } of rows) {
      count += 1;
      const [, , , tests = ""] = cells;
      if (cells.length !== COLUMNS || cells.some((cell) => cell.length < 3)) {
        problems.push(`line ${line}: a row has ${COLUMNS} columns with something in each`);
      }
      for (const { file, title } of namedTests(tests)) {
        if (file === "") problems.push(`line ${line}: a test is named as \`folder/file.test.ts\`: its title`);
        else if (!hasTest(file, title))
          problems.push(`line ${line}: ${dirname(file)} has no test "${title}" in ${file}`);
      }
    }
  }
  assert.ok(count > 100);
  assert.deepEqual(problems, []);
});

test("every advisory of a service that is here has one row under it, in order, and none is invented", () => {
  const found = sections();
  for (const [product, list] of Object.entries(ADVISORIES)) {
    const wanted = list.trim().split(/\s+/);
    const parts = (SECTIONS[product] ?? []).map((heading) => found.get(heading));
    const given: string[] = [];
    for (const part of parts) {
      assert.ok(part !== undefined, `a section for ${product}`);
      const numbers = part.map(({ cells }) => cells[0]?.replace("OSSA-", "") ?? "");
      assert.deepEqual(numbers, [...numbers].sort(), `${product}: in the order of their numbers`);
      given.push(...numbers);
    }
    assert.equal(new Set(given).size, given.length, `${product}: no advisory twice`);
    assert.deepEqual(
      given.filter((number) => !wanted.includes(number)),
      [],
      `${product}: an advisory that is not listed in advisories.ts`,
    );
    assert.deepEqual(
      wanted.filter((number) => !given.includes(number)),
      [],
      `${product}: advisories without a row`,
    );
  }
});

test("no source starts a shell, and no dependency speaks LDAP, memcached, a message queue, or XML with entities", () => {
  const problems: string[] = [];
  const folder = join(root, "src");
  let looked = 0;
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts")) continue;
    looked += 1;
    const code = readFileSync(join(folder, name), "utf8");
    const imported = /import \{([^}]*)\} from "node:child_process"/.exec(code)?.[1] ?? "";
    if (/\bexec(Sync)?\b/.test(imported)) problems.push(`${name}: child_process.exec is a shell`);
    if (/\bshell: (?!false)/.test(code)) problems.push(`${name}: a command with a shell`);
  }
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, { dev?: boolean }>;
  };
  for (const [name, { dev }] of Object.entries(lock.packages)) {
    // Refuses entities that a document would bring; kernel/xml/parse.ts lets none come so far.
    if (name === "node_modules/@rgrove/parse-xml") continue;
    if (dev !== true && /ldap|memcache|redis|amqp|rabbit|kafka|mongo|xml|sax|soap/i.test(name)) problems.push(name);
  }
  assert.ok(looked > 300 && Object.keys(lock.packages).length > 50);
  assert.deepEqual(problems, []);
});
