import { inSlices, type Pause } from "../../../../kernel/turns/slices.ts";
import { childrenOf, malformed, textOf, type XmlElement } from "../../../../kernel/xml/parse.ts";
import { CHECKSUMS, type ChecksumName } from "../../values/checksums.ts";

export interface CompletedPart {
  number: number;
  /** Without quotes. */
  etag: string;
  checksum: { algorithm: ChecksumName; value: string } | null;
}

const MOST_PARTS = 10_000;

/** `<CompleteMultipartUpload><Part>…`. Errors: 400. */
export async function completedParts(root: XmlElement, pause: Pause): Promise<CompletedPart[]> {
  const parts = root.name === "CompleteMultipartUpload" ? childrenOf(root, "Part") : [];
  if (parts.length === 0 || parts.length > MOST_PARTS) throw malformed();
  return inSlices(parts, pause, (slice) => slice.map(completedPart));
}

function completedPart(part: XmlElement): CompletedPart {
  const number = textOf(part, "PartNumber")?.trim() ?? "";
  const etag = textOf(part, "ETag")?.trim();
  if (!/^\d{1,5}$/.test(number) || etag === undefined) throw malformed();
  const algorithm = CHECKSUMS.find((name) => textOf(part, `Checksum${name}`) !== undefined);
  const checksum = algorithm === undefined ? null : { algorithm, value: textOf(part, `Checksum${algorithm}`) ?? "" };
  return { number: Number(number), etag: etag.replace(/^"|"$/g, ""), checksum };
}
