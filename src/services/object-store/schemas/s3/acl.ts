import { childOf, childrenOf, textOf, type XmlElement } from "../../../../kernel/xml/parse.ts";
import { s3Error } from "../../errors.ts";

/** A grant as it was sent: whose is to be looked up. */
export interface SentGrant {
  kind: "id" | "uri" | "emailAddress";
  who: string;
  permission: "FULL_CONTROL" | "READ" | "WRITE" | "READ_ACP" | "WRITE_ACP";
}

const PERMISSIONS = ["FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"] as const;
const KINDS = {
  CanonicalUser: ["id", "ID"],
  Group: ["uri", "URI"],
  AmazonCustomerByEmail: ["emailAddress", "EmailAddress"],
} as const;
const MOST_GRANTS = 100;

/** `<AccessControlPolicy>`. Errors: 400. */
export function sentAcl(root: XmlElement): { owner: string | undefined; grants: SentGrant[] } {
  const list = childOf(root, "AccessControlList");
  if (root.name !== "AccessControlPolicy" || list === undefined) throw s3Error("MalformedACLError");
  const grants = childrenOf(list, "Grant");
  if (grants.length > MOST_GRANTS) throw s3Error("MalformedACLError");
  const owner = childOf(root, "Owner");
  return { owner: owner === undefined ? undefined : textOf(owner, "ID"), grants: grants.map(grantOf) };
}

function grantOf(grant: XmlElement): SentGrant {
  const grantee = childOf(grant, "Grantee");
  const permission = PERMISSIONS.find((name) => name === textOf(grant, "Permission")?.trim());
  if (grantee === undefined || permission === undefined) throw s3Error("MalformedACLError");
  const type = Object.entries(grantee.attributes).find(([name]) => /(?:^|:)type$/.test(name))?.[1];
  const kind = KINDS[type as keyof typeof KINDS];
  if (kind === undefined) throw s3Error("MalformedACLError");
  const who = textOf(grantee, kind[1]);
  if (who === undefined) throw s3Error("MalformedACLError");
  return { kind: kind[0], who: who.trim(), permission };
}
