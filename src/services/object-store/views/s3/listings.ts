import { type XmlNode, xmlDocument } from "../../../../kernel/xml/write.ts";
import { S3_XMLNS, s3Time } from "./names.ts";
import { person } from "./uploads.ts";

/** How names are written: as they are, or as in URLs. */
export interface Encoding {
  type: "url" | null;
  apply(name: string): string;
}

export interface ListedEntry {
  name: string;
  stamp: number;
  size: number;
  /** In quotes. */
  etag: string;
  owner: string;
  checksum: { algorithm: string; type: string } | undefined;
}

export interface ObjectListing {
  bucket: string;
  prefix: string;
  delimiter: string;
  limit: number;
  isTruncated: boolean;
  encode: Encoding;
  entries: readonly ListedEntry[];
  prefixes: readonly string[];
  nameOf(project: string): string;
}

const contents = ({ entries, encode, nameOf }: ObjectListing, withOwner: boolean): XmlNode[] =>
  entries.map((entry) => [
    "Contents",
    [
      ["Key", encode.apply(entry.name)],
      ["LastModified", s3Time(entry.stamp)],
      ["ETag", entry.etag],
      entry.checksum === undefined ? null : ["ChecksumAlgorithm", entry.checksum.algorithm],
      entry.checksum === undefined ? null : ["ChecksumType", entry.checksum.type],
      ["Size", entry.size],
      withOwner ? person("Owner", entry.owner, nameOf) : null,
      ["StorageClass", "STANDARD"],
    ],
  ]);
const commonPrefixes = ({ prefixes, encode }: ObjectListing): XmlNode[] =>
  prefixes.map((prefix) => ["CommonPrefixes", [["Prefix", encode.apply(prefix)]]]);

export function listingV1(all: ObjectListing, marker: string, nextMarker: string | null): string {
  const { encode } = all;
  return xmlDocument([
    "ListBucketResult",
    [
      ["Name", all.bucket],
      // Clients that ask for the encoding by themselves undo it everywhere but here (botocore).
      ["Prefix", all.prefix],
      ["Marker", encode.apply(marker)],
      nextMarker === null ? null : ["NextMarker", encode.apply(nextMarker)],
      ["MaxKeys", all.limit],
      all.delimiter === "" ? null : ["Delimiter", encode.apply(all.delimiter)],
      encode.type === null ? null : ["EncodingType", encode.type],
      ["IsTruncated", all.isTruncated],
      ...contents(all, true),
      ...commonPrefixes(all),
    ],
    S3_XMLNS,
  ]);
}

export interface Page {
  token: string | null;
  next: string | null;
  startAfter: string | null;
  withOwner: boolean;
}

export function listingV2(all: ObjectListing, { token, next, startAfter, withOwner }: Page): string {
  const { encode } = all;
  return xmlDocument([
    "ListBucketResult",
    [
      ["Name", all.bucket],
      ["Prefix", encode.apply(all.prefix)],
      token === null ? null : ["ContinuationToken", token],
      next === null ? null : ["NextContinuationToken", next],
      startAfter === null ? null : ["StartAfter", encode.apply(startAfter)],
      ["KeyCount", all.entries.length + all.prefixes.length],
      ["MaxKeys", all.limit],
      all.delimiter === "" ? null : ["Delimiter", encode.apply(all.delimiter)],
      encode.type === null ? null : ["EncodingType", encode.type],
      ["IsTruncated", all.isTruncated],
      ...contents(all, withOwner),
      ...commonPrefixes(all),
    ],
    S3_XMLNS,
  ]);
}

export interface ListedVersionEntry extends ListedEntry {
  version: string;
  latest: boolean;
  marker: boolean;
}

export interface VersionPage {
  keyMarker: string;
  versionMarker: string;
  next: { key: string; version: string } | null;
}

export function versionsListing(
  all: Omit<ObjectListing, "entries"> & { entries: readonly ListedVersionEntry[] },
  { keyMarker, versionMarker, next }: VersionPage,
): string {
  const { encode, nameOf } = all;
  return xmlDocument([
    "ListVersionsResult",
    [
      ["Name", all.bucket],
      ["Prefix", encode.apply(all.prefix)],
      ["KeyMarker", encode.apply(keyMarker)],
      ["VersionIdMarker", versionMarker],
      next === null ? null : ["NextKeyMarker", encode.apply(next.key)],
      next === null ? null : ["NextVersionIdMarker", next.version],
      ["MaxKeys", all.limit],
      all.delimiter === "" ? null : ["Delimiter", encode.apply(all.delimiter)],
      encode.type === null ? null : ["EncodingType", encode.type],
      ["IsTruncated", all.isTruncated],
      ...all.entries.map(
        (entry): XmlNode => [
          entry.marker ? "DeleteMarker" : "Version",
          [
            ["Key", encode.apply(entry.name)],
            ["VersionId", entry.version],
            ["IsLatest", entry.latest],
            ["LastModified", s3Time(entry.stamp)],
            entry.marker ? null : ["ETag", entry.etag],
            entry.marker || entry.checksum === undefined ? null : ["ChecksumAlgorithm", entry.checksum.algorithm],
            entry.marker || entry.checksum === undefined ? null : ["ChecksumType", entry.checksum.type],
            entry.marker ? null : ["Size", entry.size],
            person("Owner", entry.owner, nameOf),
            entry.marker ? null : ["StorageClass", "STANDARD"],
          ],
        ],
      ),
      ...commonPrefixes(all as unknown as ObjectListing),
    ],
    S3_XMLNS,
  ]);
}
