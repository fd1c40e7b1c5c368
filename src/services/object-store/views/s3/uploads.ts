import { type XmlNode, xmlDocument } from "../../../../kernel/xml/write.ts";
import type { UploadSettings } from "../../manager/s3/settings-of-buckets.ts";
import type { UploadPartRow, UploadRow } from "../../store/uploads.ts";
import type { ChecksumName, ChecksumType } from "../../values/checksums.ts";
import type { Encoding } from "./listings.ts";
import { S3_XMLNS, s3Time } from "./names.ts";

type NameOf = (project: string) => string;
export const person = (element: string, id: string, nameOf: NameOf): XmlNode => [
  element,
  [
    ["ID", id],
    ["DisplayName", nameOf(id)],
  ],
];

export interface PartsListing {
  bucket: string;
  key: string;
  upload: string;
  initiator: string;
  owner: string;
  marker: number;
  limit: number;
  isTruncated: boolean;
  parts: readonly (UploadPartRow & { checksum: { algorithm: ChecksumName; value: string } | undefined })[];
  algorithm: ChecksumName | undefined;
  checksumType: ChecksumType | undefined;
  nameOf: NameOf;
}

export function partsListing(all: PartsListing): string {
  const last = all.parts.at(-1);
  return xmlDocument([
    "ListPartsResult",
    [
      ["Bucket", all.bucket],
      ["Key", all.key],
      ["UploadId", all.upload],
      person("Initiator", all.initiator, all.nameOf),
      person("Owner", all.owner, all.nameOf),
      ["StorageClass", "STANDARD"],
      ["PartNumberMarker", all.marker],
      last === undefined ? null : ["NextPartNumberMarker", last.number],
      ["MaxParts", all.limit],
      ["IsTruncated", all.isTruncated],
      all.algorithm === undefined ? null : ["ChecksumAlgorithm", all.algorithm],
      all.checksumType === undefined ? null : ["ChecksumType", all.checksumType],
      ...all.parts.map(
        (part): XmlNode => [
          "Part",
          [
            ["PartNumber", part.number],
            ["LastModified", s3Time(part.stamp)],
            ["ETag", `"${part.etag}"`],
            ["Size", part.size],
            part.checksum === undefined ? null : [`Checksum${part.checksum.algorithm}`, part.checksum.value],
          ],
        ],
      ),
    ],
    S3_XMLNS,
  ]);
}

export interface UploadsListing {
  bucket: string;
  keyMarker: string;
  idMarker: string;
  prefix: string;
  delimiter: string;
  limit: number;
  isTruncated: boolean;
  next: { key: string; id: string };
  encode: Encoding;
  uploads: readonly (UploadRow & { s3: UploadSettings })[];
  prefixes: readonly string[];
  owner: string;
  nameOf: NameOf;
}

export function uploadsListing(all: UploadsListing): string {
  const { encode } = all;
  return xmlDocument([
    "ListMultipartUploadsResult",
    [
      ["Bucket", all.bucket],
      ["KeyMarker", encode.apply(all.keyMarker)],
      ["UploadIdMarker", all.idMarker],
      all.isTruncated ? ["NextKeyMarker", encode.apply(all.next.key)] : null,
      all.isTruncated ? ["NextUploadIdMarker", all.next.id] : null,
      ["Prefix", encode.apply(all.prefix)],
      all.delimiter === "" ? null : ["Delimiter", encode.apply(all.delimiter)],
      ["MaxUploads", all.limit],
      encode.type === null ? null : ["EncodingType", encode.type],
      ["IsTruncated", all.isTruncated],
      ...all.uploads.map(
        (upload): XmlNode => [
          "Upload",
          [
            ["Key", encode.apply(upload.name)],
            ["UploadId", upload.id],
            person("Initiator", upload.s3.initiator, all.nameOf),
            person("Owner", upload.s3.owner ?? all.owner, all.nameOf),
            ["StorageClass", "STANDARD"],
            ["Initiated", s3Time(upload.stamp)],
            upload.s3.algorithm === undefined ? null : ["ChecksumAlgorithm", upload.s3.algorithm],
            upload.s3.checksumType === undefined ? null : ["ChecksumType", upload.s3.checksumType],
          ],
        ],
      ),
      ...all.prefixes.map((prefix): XmlNode => ["CommonPrefixes", [["Prefix", encode.apply(prefix)]]]),
    ],
    S3_XMLNS,
  ]);
}
