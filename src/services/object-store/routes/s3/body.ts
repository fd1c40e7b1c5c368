import { sumOf } from "../../../../kernel/bytes/sums.ts";
import { parseXmlInTurns, type XmlElement } from "../../../../kernel/xml/parse.ts";
import type { Received } from "../../data/receiving.ts";
import { s3Error } from "../../errors.ts";
import type { Managers } from "../../manager/index.ts";
import {
  base64,
  CHECKSUMS,
  type ChecksumName,
  checksumHeader,
  isChecksum,
  isChecksumName,
  sumName,
} from "../../values/checksums.ts";
import { chunkedBody } from "./chunked-body.ts";
import { type S3Request, signedOf } from "./place.ts";

/** Bytes of a small body: configurations, lists of what is to be deleted. */
const XML_LIMIT = 2 * 1024 * 1024;

interface Expectations {
  source: AsyncIterable<Uint8Array>;
  /** Of the bytes themselves, without what stands around chunks; null: not said. */
  length: number | null;
  md5: string | null;
  /** In hexadecimal digits. */
  sha256: string | null;
  /** Its value may come behind the bytes. */
  checksum: { algorithm: ChecksumName; value(): string | undefined } | null;
}

/** What a request says of its body, and the body without chunks around it. Errors: 400, 411. */
function expectations({ headers, bytes, context }: S3Request, needsLength: boolean, isChecked = true): Expectations {
  const payload = headers.get("x-amz-content-sha256") ?? "UNSIGNED-PAYLOAD";
  const isHash = /^[0-9a-f]{64}$/i.test(payload);
  const isStreaming = /^STREAMING-(?:AWS4-HMAC-SHA256-PAYLOAD|UNSIGNED-PAYLOAD)(?:-TRAILER)?$/.test(payload);
  if (!isHash && !isStreaming && payload !== "UNSIGNED-PAYLOAD")
    throw s3Error(
      "InvalidArgument",
      "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, or a valid sha256 value.",
    );
  const decoded = headers.get("x-amz-decoded-content-length");
  if (decoded !== null && !/^\d{1,15}$/.test(decoded))
    throw s3Error("InvalidArgument", "x-amz-decoded-content-length is no number");
  const length = isStreaming ? (decoded === null ? null : Number(decoded)) : (bytes?.announced ?? null);
  const isSaid = headers.has("content-length") || headers.has("transfer-encoding");
  if (needsLength && ((isStreaming && length === null) || !isSaid)) throw s3Error("MissingContentLength");
  const trailers = new Map<string, string>();
  const source: AsyncIterable<Uint8Array> = bytes ?? { async *[Symbol.asyncIterator]() {} };
  const signer = signedOf(context)?.chunks ?? null;
  return {
    source: isStreaming
      ? chunkedBody(source, {
          signer,
          hasTrailer: payload.endsWith("-TRAILER"),
          trailer: (name, value) => trailers.set(name, value),
        })
      : source,
    length,
    md5: md5Of(headers),
    sha256: isHash ? payload.toLowerCase() : null,
    checksum: isChecked ? checksumOf(headers, isStreaming ? trailers : null) : null,
  };
}

/** Content-MD5, in hexadecimal digits. Errors: 400. */
function md5Of(headers: Headers): string | null {
  const sent = headers.get("content-md5");
  if (sent === null) return null;
  const bytes = Buffer.from(sent, "base64");
  if (bytes.length !== 16 || bytes.toString("base64") !== sent.trim())
    throw s3Error("InvalidDigest", "", { "Content-MD5": sent });
  return bytes.toString("hex");
}

