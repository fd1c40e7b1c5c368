import { type XmlNode, xmlDocument } from "../../../../kernel/xml/write.ts";
import type { Encoding } from "./listings.ts";
import { S3_XMLNS, s3Time } from "./names.ts";
import { person } from "./uploads.ts";

export interface BucketListing {
  owner: string;
  buckets: readonly { name: string; stamp: number }[];
  next: string | null;
  prefix: string;
  region: string;
  encode: Encoding;
  nameOf(project: string): string;
}

export function bucketListing({ owner, buckets, next, prefix, nameOf }: BucketListing): string {
  return xmlDocument([
    "ListAllMyBucketsResult",
    [
      person("Owner", owner, nameOf),
      [
        "Buckets",
        buckets.map(
          ({ name, stamp }): XmlNode => [
            "Bucket",
            [
              ["Name", name],
              ["CreationDate", s3Time(stamp)],
            ],
          ],
        ),
      ],
      next === null ? null : ["ContinuationToken", next],
      prefix === "" ? null : ["Prefix", prefix],
    ],
    S3_XMLNS,
  ]);
}

export const locationDocument = (region: string): string => xmlDocument(["LocationConstraint", region, S3_XMLNS]);
