/**
 * build.ts [--output FILE] [--images DIR]: makes the single executable, dist/tenrec, of this checkout: Node itself, the
 * program as one script, and every file it would otherwise read beside its sources. The same input gives the same bytes,
 * wherever the checkout lies: nothing that goes in knows a path or a time.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { constants, zstdCompressSync } from "node:zlib";
import { build } from "esbuild";
import { COMPRESSED, NODE_FLAGS } from "../kernel/program/program.ts";
import { VERSION } from "../version.ts";
import { assetFiles, bundledPackages, licenceTexts, pagePackages } from "./assets.ts";

const ROOT = resolve(import.meta.dirname, "../..");
/** Node looks for this in itself at every start; its last character tells whether there is something to find. */
const FUSE = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";
/** The one file that may ask where it lies: it knows that in the executable it lies nowhere. */
const KNOWS_ITS_PLACE = "src/kernel/program/program.ts";

const COMPRESSION = { params: { [constants.ZSTD_c_compressionLevel]: 10 } };
/** Compiled code has hashes in it, whose seed is random otherwise. This flag alone may differ from those it runs with later. */
const REPEATABLE = ["--random-seed=1"];
/** In code, not in a comment. */
const ASKS_ITS_PLACE = /^(?!\s*(?:\*|\/\/)).*\b(?:import\.meta\b|createRequire\b)/m;

const { values } = parseArgs({ options: { output: { type: "string" }, images: { type: "string" } } });
const output = resolve(values.output ?? join(ROOT, "dist/tenrec"));
const images = resolve(values.images ?? builtImages());
mkdirSync(dirname(output), { recursive: true });
execFileSync(process.execPath, [...process.execArgv, join(ROOT, "src/dashboard/build.ts")], {
  stdio: ["ignore", "ignore", "inherit"],
});
const work = mkdtempSync(join(dirname(output), ".build-"));
try {
  const inputs = await bundle(join(work, "tenrec.cjs"));
  const assets = writeAssets(inputs);
  writeFileSync(join(work, "sea-config.json"), JSON.stringify(seaConfig(assets), null, 2));
  // Relative paths: the script's own goes into the result.
  const words = [...REPEATABLE, "--experimental-sea-config", "sea-config.json"];
  execFileSync(process.execPath, words, { cwd: work, stdio: "pipe" });
  const executable = join(work, "tenrec");
  copyFileSync(process.execPath, executable);
  chmodSync(executable, 0o755);
  // As a program of its own: it says a lot about notes of Node's that it does not know and leaves alone.
  const postject = join(ROOT, "node_modules/postject/dist/cli.js");
  const injection = [executable, "NODE_SEA_BLOB", join(work, "tenrec.blob"), "--sentinel-fuse", FUSE];
  execFileSync(process.execPath, [postject, ...injection], { stdio: "pipe" });
  renameSync(executable, output);
} finally {
  rmSync(work, { recursive: true, force: true });
}
const bytes = readFileSync(output);
console.log(
  `${output}\n${(bytes.length / 1e6).toFixed(1)} MB, sha256 ${createHash("sha256").update(bytes).digest("hex")}`,
);

/** Builds the guest image where that has not been done; returns its directory. */
function builtImages(): string {
  const path = execFileSync(join(ROOT, "images/build.sh"), { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  return dirname(path.trim().split("\n").at(-1) ?? "");
}

/** The program as one script. Returns the files it is made of, from the root. */
async function bundle(outfile: string): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ["src/binary/main.ts"],
    outfile,
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    // Code that is kept compiled cannot import(); require does the same for what is inside.
    supported: { "dynamic-import": false },
    // A checkout's node_modules may be a link; its place is not to show in the result.
    preserveSymlinks: true,
    minifyWhitespace: true,
    minifySyntax: true,
    legalComments: "none",
    metafile: true,
    logLevel: "error",
    logOverride: { "empty-import-meta": "silent" },
  });
  const inputs = Object.keys(metafile.inputs).sort();
  const lost = inputs.filter(
    (input) => input !== KNOWS_ITS_PLACE && ASKS_ITS_PLACE.test(readFileSync(join(ROOT, input), "utf8")),
  );
  if (lost.length > 0) throw new Error(`in one script these would look for files in vain: ${lost.join(" ")}`);
  return inputs;
}

/** Writes what has to be made, compresses what gains by it, and returns the assets, name → path. */
function writeAssets(inputs: readonly string[]): Map<string, string> {
  const files = assetFiles(ROOT, images);
  const packages = bundledPackages(ROOT, [...inputs, ...files.keys(), ...pagePackages(ROOT)]);
  const made: Record<string, string> = {
    "contents.json": JSON.stringify({ version: VERSION, node: process.version, arch: process.arch, packages }),
    "licences.txt": licenceTexts(ROOT, packages),
  };
  for (const [name, text] of Object.entries(made)) writeFileSync(join(work, name), text);
  for (const name of Object.keys(made)) files.set(name, join(work, name));
  const assets = new Map<string, string>();
  for (const [name, path] of [...files].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const bytes = readFileSync(path);
    const packed = name.endsWith(".node") ? bytes : zstdCompressSync(bytes, COMPRESSION);
    if (packed.length > bytes.length * 0.9) {
      assets.set(name, path);
    } else {
      const packedPath = join(work, `${assets.size}${COMPRESSED}`);
      writeFileSync(packedPath, packed);
      assets.set(name + COMPRESSED, packedPath);
    }
  }
  return assets;
}

function seaConfig(assets: ReadonlyMap<string, string>): object {
  return {
    main: "tenrec.cjs",
    output: "tenrec.blob",
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: true,
    execArgv: [...NODE_FLAGS],
    assets: Object.fromEntries(assets),
  };
}
