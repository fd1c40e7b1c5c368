import type { ContainerRow } from "../../store/containers.ts";
import type { ObjectRow } from "../../store/objects.ts";
import type { Checksum, ChecksumName, ChecksumType } from "../../values/checksums.ts";
import type { Acl } from "./acl.ts";
import type { LifecycleRule } from "./lifecycle.ts";
import type { DefaultRetention, Retention } from "./object-lock.ts";

export interface Tag {
  key: string;
  value: string;
}

export interface CorsRule {
  id?: string;
  origins: string[];
  methods: string[];
  headers: string[];
  exposed: string[];
  maxAge?: number;
}

export interface PublicAccessBlock {
  blockPublicAcls: boolean;
  ignorePublicAcls: boolean;
  blockPublicPolicy: boolean;
  restrictPublicBuckets: boolean;
}

export type Ownership = "BucketOwnerEnforced" | "BucketOwnerPreferred" | "ObjectWriter";

export interface RoutingRule {
  condition?: { errorCode?: number; prefix?: string };
  redirect: { protocol?: string; host?: string; replacePrefix?: string; replaceKey?: string; code?: number };
}

export interface Website {
  redirectAll?: { host: string; protocol?: string };
  index?: string;
  error?: string;
  rules: RoutingRule[];
}

/** What S3 keeps of a bucket, in the container's `system.s3`. */
export interface BucketSettings {
  /** Made through S3, where names are one for all projects. */
  isBucket?: boolean;
  region?: string;
  acl?: Acl;
  /** As it was put. */
  policy?: string;
  tags?: Tag[];
  cors?: CorsRule[];
  lifecycle?: LifecycleRule[];
  website?: Website;
  lock?: { default?: DefaultRetention };
  ownership?: Ownership;
  publicAccess?: PublicAccessBlock;
}

/** What S3 keeps of an object, in its `system.s3`. */
export interface ObjectSettings {
  /** The project that put it; absent: the bucket's. */
  owner?: string;
  acl?: Acl;
  tags?: Tag[];
  checksum?: Checksum;
  retention?: Retention;
  legalHold?: boolean;
  redirect?: string;
  /** The upload that it was completed from: that may be said again. */
  upload?: string;
  parts?: number;
}

/** What S3 keeps of an upload in parts. */
export interface UploadSettings extends ObjectSettings {
  initiator: string;
  algorithm?: ChecksumName;
  checksumType?: ChecksumType;
}

export const bucketSettings = ({ system }: Pick<ContainerRow, "system">): BucketSettings =>
  (system.s3 as BucketSettings | undefined) ?? {};

export const objectSettings = ({ system }: Pick<ObjectRow, "system">): ObjectSettings =>
  (system.s3 as ObjectSettings | undefined) ?? {};

/** "AUTH_<project>" → the project. */
export const ownerOf = ({ account }: Pick<ContainerRow, "account">): string => account.replace(/^AUTH_/, "");
