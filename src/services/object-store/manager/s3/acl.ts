import type { Identity } from "../../../../kernel/auth/context.ts";
import { s3Error } from "../../errors.ts";

export type Permission = "FULL_CONTROL" | "READ" | "WRITE" | "READ_ACP" | "WRITE_ACP";
export const PERMISSIONS: readonly Permission[] = ["FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"];

/** A project by its id, or everybody, or everybody with a key. */
export type Grantee = { project: string } | { group: "AllUsers" | "AuthenticatedUsers" | "LogDelivery" };

export interface Grant {
  grantee: Grantee;
  permission: Permission;
}

/** S3's access list of a bucket or object. Its owner is a project, and may always read and write the list itself. */
export interface Acl {
  owner: string;
  grants: Grant[];
}

export const GROUPS: Readonly<Record<string, "AllUsers" | "AuthenticatedUsers" | "LogDelivery">> = {
  "http://acs.amazonaws.com/groups/global/AllUsers": "AllUsers",
  "http://acs.amazonaws.com/groups/global/AuthenticatedUsers": "AuthenticatedUsers",
  "http://acs.amazonaws.com/groups/s3/LogDelivery": "LogDelivery",
};

const everybody = (permission: Permission): Grant => ({ grantee: { group: "AllUsers" }, permission });
const project = (id: string, permission: Permission): Grant => ({ grantee: { project: id }, permission });

/** The list that a canned one stands for. Errors: 400. */
export function cannedAcl(name: string, owner: string, bucketOwner: string): Acl {
  const own = project(owner, "FULL_CONTROL");
  const more = (permission: Permission): Grant[] => (owner === bucketOwner ? [] : [project(bucketOwner, permission)]);
  const lists: Readonly<Record<string, Grant[]>> = {
    private: [own],
    "public-read": [own, everybody("READ")],
    "public-read-write": [own, everybody("READ"), everybody("WRITE")],
    "authenticated-read": [own, { grantee: { group: "AuthenticatedUsers" }, permission: "READ" }],
    "bucket-owner-read": [own, ...more("READ")],
    "bucket-owner-full-control": [own, ...more("FULL_CONTROL")],
    "aws-exec-read": [own],
    "log-delivery-write": [
      own,
      { grantee: { group: "LogDelivery" }, permission: "WRITE" },
      { grantee: { group: "LogDelivery" }, permission: "READ_ACP" },
    ],
  };
  const grants = lists[name];
  if (grants === undefined)
    throw s3Error("InvalidArgument", "Invalid canned ACL", { ArgumentName: "x-amz-acl", ArgumentValue: name });
  return { owner, grants };
}

const HEADERS: readonly [string, Permission][] = [
  ["x-amz-grant-read", "READ"],
  ["x-amz-grant-write", "WRITE"],
  ["x-amz-grant-read-acp", "READ_ACP"],
  ["x-amz-grant-write-acp", "WRITE_ACP"],
  ["x-amz-grant-full-control", "FULL_CONTROL"],
];

/** The list that headers of a request ask for; null: they ask for none. Errors: 400. */
export function aclOfHeaders(
  headers: Headers,
  owner: string,
  bucketOwner: string,
  isProject: (id: string) => boolean,
): Acl | null {
  const canned = headers.get("x-amz-acl");
  const grants: Grant[] = [];
  for (const [name, permission] of HEADERS) {
    for (const item of (headers.get(name) ?? "").split(",").filter((text) => text.trim() !== "")) {
      const [, kind = "", value = ""] = /^\s*(\w+)\s*=\s*"?([^"]*)"?\s*$/.exec(item) ?? [];
      grants.push({ grantee: granteeOf(kind, value, isProject), permission });
    }
  }
  if (canned !== null && grants.length > 0)
    throw s3Error("InvalidRequest", "Specifying both Canned ACLs and Header Grants is not allowed");
  if (canned !== null) return cannedAcl(canned, owner, bucketOwner);
  return grants.length === 0 ? null : { owner, grants };
}

/** Errors: 400 for what is nobody. */
export function granteeOf(kind: string, value: string, isProject: (id: string) => boolean): Grantee {
  if (kind === "uri") {
    const group = GROUPS[value];
    if (group === undefined)
      throw s3Error("InvalidArgument", "Invalid group uri", { ArgumentName: "uri", ArgumentValue: value });
    return { group };
  }
  if (kind === "id") {
    if (!isProject(value)) throw s3Error("InvalidArgument", "Invalid id", { ArgumentName: "id", ArgumentValue: value });
    return { project: value };
  }
  if (kind === "emailAddress") throw s3Error("UnresolvableGrantByEmailAddress");
  throw s3Error("InvalidArgument", "Argument format not recognized");
}

const OPERATORS: readonly string[] = ["member", "admin", "swiftoperator", "ResellerAdmin"];

/** Whether this user of a project may do what the project may: readers read. */
export function actsForProject({ roles }: Identity, reads: boolean): boolean {
  return OPERATORS.some((role) => roles.has(role)) || (reads && roles.has("reader"));
}

export function aclAllows(acl: Acl, needed: Permission, identity: Identity, ignorePublic: boolean): boolean {
  const acts = actsForProject(identity, needed === "READ" || needed === "READ_ACP");
  const projectId = acts ? identity.projectId : null;
  if (projectId !== null && projectId === acl.owner && (needed === "READ_ACP" || needed === "WRITE_ACP")) return true;
  return acl.grants.some(({ grantee, permission }) => {
    if (permission !== "FULL_CONTROL" && permission !== needed) return false;
    if ("project" in grantee) return projectId !== null && projectId === grantee.project;
    if (ignorePublic || grantee.group === "LogDelivery") return false;
    return grantee.group === "AllUsers" || identity.userId !== "";
  });
}

export const isPublicAcl = ({ grants }: Acl): boolean =>
  grants.some(({ grantee }) => "group" in grantee && grantee.group !== "LogDelivery");
