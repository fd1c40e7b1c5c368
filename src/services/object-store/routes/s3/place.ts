import type { Identity, RequestContext } from "../../../../kernel/auth/context.ts";
import type { ApiRequest, Lookup, Touched } from "../../../../kernel/http/route.ts";
import { s3Error } from "../../errors.ts";
import type { S3Identity, Signed } from "../../fronts/s3/identity.ts";
import type { Managers } from "../../manager/index.ts";
import { isMasterOf, mayS3, type Needed, type Question } from "../../manager/s3/access.ts";
import type { ConditionValues } from "../../manager/s3/policy-conditions.ts";
import { objectSettings, ownerOf } from "../../manager/s3/settings-of-buckets.ts";
import type { S3Target } from "../../policies.ts";
import { parseTagging } from "../../schemas/s3/tags.ts";
import type { ContainerRow } from "../../store/containers.ts";
import type { ObjectRow } from "../../store/objects.ts";
import { stampOf } from "../../values/stamps.ts";
import { withCors } from "./preflight.ts";

/** What an S3 request is about, as far as it is there. */
export interface S3Place {
  bucketName: string;
  /** Undefined only where it is to be made. */
  bucket: ContainerRow | undefined;
  /** "" for a bucket. */
  key: string;
  owned: S3Target;
  isAnonymous: boolean;
  /** What lets scripts of other sites read the answer. */
  cors: Record<string, string>;
}

export type S3Request = ApiRequest<unknown, S3Place>;

/** An action as policies name it, and what of access lists opens it. */
export interface Act {
  action: string | ((lookup: Lookup) => string);
  needed: Needed | null;
  /** Readers of the project may. */
  reads: boolean;
}

export type S3Places = ReturnType<typeof s3Places>;

/** AWS's rules of names, which Swift's containers need not follow. */
export const isBucketName = (name: string): boolean =>
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
  !/\.\.|\.-|-\.|^(?:\d{1,3}\.){3}\d{1,3}$|^xn--|-s3alias$/.test(name);

export const signedOf = (context: RequestContext): Signed | null => (context as Partial<S3Identity>).s3 ?? null;

/** Errors: 400. */
export function versionStamp(id: string): number | "null" {
  if (id === "null") return "null";
  const stamp = stampOf(id);
  if (stamp === null)
    throw s3Error("InvalidArgument", "Invalid version id specified", { ArgumentName: "versionId", ArgumentValue: id });
  return stamp;
}

export function s3Places({ containers, objects, core }: Managers) {
  /** One's own first; else whoever's: names of buckets are one for all. */
  function bucketOf(identity: Identity, name: string): ContainerRow | undefined {
    const own = identity.projectId === null ? undefined : containers.get(`AUTH_${identity.projectId}`, name);
    return own ?? containers.named(name);
  }

  function rowOf(bucket: ContainerRow, key: string, id: string | null): ObjectRow | undefined {
    if (key === "") return undefined;
    if (id === null) return objects.get(bucket.id, key);
    try {
      return objects.version(bucket.id, key, versionStamp(id));
    } catch {
      return undefined;
    }
  }

  function question(
    lookup: Lookup,
    bucket: ContainerRow,
    key: string,
    act: Act,
    version = lookup.query.get("versionId"),
  ): Question {
    let found: { row: ObjectRow | undefined } | null = null;
    const row = () => {
      found ??= { row: rowOf(bucket, key, version) };
      return found.row;
    };
    let made: ConditionValues | null = null;
    return {
      identity: lookup.context,
      bucket,
      key,
      action: typeof act.action === "string" ? act.action : act.action(lookup),
      needed: act.needed,
      reads: act.reads,
      row,
      values() {
        made ??= conditionValues(lookup, bucket, row, core.kernel.clock.now());
        return made;
      },
    };
  }

  const targetOf = (asked: Question): S3Target => ({
    projectId: asked.bucket.account.replace(/^AUTH_/, ""),
    allows: (identity) => mayS3({ ...asked, identity }),
  });

  function find(lookup: Lookup, act: Act, creates: boolean): S3Place {
    const { param, context } = lookup;
    const bucketName = param("bucket");
    const key = param("key");
    const bucket = bucketOf(context, bucketName);
    const isAnonymous = context.userId === "";
    if (creates) {
      const target = { projectId: context.projectId, allows: mayCreate };
      return { bucketName, bucket, key, owned: target, isAnonymous, cors: {} };
    }
    const expected = lookup.headers.get("x-amz-expected-bucket-owner");
    if (bucket !== undefined && expected !== null && expected !== bucket.account.replace(/^AUTH_/, ""))
      throw s3Error("AccessDenied");
    if (bucket === undefined) throw s3Error(isBucketName(bucketName) ? "NoSuchBucket" : "InvalidBucketName");
    return {
      bucketName,
      bucket,
      key,
      owned: targetOf(question(lookup, bucket, key, act)),
      isAnonymous,
      cors: withCors(bucket, lookup, {}).headers ?? {},
    };
  }

  const touched = (kind: string, act: Act, creates = false): Touched<S3Place> => ({
    kind,
    find: (lookup) => find(lookup, act, creates),
    owner: (place) => place.owned,
    refused: ({ cors }) => Object.assign(s3Error("AccessDenied"), { headers: cors }),
  });

  return {
    bucketOf,
    rowOf,
    bucket: (action: Act["action"], needed: Needed | null, reads: boolean) =>
      touched("s3-bucket", { action, needed, reads }),
    object: (action: Act["action"], needed: Needed | null, reads: boolean) =>
      touched("s3-object", { action, needed, reads }),
    /** Its name leads to nothing that is the caller's yet, and it comes to be in the caller's own account. */
    newBucket: touched("absent", { action: "s3:CreateBucket", needed: null, reads: false }, true),
    /** Another place than the record's: whether the caller may do this there, too. */
    may(request: Lookup, bucket: ContainerRow, key: string, act: Act, version: string | null = null): boolean {
      return mayS3(question(request, bucket, key, act, version));
    },
    /** Whether the caller may learn that a key is not there. */
    mayList(request: Lookup, bucket: ContainerRow, key: string): boolean {
      const act: Act = { action: "s3:ListBucket", needed: { of: "bucket", permission: "READ" }, reads: true };
      const asked = question(request, bucket, "", act, null);
      return mayS3({ ...asked, values: () => ({ ...asked.values(), "s3:prefix": [key] }) });
    },
    isMaster: isMasterOf,
  };
}

