/**
 * build.ts [--force]: makes the pages of the dashboard of ui/, for a checkout and for the single executable: .build/dashboard. Nothing is done
 * where what is there was made of the same sources. No network is needed.
 */
import { createHash } from "node:crypto";
import { existsSync, globSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { extname, join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { BUILT } from "./server/assets.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const UI = join(ROOT, "src/dashboard/ui");
const TARGET = join(ROOT, BUILT);
/** Beside the pages: what they were made of. */
const SOURCE = "source.json";
const COMPRESSED = new Set([".js", ".css", ".html", ".svg", ".json", ".webmanifest"]);

const { values } = parseArgs({ options: { force: { type: "boolean" } } });
const hash = sourceHash();
if (values.force === true || madeOf() !== hash) await make();

function madeOf(): string | null {
  try {
    return (JSON.parse(readFileSync(join(TARGET, SOURCE), "utf8")) as { hash: string }).hash;
  } catch {
    return null;
  }
}

function sourceHash(): string {
  const sources = globSync("**/*", { cwd: UI }).filter((name) => statSync(join(UI, name)).isFile());
  const files = [
    ...sources.sort().map((name) => join(UI, name)),
    join(ROOT, "node_modules/.package-lock.json"),
    import.meta.filename,
  ];
  const sum = createHash("sha256");
  for (const file of files)
    sum
      .update(`${relative(ROOT, file)}\0`)
      .update(readFileSync(file))
      .update("\0");
  return sum.digest("hex");
}

async function make(): Promise<void> {
  const work = `${TARGET}.${process.pid}`;
  mkdirSync(work, { recursive: true });
  try {
    const packages = new Set<string>();
    // A second of its own, which who has nothing to build does without.
    const { build } = await import("vite");
    await build({
      root: UI,
      base: "/dashboard/",
      configFile: false,
      logLevel: "warn",
      publicDir: join(UI, "public"),
      plugins: [twoLanguages(), noting(packages)],
      oxc: { jsx: { runtime: "automatic" } },
      build: {
        outDir: work,
        emptyOutDir: true,
        target: "es2023",
        // Everything comes from a file of its own: the policy of the pages allows nothing else.
        assetsInlineLimit: 0,
        modulePreload: { polyfill: false },
        reportCompressedSize: false,
        chunkSizeWarningLimit: 2_000,
        // Libraries say for whom they are; here all is for the browser.
        rolldownOptions: { checks: { moduleLevelDirective: false } },
      },
    });
    for (const name of globSync("**/*", { cwd: work })) {
      if (!COMPRESSED.has(extname(name))) continue;
      const bytes = readFileSync(join(work, name));
      const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
      writeFileSync(join(work, `${name}.br`), brotliCompressSync(bytes, { params }));
      writeFileSync(join(work, `${name}.gz`), gzipSync(bytes, { level: 9 }));
    }
    writeFileSync(join(work, SOURCE), JSON.stringify({ hash, packages: [...packages].sort() }));
    // Whoever serves the old ones now has the new ones with the next page.
    const old = `${TARGET}.old.${process.pid}`;
    if (existsSync(TARGET)) renameSync(TARGET, old);
    renameSync(work, TARGET);
    rmSync(old, { recursive: true, force: true });
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** The words of the component library in the languages that the pages have. */
function twoLanguages(): Plugin {
  return {
    name: "two-languages",
    enforce: "pre",
    load(id) {
      const language = /\/intl\/(?:.*\/)?([a-z]{2})-[A-Z]{2}\.m?js$/.exec(id)?.[1];
      return language === undefined || ["en", "de"].includes(language) ? null : "export default {};";
    },
  };
}

/** Writes down of which packages something is in the pages: for their licences. */
function noting(packages: Set<string>): Plugin {
  return {
    name: "noting-packages",
    generateBundle(_options, bundle) {
      for (const chunk of Object.values(bundle)) {
        if (chunk.type !== "chunk") continue;
        for (const id of Object.keys(chunk.modules)) {
          const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1];
          if (name !== undefined) packages.add(name);
        }
      }
    },
  };
}
