import type { Identity } from "../../../../kernel/auth/context.ts";
import type { ContainerRow } from "../../store/containers.ts";
import type { ObjectRow } from "../../store/objects.ts";
import { groupsName, parseAcl, referrerAllowed } from "../acl.ts";
import { type Acl, aclAllows, actsForProject, cannedAcl, type Permission } from "./acl.ts";
import { type BucketPolicy, isPublicPolicy, parsePolicy, policySays } from "./bucket-policy.ts";
import type { ConditionValues } from "./policy-conditions.ts";
import { bucketSettings, objectSettings, ownerOf } from "./settings-of-buckets.ts";

/** Which permission of which access list opens it; null: none does, only its owner and policies. */
export interface Needed {
  of: "bucket" | "object";
  permission: Permission;
}

export interface Question {
  identity: Identity;
  bucket: ContainerRow;
  key: string;
  /** "s3:GetObject" */
  action: string;
  needed: Needed | null;
  /** Whether a reader of the project may, too. */
  reads: boolean;
  /** What is there already, of an action on an object. */
  row(): ObjectRow | undefined;
  values(): ConditionValues;
}

const policies = new WeakMap<object, BucketPolicy>();

/** The bucket's policy, parsed; null: it has none. */
export function policyOf(bucket: ContainerRow): BucketPolicy | null {
  const settings = bucketSettings(bucket);
  if (settings.policy === undefined) return null;
  let parsed = policies.get(settings);
  if (parsed === undefined) {
    parsed = parsePolicy(settings.policy, bucket.name);
    policies.set(settings, parsed);
  }
  return parsed;
}

export const bucketAcl = (bucket: ContainerRow): Acl =>
  bucketSettings(bucket).acl ?? cannedAcl("private", ownerOf(bucket), ownerOf(bucket));

export function objectAcl(bucket: ContainerRow, row: ObjectRow): Acl {
  const { acl, owner = ownerOf(bucket) } = objectSettings(row);
  return acl ?? cannedAcl("private", owner, ownerOf(bucket));
}

/** What even a policy that denies it cannot take from the owner, who could not mend the policy otherwise. */
const ALWAYS: ReadonlySet<string> = new Set(["s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"]);

/**
 * Whether S3's rules allow it: what the policy denies is denied, even to the owner; then the owner, the policy, S3's access lists, and
 * the lists that Swift has for the same container.
 */
export function mayS3(question: Question): boolean {
  const { identity, bucket, action, needed } = question;
  const isMaster = isMasterOf(identity, bucket);
  const said = policySaid(question);
  if (said === "Deny" && !(isMaster && ALWAYS.has(action))) return false;
  if (isMaster || (question.reads && isReaderOf(identity, bucket))) return true;
  if (said === "Allow" && (identity.userId === "" || actsForProject(identity, question.reads))) return true;
  if (needed === null) return false;
  return listAllows(question, needed) || swiftAllows(question) || (needed.of === "object" && mayMiss(question));
}

/** That it is not there is for those to know who may list the bucket. */
function mayMiss(question: Question): boolean {
  if (question.row() !== undefined) return false;
  const values = () => ({ ...question.values(), "s3:prefix": [question.key] });
  const needed = { of: "bucket", permission: "READ" } as const;
  return mayS3({ ...question, key: "", action: "s3:ListBucket", needed, reads: true, values });
}

export const isMasterOf = (identity: Identity, bucket: ContainerRow): boolean =>
  identity.roles.has("ResellerAdmin") || (identity.projectId === ownerOf(bucket) && actsForProject(identity, false));
const isReaderOf = (identity: Identity, bucket: ContainerRow): boolean =>
  identity.projectId === ownerOf(bucket) && identity.roles.has("reader");

function policySaid({ identity, bucket, key, action, values }: Question): "Allow" | "Deny" | null {
  const policy = policyOf(bucket);
  if (policy === null) return null;
  const resource = key === "" ? bucket.name : `${bucket.name}/${key}`;
  const said = policySays(policy, { identity, action, resource, values: values() });
  const restricted = bucketSettings(bucket).publicAccess?.restrictPublicBuckets === true;
  const isOwn = identity.projectId === ownerOf(bucket);
  return said === "Allow" && restricted && !isOwn && isPublicPolicy(policy) ? null : said;
}

function listAllows({ identity, bucket, row }: Question, { of, permission }: Needed): boolean {
  const { ownership, publicAccess } = bucketSettings(bucket);
  if (ownership === "BucketOwnerEnforced") return false;
  const ignore = publicAccess?.ignorePublicAcls === true;
  if (of === "bucket") return aclAllows(bucketAcl(bucket), permission, identity, ignore);
  const found = row();
  return found !== undefined && aclAllows(objectAcl(bucket, found), permission, identity, ignore);
}

/** X-Container-Read and X-Container-Write. */
function swiftAllows({ identity, bucket, key, needed, values }: Question): boolean {
  const verb = needed?.permission;
  if (verb !== "READ" && verb !== "WRITE") return false;
  if (verb === "WRITE" && key === "") return false;
  const acl = parseAcl(bucket.headers[verb === "READ" ? "x-container-read" : "x-container-write"]);
  if (groupsName(identity, acl, identity.projectId === ownerOf(bucket))) return true;
  if (verb !== "READ" || bucketSettings(bucket).publicAccess?.ignorePublicAcls === true) return false;
  return (
    referrerAllowed(values()["aws:referer"]?.[0] ?? null, acl) && (key !== "" || acl.groups.includes(".rlistings"))
  );
}
