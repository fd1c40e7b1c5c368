import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { exampleText, referenceText } from "./kernel/config/reference.ts";
import { SERVICES } from "./services.ts";
import { language } from "./settings.ts";

/** README with its table of services as they declare themselves. */
export function readmeText(readme: string): string {
  const rows = SERVICES.map(
    ({ declaration: { name, readme: row } }) => `| ${name.replace("-", " ")} | ${row.works} | ${row.missing} |`,
  );
  return readme.replace(/(\n\| --- \| --- \| --- \|\n)[\s\S]*?(\| telemetry)/, `$1${rows.join("\n")}\n$2`);
}

const place = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url));

/** What is written from the declarations of the services: `node src/generate.ts`. A test compares. */
export const generatedFiles: readonly { readonly path: string; readonly text: () => string }[] = [
  { path: place("local.conf.example"), text: () => exampleText(language) },
  { path: place("docs/local-conf.md"), text: () => referenceText(language) },
  { path: place("README.md"), text: () => readmeText(readFileSync(place("README.md"), "utf8")) },
];

if (import.meta.main) {
  for (const { path, text } of generatedFiles) writeFileSync(path, text());
}