/** The checksum that came with a request; x-amz-trailer says which comes behind the bytes. Errors: 400. */
function checksumOf(headers: Headers, trailers: ReadonlyMap<string, string> | null): Expectations["checksum"] {
  const sent = CHECKSUMS.filter((name) => headers.has(checksumHeader(name)));
  const trailer = (headers.get("x-amz-trailer") ?? "")
    .toLowerCase()
    .split(",")
    .map((name) => name.trim());
  const trailing = CHECKSUMS.filter((name) => trailer.includes(checksumHeader(name)));
  const [algorithm, second] = [...sent, ...trailing];
  if (second !== undefined)
    throw s3Error(
      "InvalidRequest",
      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    );
  const named = headers.get("x-amz-sdk-checksum-algorithm");
  if (algorithm === undefined) {
    if (named !== null && isChecksumName(named.toUpperCase()) && headers.has("x-amz-trailer"))
      throw s3Error(
        "InvalidRequest",
        "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.",
      );
    return null;
  }
  if (named !== null && named.toUpperCase() !== algorithm)
    throw s3Error("InvalidRequest", "Value for x-amz-sdk-checksum-algorithm header is invalid.");
  const value = headers.get(checksumHeader(algorithm)) ?? undefined;
  if (value !== undefined && !isChecksum(algorithm, value))
    throw s3Error("InvalidRequest", `Value for ${checksumHeader(algorithm)} header is invalid.`);
  return { algorithm, value: () => value ?? trailers?.get(checksumHeader(algorithm)) };
}

/** Errors: 400. */
function checkSums(
  { sha256, checksum, md5 }: Expectations,
  got: { md5: string; sums: Readonly<Record<string, string>> },
): void {
  if (sha256 !== null && got.sums.sha256 !== sha256) throw s3Error("XAmzContentSHA256Mismatch");
  if (md5 !== null && got.md5 !== md5) throw s3Error("BadDigest");
  const value = checksum?.value();
  if (checksum === null || value === undefined) return;
  if (!isChecksum(checksum.algorithm, value))
    throw s3Error("InvalidRequest", `Value for ${checksumHeader(checksum.algorithm)} trailing header is invalid.`);
  if (base64(got.sums[sumName(checksum.algorithm)]) !== value)
    throw s3Error("BadDigest", `The ${checksum.algorithm} you specified did not match the calculated checksum.`);
}

/**
 * Takes the body of a PUT in, checked against all that the request says of it. `also` is a checksum that is wanted whether it was sent or not;
 * `allows` sees the announced length before anything is read, and throws where that is too much.
 * Errors: 400, 403 (a chunk's signature), 411, 413, and those of `Contents.receive`.
 */
export async function receiveBody(
  { contents, core }: Managers,
  request: S3Request,
  { also = null, allows }: { also?: ChecksumName | null; allows?: (size: number) => void } = {},
): Promise<{ received: Received; checksum: { algorithm: ChecksumName; value: string } | null }> {
  const expected = expectations(request, true);
  if (expected.length !== null) allows?.(expected.length);
  const algorithm = expected.checksum?.algorithm ?? also;
  const sums = [...(expected.sha256 === null ? [] : ["sha256"]), ...(algorithm === null ? [] : [sumName(algorithm)])];
  const received = await contents.receive(expected.source, {
    limit: core.kernel.settings.objectStore.maxFileSize,
    expected: expected.length,
    sums,
  });
  try {
    checkSums(expected, received);
  } catch (error) {
    contents.discard(received);
    throw error;
  }
  return {
    received,
    checksum: algorithm === null ? null : { algorithm, value: base64(received.sums[sumName(algorithm)]) },
  };
}

/** A small body as text. `isChecked` false: the checksum that was sent is not of this body. Errors: 400. */
export async function readText(request: S3Request, limit = XML_LIMIT, isChecked = true): Promise<string> {
  const expected = expectations(request, false, isChecked);
  if ((expected.length ?? 0) > limit) throw s3Error("MalformedXML");
  const all: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of expected.source) {
    size += chunk.byteLength;
    if (size > limit) throw s3Error("MalformedXML");
    all.push(chunk);
  }
  const bytes = Buffer.concat(all);
  const { checksum } = expected;
  const hex = (name: string): string => {
    const sum = sumOf(name);
    sum.update(bytes);
    return sum.digest();
  };
  checkSums(expected, {
    md5: expected.md5 === null ? "" : hex("md5"),
    sums: {
      sha256: expected.sha256 === null ? "" : hex("sha256"),
      ...(checksum === null ? {} : { [sumName(checksum.algorithm)]: hex(sumName(checksum.algorithm)) }),
    },
  });
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw s3Error("MalformedXML");
  }
}

/** Errors: 400. */
export async function readXml(request: S3Request, isChecked = true): Promise<XmlElement> {
  const text = await readText(request, XML_LIMIT, isChecked);
  if (text.trim() === "") throw s3Error("MalformedXML");
  return parseXmlInTurns(text, request.pause);
}
