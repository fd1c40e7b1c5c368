import { createHash } from "node:crypto";
import { Command } from "commander";
import { isPackaged, packagedAsset, packagedAssets, projectRoot } from "../kernel/program/program.ts";
import { VERSION } from "../version.ts";

interface Contents {
  node: string;
  arch: string;
  packages: { name: string; version: string; license: string }[];
}

interface VersionOptions {
  contents?: boolean;
  licences?: boolean;
  json?: boolean;
}

export function versionCommand(): Command {
  return new Command("version")
    .description("Say the version, and what the single executable is made of")
    .option("--contents", "every file inside with its size and sha256, and every npm package")
    .option("--licences", "the licence texts of everything inside")
    .option("--json", "--contents for machines")
    .action((options: VersionOptions) => {
      process.stdout.write(options.json === true ? `${JSON.stringify(described())}\n` : text(options));
    });
}

function text({ contents, licences }: VersionOptions): string {
  const { version, node, arch, checkout } = described();
  const head = `tenrec ${version}, Node.js ${node} on ${arch}, ${checkout ?? process.execPath}\n`;
  if (contents !== true && licences !== true) return head;
  if (!isPackaged()) return `${head}This is a checkout; only the single executable (make binary) has files inside.\n`;
  return head + (contents === true ? contentsText() : "") + (licences === true ? `\n${string("licences.txt")}` : "");
}

function contentsText(): string {
  const { assets, packages } = described();
  const width = Math.max(...assets.map(({ name }) => name.length));
  const files = assets.map(
    ({ name, bytes, sha256 }) => `${name.padEnd(width)} ${String(bytes).padStart(9)}  ${sha256}`,
  );
  const lines = packages.map(({ name, version, license }) => `${name} ${version} (${license})`);
  return `\nFiles, with their bytes and sha256 as they are used:\n${files.join("\n")}\n\nnpm packages:\n${lines.join("\n")}\n`;
}

function described() {
  const inside: Contents = isPackaged()
    ? (JSON.parse(string("contents.json")) as Contents)
    : { node: process.version, arch: process.arch, packages: [] };
  const assets = packagedAssets().map((name) => {
    const bytes = packagedAsset(name);
    return { name, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  });
  return { version: VERSION, checkout: projectRoot(), ...inside, assets };
}

const string = (name: string): string => new TextDecoder().decode(packagedAsset(name));
