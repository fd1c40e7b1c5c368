import type { Identity } from "../../kernel/auth/context.ts";
import { anyone, ownerRule, type PolicyTable, type Rule, type Target } from "../../kernel/policy/policy.ts";

/** Roles that make somebody the master of the account of their project: [keystoneauth] operator_roles as DevStack has it. */
const OPERATORS: readonly string[] = ["member", "admin", "swiftoperator"];
export const RESELLER_ADMIN = "ResellerAdmin";

/** What rules ask of an account, container or object: whose it is, and whom its access lists name. */
export interface Owned extends Target {
  projectId: string;
  /** By list of a container or account, by referrer, or by a signed URL. */
  grants(identity: Identity): boolean;
}

export const isReseller = ({ roles }: Pick<Identity, "roles">): boolean => roles.has(RESELLER_ADMIN);
const isOf = ({ projectId }: Identity, target: Target): boolean => projectId !== null && projectId === target.projectId;

/** Whether it may do all with an account: see its access lists, change them. Swift calls that swift_owner. */
export const isMaster = (identity: Identity, target: Target): boolean =>
  isReseller(identity) || (isOf(identity, target) && OPERATORS.some((role) => identity.roles.has(role)));

const master: Rule = ownerRule(
  "role:ResellerAdmin or (project_id:%(project_id)s and (role:member or role:admin or role:swiftoperator))",
  (identity, target) => target === null || isMaster(identity, target),
);
const masterOrNamed: Rule = ownerRule(
  `${master.text} or an access list`,
  (identity, target) => target === null || isMaster(identity, target) || (target as Owned).grants(identity),
);
/** Readers of a project are what their name says. */
const reader: Rule = ownerRule(
  `${masterOrNamed.text} or (project_id:%(project_id)s and role:reader)`,
  (identity, target) =>
    target === null ||
    isMaster(identity, target) ||
    (isOf(identity, target) && identity.roles.has("reader")) ||
    (target as Owned).grants(identity),
);
const resellerAdmin: Rule = ownerRule(
  "role:ResellerAdmin",
  // Who has not said who they are is asked to (401) before being refused.
  (identity, target) => isReseller(identity) || (target === null && identity.userId === ""),
);

/** What S3's rules say of a bucket or object: its owner, its policy, its access lists (manager/s3/access.ts). */
export interface S3Target extends Target {
  allows(identity: Identity): boolean;
}

const s3: Rule = ownerRule(
  "its owner, the bucket's policy or an access list",
  (identity, target) => target === null || (target as S3Target).allows(identity),
);
const ownAccount: Rule = ownerRule(
  "project_id:%(project_id)s and (role:member or role:admin or role:swiftoperator or role:reader)",
  (identity, target) =>
    identity.projectId !== null &&
    (target === null || isOf(identity, target)) &&
    [...OPERATORS, "reader"].some((role) => identity.roles.has(role)),
);

export const policies: PolicyTable = {
  "object-store:s3": s3,
  "object-store:website": anyone,
  "object-store:s3_list_buckets": ownAccount,
  "object-store:info": anyone,
  "object-store:preflight": anyone,
  // What a form's signature allows, which the handler asks: it stands behind the fields that it signs.
  "object-store:form": anyone,
  "object-store:read_account": reader,
  "object-store:write_account": masterOrNamed,
  "object-store:manage_account": resellerAdmin,
  "object-store:read_container": reader,
  "object-store:write_container": masterOrNamed,
  "object-store:read_object": reader,
  "object-store:write_object": masterOrNamed,
};
