import { iso, partitioned } from "./plain.ts";
import { luks, qcow2, qed } from "./qcow2.ts";
import { type Reader, withFile } from "./reader.ts";
import { vdi, vhd, vhdx } from "./virtual-pc.ts";
import { vmdk } from "./vmdk.ts";

/** What one parser found: the content is of its format. */
export interface Finding {
  format: ImageFormat;
  /** Bytes of the disk inside; null when the header does not say. */
  virtualSize: number | null;
  /** Why no tool may open it as this format (it would reach for other files, or the header makes no sense); null when it may. */
  unsafe: string | null;
}

/** "gpt" stands for any partition table, as oslo's inspector names it. */
export type ImageFormat = "qcow2" | "qed" | "luks" | "vmdk" | "vdi" | "vhd" | "vhdx" | "iso" | "gpt" | "raw";

/** Looks at headers only; null when the content is not of the parser's format. */
export type Parser = (reader: Reader) => Promise<Finding | null>;

const PARSERS: readonly Parser[] = [qcow2, qed, luks, vmdk, vdi, vhd, vhdx, iso, partitioned];

export interface Inspection {
  /** Every format the content could be taken for; empty means raw. */
  findings: readonly Finding[];
  size: number;
}

/**
 * Finds out what an image is from its bytes, in our own code: a tool that opens a hostile image may follow its backing file,
 * data file or extents to any file of the host (CVE-2024-32498, CVE-2022-47951, …). Same idea and rules as
 * oslo.utils' imageutils.format_inspector.
 */
export async function inspect(reader: Reader): Promise<Inspection> {
  const findings: Finding[] = [];
  for (const parse of PARSERS) {
    const finding = await parse(reader);
    if (finding !== null) findings.push(finding);
  }
  return { findings, size: reader.size };
}

export const inspectFile = (path: string): Promise<Inspection> => withFile(path, inspect);

export type Verdict =
  | { ok: true; virtualSize: number | null; note: string | null }
  /** `unsafe`: opened as declared it would reach for other files. Otherwise it is only something else than declared. */
  | { ok: false; unsafe: boolean; reason: string };

const INSPECTABLE: ReadonlySet<string> = new Set(["qcow2", "vmdk", "vdi", "vhd", "vhdx", "iso", "raw"]);

/**
 * Whether content may be stored as an image of `declared` disk format. As glance does: something recognised may be declared
 * "raw" (it is then never opened as anything else); what is declared as a format must be exactly that one and harmless.
 */
export function judge(inspection: Inspection, declared: string): Verdict {
  const unsafe = inspection.findings.find((finding) => finding.format === declared)?.unsafe ?? null;
  if (unsafe !== null) return { ok: false, unsafe: true, reason: `Image is not safe: ${unsafe}` };
  const found = settle(inspection.findings);
  if (found === "several") {
    const names = inspection.findings.map(({ format }) => format).join(", ");
    return { ok: false, unsafe: false, reason: `Multiple formats detected: ${names}` };
  }
  if (found === null) {
    if (declared === "raw" || !INSPECTABLE.has(declared)) return { ok: true, virtualSize: inspection.size, note: null };
    return { ok: false, unsafe: false, reason: mismatch(declared, "raw") };
  }
  if (declared === "raw") {
    const note = found.format === "gpt" ? null : `its content looks like ${found.format} but is declared raw`;
    return { ok: true, virtualSize: inspection.size, note };
  }
  if (found.format !== declared) return { ok: false, unsafe: false, reason: mismatch(declared, found.format) };
  return { ok: true, virtualSize: found.virtualSize, note: null };
}

const mismatch = (declared: string, found: string): string =>
  `Image disk_format ${declared} does not match stream data ${found}`;

/** A bootable ISO carries a partition table too; any other mixture is an attempt to be read as two things. */
function settle(findings: readonly Finding[]): Finding | "several" | null {
  const strong = findings.filter(({ format }) => format !== "gpt");
  if (strong.length > 1) return "several";
  const [only] = strong;
  if (only === undefined) return findings[0] ?? null;
  return findings.length === 1 || only.format === "iso" ? only : "several";
}