const mayCreate = ({ projectId, roles }: Identity): boolean =>
  projectId !== null && ["member", "admin", "swiftoperator", "ResellerAdmin"].some((role) => roles.has(role));

const DAY = 86_400_000;

/** "20261130T155226Z" → milliseconds since the epoch. */
function stampTime(text: string | null): number | null {
  const at = Date.parse((text ?? "").replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  return Number.isNaN(at) ? null : at;
}

function conditionValues(
  lookup: Lookup,
  bucket: ContainerRow,
  row: () => ObjectRow | undefined,
  now: number,
): ConditionValues {
  const { headers, query, context, clientAddress, baseUrl } = lookup;
  const signed = signedOf(context);
  const values: Record<string, string[]> = {
    "aws:sourceip": [clientAddress.replace(/^::ffff:/, "")],
    "aws:securetransport": [String(baseUrl.startsWith("https:"))],
    "aws:currenttime": [new Date(now).toISOString()],
    "aws:epochtime": [String(Math.floor(now / 1000))],
    "aws:principaltype": [signed === null ? "Anonymous" : "User"],
  };
  const put = (key: string, value: string | null | undefined) => {
    if (value !== null && value !== undefined && value !== "") values[key] = [value];
  };
  put("aws:useragent", headers.get("user-agent"));
  put("aws:referer", headers.get("referer"));
  put("aws:userid", context.userId);
  put("aws:username", context.userName);
  if (signed !== null) {
    put("aws:principalaccount", context.projectId);
    put("aws:principalarn", `arn:aws:iam::${context.projectId}:user/${context.userName}`);
  }
  for (const key of ["aws:resourceaccount", "s3:resourceaccount"]) put(key, ownerOf(bucket));
  const at = stampTime(headers.get("x-amz-date") ?? query.get("X-Amz-Date"));
  if (signed !== null && at !== null) put("s3:signatureage", String(now - at));
  put("s3:signatureversion", signed?.version);
  put("s3:authtype", signed?.by);
  for (const name of ["prefix", "delimiter", "max-keys"]) {
    const value = query.get(name);
    if (value !== null) values[`s3:${name}`] = [value];
  }
  put("s3:versionid", query.get("versionId"));
  for (const [name, value] of headers) if (name.startsWith("x-amz-")) put(`s3:${name}`, value);
  for (const [name, value] of headers) {
    if (name.startsWith("x-amz-object-lock-")) put(`s3:${name.slice("x-amz-".length)}`, value);
  }
  const until = Date.parse(headers.get("x-amz-object-lock-retain-until-date") ?? "");
  if (!Number.isNaN(until)) put("s3:object-lock-remaining-retention-days", String(Math.ceil((until - now) / DAY)));
  const source = headers.get("x-amz-copy-source");
  if (source !== null) put("s3:x-amz-copy-source", decodedName(source).replace(/^\//, ""));
  for (const { key, value } of tagsSent(headers)) {
    put(`s3:requestobjecttag/${key.toLowerCase()}`, value);
    values["s3:requestobjecttagkeys"] = [...(values["s3:requestobjecttagkeys"] ?? []), key];
  }
  const found = row();
  for (const { key, value } of found === undefined ? [] : (objectSettings(found).tags ?? []))
    put(`s3:existingobjecttag/${key.toLowerCase()}`, value);
  return values;
}

/** What cannot be decoded is refused where it is used. */
function decodedName(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function tagsSent(headers: Headers) {
  const sent = headers.get("x-amz-tagging");
  return sent === null ? [] : parseTagging(sent);
}

/** Errors: 404. */
export function bucketOf({ bucket }: S3Place): ContainerRow {
  if (bucket === undefined) throw s3Error("NoSuchBucket");
  return bucket;
}
