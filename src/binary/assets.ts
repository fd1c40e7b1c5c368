import { existsSync, globSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { BUILT } from "../dashboard/server/assets.ts";
import { CONSOLE_ASSETS } from "../services/compute/consoles/assets.ts";

/** Files that go into the single executable, name → path; `images` is where images/build.sh left its results. */
export function assetFiles(root: string, images: string): Map<string, string> {
  const files = new Map<string, string>();
  files.set("better_sqlite3.node", join(root, "node_modules/better-sqlite3/prebuilds", `${platform()}.node`));
  files.set("images/catalogue.json", join(root, "images/catalogue.json"));
  for (const name of guestImageFiles(root)) files.set(`images/${name}`, join(images, name));
  for (const place of WEB) for (const name of filesIn(root, place)) files.set(name, join(root, name));
  return new Map([...files].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Pages, scripts and pictures that are served as they are, files or folders from the root; `programFile` reads them. */
const WEB: readonly string[] = [...CONSOLE_ASSETS, BUILT];

/** Of which packages something is in the pages of the dashboard, as paths into them. */
export function pagePackages(root: string): string[] {
  const { packages } = JSON.parse(readFileSync(join(root, BUILT, "source.json"), "utf8")) as { packages: string[] };
  return packages.map((name) => `node_modules/${name}/package.json`);
}

function filesIn(root: string, place: string): string[] {
  if (statSync(join(root, place)).isFile()) return [place];
  return globSync(`${place}/**/*`, { cwd: root }).filter((name) => statSync(join(root, name)).isFile());
}

/** Debian's C library: the executable is not for musl. */
const platform = (): string => `linux-${process.arch}`;

interface CatalogueEntry {
  file: string;
  parts: Record<string, { file: string }>;
}

/** The catalogue says what belongs to an image; the manifest says which packages it is made of. */
function guestImageFiles(root: string): string[] {
  const catalogue = JSON.parse(readFileSync(join(root, "images/catalogue.json"), "utf8")) as CatalogueEntry[];
  return catalogue.flatMap(({ file, parts }) => [
    file,
    ...Object.values(parts).map((part) => part.file),
    file.replace(/\.qcow2$/, ".manifest"),
  ]);
}

export interface BundledPackage {
  name: string;
  version: string;
  license: string;
}

/** The npm packages that the bundle's input files come from, sorted. `inputs` are paths from the root. */
export function bundledPackages(root: string, inputs: readonly string[]): BundledPackage[] {
  const names = new Set<string>();
  for (const input of inputs) {
    const name = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1];
    if (name !== undefined) names.add(name);
  }
  return [...names].sort().map((name) => {
    const { version, license } = JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")) as {
      version: string;
      license?: string;
    };
    return { name, version, license: license ?? "" };
  });
}

/** What the licences of everything inside ask to be passed on. */
export function licenceTexts(root: string, packages: readonly BundledPackage[]): string {
  const node = dirname(dirname(process.execPath));
  const texts = [
    ["tenrec", root],
    ["Node.js", node],
    ...packages.map(({ name }) => [name, join(root, "node_modules", name)] as const),
  ] as const;
  return texts
    .map(([name, folder]) => `${"=".repeat(78)}\n${name}\n${"=".repeat(78)}\n\n${licenceIn(folder)}\n`)
    .join("\n");
}

function licenceIn(folder: string): string {
  const names = existsSync(folder) ? globSync(["LICEN[CS]E*", "licen[cs]e*"], { cwd: folder }).sort() : [];
  const [name] = names;
  return name === undefined ? "(see the package's own pages)" : readFileSync(join(folder, name), "utf8").trim();
}
