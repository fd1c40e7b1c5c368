import { type XmlNode, xmlDocument } from "../../../../kernel/xml/write.ts";
import type { LifecycleRule } from "../../manager/s3/lifecycle.ts";
import type {
  BucketSettings,
  CorsRule,
  PublicAccessBlock,
  Tag,
  Website,
} from "../../manager/s3/settings-of-buckets.ts";
import { S3_XMLNS } from "./names.ts";

const tag = ({ key, value }: Tag): XmlNode => [
  "Tag",
  [
    ["Key", key],
    ["Value", value],
  ],
];
const optional = (name: string, value: string | number | undefined): XmlNode | null =>
  value === undefined ? null : [name, value];

export const taggingDocument = (tags: readonly Tag[]): string =>
  xmlDocument(["Tagging", [["TagSet", [...tags].sort((a, b) => (a.key < b.key ? -1 : 1)).map(tag)]], S3_XMLNS]);

export const corsDocument = (rules: readonly CorsRule[]): string =>
  xmlDocument([
    "CORSConfiguration",
    rules.map(
      (rule): XmlNode => [
        "CORSRule",
        [
          optional("ID", rule.id),
          ...rule.methods.map((method): XmlNode => ["AllowedMethod", method]),
          ...rule.origins.map((origin): XmlNode => ["AllowedOrigin", origin]),
          ...rule.headers.map((name): XmlNode => ["AllowedHeader", name]),
          ...rule.exposed.map((name): XmlNode => ["ExposeHeader", name]),
          optional("MaxAgeSeconds", rule.maxAge),
        ],
      ],
    ),
    S3_XMLNS,
  ]);

export const lifecycleDocument = (rules: readonly LifecycleRule[]): string =>
  xmlDocument(["LifecycleConfiguration", rules.map(lifecycleRule), S3_XMLNS]);

function lifecycleRule(rule: LifecycleRule): XmlNode {
  const { expiration, noncurrent, abort } = rule;
  return [
    "Rule",
    [
      ["ID", rule.id],
      ["Status", rule.enabled ? "Enabled" : "Disabled"],
      rule.isOldForm ? ["Prefix", rule.prefix] : ["Filter", filterNodes(rule)],
      expiration === undefined
        ? null
        : [
            "Expiration",
            [
              optional("Days", expiration.days),
              expiration.date === undefined ? null : ["Date", new Date(expiration.date).toISOString()],
              expiration.marker === undefined ? null : ["ExpiredObjectDeleteMarker", expiration.marker],
            ],
          ],
      noncurrent === undefined
        ? null
        : [
            "NoncurrentVersionExpiration",
            [["NoncurrentDays", noncurrent.days], optional("NewerNoncurrentVersions", noncurrent.newer)],
          ],
      abort === undefined ? null : ["AbortIncompleteMultipartUpload", [["DaysAfterInitiation", abort]]],
    ],
  ];
}

function filterNodes({ prefix, tags, greater, less }: LifecycleRule): (XmlNode | null)[] {
  const nodes = [
    optional("ObjectSizeGreaterThan", greater),
    optional("ObjectSizeLessThan", less),
    ...tags.map(tag),
    prefix === "" ? null : (["Prefix", prefix] as const),
  ].filter((node) => node !== null);
  if (nodes.length > 1) return [["And", nodes]];
  return nodes.length === 0 ? [["Prefix", ""]] : nodes;
}

export function websiteDocument({ redirectAll, index, error, rules }: Website): string {
  return xmlDocument([
    "WebsiteConfiguration",
    [
      redirectAll === undefined
        ? null
        : ["RedirectAllRequestsTo", [["HostName", redirectAll.host], optional("Protocol", redirectAll.protocol)]],
      index === undefined ? null : ["IndexDocument", [["Suffix", index]]],
      error === undefined ? null : ["ErrorDocument", [["Key", error]]],
      rules.length === 0
        ? null
        : [
            "RoutingRules",
            rules.map(
              ({ condition, redirect }): XmlNode => [
                "RoutingRule",
                [
                  condition === undefined
                    ? null
                    : [
                        "Condition",
                        [
                          optional("HttpErrorCodeReturnedEquals", condition.errorCode),
                          optional("KeyPrefixEquals", condition.prefix),
                        ],
                      ],
                  [
                    "Redirect",
                    [
                      optional("Protocol", redirect.protocol),
                      optional("HostName", redirect.host),
                      optional("ReplaceKeyPrefixWith", redirect.replacePrefix),
                      optional("ReplaceKeyWith", redirect.replaceKey),
                      optional("HttpRedirectCode", redirect.code),
                    ],
                  ],
                ],
              ],
            ),
          ],
    ],
    S3_XMLNS,
  ]);
}

export function objectLockDocument({ default: rule }: NonNullable<BucketSettings["lock"]>): string {
  return xmlDocument([
    "ObjectLockConfiguration",
    [
      ["ObjectLockEnabled", "Enabled"],
      rule === undefined
        ? null
        : [
            "Rule",
            [["DefaultRetention", [["Mode", rule.mode], optional("Days", rule.days), optional("Years", rule.years)]]],
          ],
    ],
    S3_XMLNS,
  ]);
}

export const publicAccessDocument = (block: PublicAccessBlock): string =>
  xmlDocument([
    "PublicAccessBlockConfiguration",
    [
      ["BlockPublicAcls", block.blockPublicAcls],
      ["IgnorePublicAcls", block.ignorePublicAcls],
      ["BlockPublicPolicy", block.blockPublicPolicy],
      ["RestrictPublicBuckets", block.restrictPublicBuckets],
    ],
    S3_XMLNS,
  ]);
