import { deleteThing, objectsOf, putContainer } from "../swift/account.ts";
import { urlOf } from "../swift/container.ts";
import { ResourceError, type ResourceType } from "../types.ts";
import { required, text } from "./vpc-parts.ts";

const ACCESS = [
  "Private",
  "PublicRead",
  "PublicReadWrite",
  "AuthenticatedRead",
  "BucketOwnerRead",
  "BucketOwnerFullControl",
];

interface Website {
  readonly IndexDocument: string | null;
  readonly ErrorDocument: string | null;
}

export const bucket: ResourceType = {
  name: "AWS::S3::Bucket",
  service: { name: "object-store", client: "swift" },
  className: "S3Bucket",
  description: "A container of objects.",
  properties: {
    AccessControl: { ...text, constraints: [{ allowed_values: ACCESS }], description: "Who may read and write in it." },
    WebsiteConfiguration: {
      type: "map",
      description: "Pages it is shown with as a site.",
      fields: {
        IndexDocument: { ...text, description: "The first page." },
        ErrorDocument: { ...text, description: "The page of errors." },
      },
    },
    Tags: {
      type: "list",
      description: "Notes about it.",
      items: {
        type: "map",
        fields: {
          Key: { ...required, description: "A name." },
          Value: { ...required, description: "What it says." },
        },
      },
    },
  },
  attributes: {
    DomainName: { type: "string", description: "The host of its URL." },
    WebsiteURL: { type: "string", description: "Its URL." },
  },
  async create(run) {
    const { AccessControl, WebsiteConfiguration, Tags } = run.properties;
    const name = run.physicalId ?? run.physicalName();
    const { projectName, userName } = run.context;
    const owner = `${projectName ?? ""}:${userName}`;
    const isPublic = AccessControl === "PublicRead" || AccessControl === "PublicReadWrite";
    const website = WebsiteConfiguration as Website | null;
    const tags = ((Tags ?? []) as { Key: string; Value: string }[]).map(({ Key, Value }) => [
      `x-container-meta-s3-tag-${Key}`,
      Value,
    ]);
    await putContainer(run, name, {
      ...Object.fromEntries(tags),
      ...(website === null
        ? {}
        : {
            "x-container-meta-web-index": website.IndexDocument ?? "",
            "x-container-meta-web-error": website.ErrorDocument ?? "",
          }),
      "x-container-read": isPublic ? ".r:*" : AccessControl === "AuthenticatedRead" ? (projectName ?? "") : owner,
      // Nobody writes without an account: the object store takes no such list.
      "x-container-write": owner,
    });
    run.setPhysicalId(name);
  },
  async delete(run) {
    const { physicalId } = run;
    if (physicalId === null) return;
    if (((await objectsOf(run, physicalId)) ?? []).length > 0) {
      const action = `The bucket you tried to delete is not empty (${physicalId}).`;
      throw new ResourceError("ResourceActionNotSupported", `${action} is not supported for resource.`);
    }
    await deleteThing(run, physicalId);
  },
  reference: ({ physicalId, name }) => physicalId ?? name,
  attribute(made, name) {
    const root = urlOf(made);
    return name === "DomainName" ? root.hostname : `${root.href}/${made.physicalId}`;
  },
};
