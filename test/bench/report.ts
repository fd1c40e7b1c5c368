import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** What a figure is compared with. */
export interface Reference {
  ms?: number;
  perSecond?: number;
  mb?: number;
}

/** One line of the table. Times are milliseconds (medians where a call is repeated), memory is 10^6 bytes. */
export interface Row extends Reference {
  what: string;
  reference?: Reference;
  note?: string;
}

/** OpenStack Zed from Debian 12 on 2 quiet cores: fake hypervisor, 2 workers per service, no network agents. Measured once, by the same calls. */
export const OPENSTACK: Readonly<Record<string, Reference>> = {
  "whole stack": { ms: 79_000 },
  "first answer after start": { ms: 37_000 },
  "memory, idle": { mb: 3_422 },
  "POST token": { ms: 186, perSecond: 11 },
  "validate token": { ms: 6.7, perSecond: 287 },
  "flavors in detail": { ms: 5.5, perSecond: 366 },
  images: { ms: 3.4, perSecond: 420 },
  "networks, 21": { ms: 29, perSecond: 36 },
  "ports, 100": { ms: 26, perSecond: 42 },
  "volumes in detail, 0": { ms: 5.7, perSecond: 285 },
  "resource providers": { ms: 3.3, perSecond: 601 },
  "servers in detail, 0": { ms: 12, perSecond: 154 },
  "servers in detail, 100": { ms: 96, perSecond: 15 },
  "POST network": { ms: 48 },
  "POST port": { ms: 114 },
  "POST server to ACTIVE, no network": { ms: 505 },
  "POST server to ACTIVE, one network": { ms: 1_254 },
  "50 servers at once, no network": { ms: 26_000 },
  "50 servers at once, one network": { ms: 55_000 },
  "50 servers deleted": { ms: 15_000 },
  "object GET 4 KiB": { perSecond: 667 },
  "object PUT 4 KiB": { perSecond: 316 },
  "object GET 4 KiB, one connection": { perSecond: 443 },
  "object PUT 4 KiB, one connection": { perSecond: 217 },
  "openstack token issue": { ms: 1_280 },
  "openstack server list, 100": { ms: 1_420 },
};

/** Prints rows as they come, and writes all of them as JSON at the end. */
export class Report {
  readonly #rows: (Row & { part: string })[] = [];
  #part = "";

  part(title: string): void {
    this.#part = title;
    console.log(`\n${title}`);
  }

  add(row: Row): void {
    const reference = row.reference ?? OPENSTACK[row.what];
    this.#rows.push({ part: this.#part, ...row, ...(reference === undefined ? {} : { reference }) });
    const cells = [cell(row.ms, "ms"), cell(row.perSecond, "/s"), cell(row.mb, "MB")].filter((text) => text !== "");
    const remarks = [...(reference === undefined ? [] : comparison(row, reference)), row.note ?? ""];
    console.log(
      `  ${row.what.padEnd(44)} ${cells.join(" ").padEnd(28)} ${remarks.filter((text) => text !== "").join(", ")}`.trimEnd(),
    );
  }

  write(path: string): void {
    mkdirSync(dirname(path), { recursive: true });
    const head = { at: new Date().toISOString(), node: process.version };
    writeFileSync(path, `${JSON.stringify({ ...head, rows: this.#rows }, null, 2)}\n`);
  }
}

function cell(value: number | undefined, unit: string): string {
  if (value === undefined) return "";
  const digits = value >= 100 || unit === "/s" ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits).padStart(9)} ${unit}`;
}

function comparison(row: Row, reference: Reference): string[] {
  const times = (ratio: number) => `${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(2)}x`;
  const parts: string[] = [];
  if (row.ms !== undefined && reference.ms !== undefined) {
    const faster = reference.ms / row.ms;
    parts.push(faster >= 1 ? `${times(faster)} faster` : `${times(1 / faster)} the time`);
  }
  if (row.perSecond !== undefined && reference.perSecond !== undefined)
    parts.push(`${times(row.perSecond / reference.perSecond)} more`);
  if (row.mb !== undefined && reference.mb !== undefined) parts.push(`${times(reference.mb / row.mb)} less`);
  return parts;
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
