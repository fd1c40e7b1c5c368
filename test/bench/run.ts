// make bench: figures beside real OpenStack's, or beside what libvirt and QEMU need alone. PART=api|scale|data|guests runs one part.
// Prints a table and writes dist/bench.json. Figures are of this machine at this moment: compare ratios.
import { resolve } from "node:path";
import { missingForLab } from "../support/lab.ts";
import { apiFigures } from "./api.ts";
import { dataFigures } from "./data.ts";
import { FakeCloud } from "./fake-cloud.ts";
import { guestFigures } from "./guests.ts";
import { Report } from "./report.ts";
import { scaleFigures } from "./scale.ts";

const wanted = (part: string) => (process.env.PART ?? part) === part;
const report = new Report();

for (const [part, figures] of [
  ["api", apiFigures],
  ["scale", scaleFigures],
] as const) {
  if (!wanted(part)) continue;
  const cloud = new FakeCloud();
  try {
    await figures(cloud, report);
  } finally {
    await cloud.close();
  }
}
if (wanted("data")) {
  const cloud = new FakeCloud();
  try {
    cloud.tenrec("stack");
    await cloud.prepare();
    await dataFigures(cloud, report);
  } finally {
    await cloud.close();
  }
}
if (wanted("guests")) {
  const missing = missingForLab();
  if (missing !== null) console.log(`\nno real guests: ${missing}`);
  else await guestFigures(report);
}
report.write(resolve(import.meta.dirname, "../../dist/bench.json"));
