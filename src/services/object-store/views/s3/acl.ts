import { type XmlNode, xmlDocument } from "../../../../kernel/xml/write.ts";
import type { Acl, Grantee } from "../../manager/s3/acl.ts";
import { S3_XMLNS } from "./names.ts";
import { person } from "./uploads.ts";

const XSI = "http://www.w3.org/2001/XMLSchema-instance";
const URIS = {
  AllUsers: "http://acs.amazonaws.com/groups/global/AllUsers",
  AuthenticatedUsers: "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
  LogDelivery: "http://acs.amazonaws.com/groups/s3/LogDelivery",
} as const;

export function aclDocument({ owner, grants }: Acl, nameOf: (id: string) => string): string {
  return xmlDocument([
    "AccessControlPolicy",
    [
      person("Owner", owner, nameOf),
      [
        "AccessControlList",
        // Everybody first, as in RGW's answers.
        [...grants]
          .sort((a, b) => Number("project" in a.grantee) - Number("project" in b.grantee))
          .map(
            ({ grantee, permission }): XmlNode => ["Grant", [granteeNode(grantee, nameOf), ["Permission", permission]]],
          ),
      ],
    ],
    S3_XMLNS,
  ]);
}

function granteeNode(grantee: Grantee, nameOf: (id: string) => string): XmlNode {
  const attributes = (type: string) => ({ "xmlns:xsi": XSI, "xsi:type": type });
  if ("group" in grantee) return ["Grantee", [["URI", URIS[grantee.group]]], attributes("Group")];
  const { project } = grantee;
  return [
    "Grantee",
    [
      ["ID", project],
      ["DisplayName", nameOf(project)],
    ],
    attributes("CanonicalUser"),
  ];
}
