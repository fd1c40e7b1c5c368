import { type AnyRoute, type ApiResponse, route } from "../../../../kernel/http/route.ts";
import { textOf, type XmlElement } from "../../../../kernel/xml/parse.ts";
import { xmlDocument } from "../../../../kernel/xml/write.ts";
import { s3Error } from "../../errors.ts";
import { S3_XMLNS } from "../../views/s3/names.ts";
import { readXml } from "./body.ts";
import type { S3Place, S3Places, S3Request } from "./place.ts";

interface Unset {
  subresource: string;
  /** "BucketLogging": s3:GetBucketLogging, s3:PutBucketLogging. */
  act: string;
  /** What is told of a bucket that does not have it; an error where AWS has one. */
  told: string | Parameters<typeof s3Error>[0];
  /** The document that a PUT brings; absent: none may be put. */
  root?: string;
  /** Whether a document only says what is so already. */
  isNone?(root: XmlElement): boolean;
  /** Removed, as AWS says of what was never there. */
  isRemovable?: boolean;
}

const document = (name: string, nodes: [string, string][] = []): string => xmlDocument([name, nodes, S3_XMLNS]);
const isEmpty = (root: XmlElement): boolean => root.children.length === 0;

/** What buckets do not have here: read as of a bucket at AWS that has none of it, and switched off as there. Asking for it is 501. */
const UNSET: readonly Unset[] = [
  {
    subresource: "encryption",
    act: "EncryptionConfiguration",
    told: "ServerSideEncryptionConfigurationNotFoundError",
    isRemovable: true,
  },
  {
    subresource: "replication",
    act: "ReplicationConfiguration",
    told: "ReplicationConfigurationNotFoundError",
    isRemovable: true,
  },
  {
    subresource: "requestPayment",
    act: "BucketRequestPayment",
    told: document("RequestPaymentConfiguration", [["Payer", "BucketOwner"]]),
    root: "RequestPaymentConfiguration",
    isNone: (root) => textOf(root, "Payer")?.trim() === "BucketOwner",
  },
  {
    subresource: "logging",
    act: "BucketLogging",
    told: document("BucketLoggingStatus"),
    root: "BucketLoggingStatus",
    isNone: isEmpty,
  },
  {
    subresource: "accelerate",
    act: "AccelerateConfiguration",
    told: document("AccelerateConfiguration"),
    root: "AccelerateConfiguration",
    isNone: (root) => textOf(root, "Status")?.trim() === "Suspended",
  },
  {
    subresource: "notification",
    act: "BucketNotification",
    told: document("NotificationConfiguration"),
    root: "NotificationConfiguration",
    isNone: isEmpty,
  },
];

export function unsetSettingRoutes(places: S3Places): AnyRoute[] {
  return UNSET.flatMap(({ subresource, act, told, root, isNone = () => false, isRemovable = false }) => {
    const record = (
      verb: string,
      method: "GET" | "PUT" | "DELETE",
      action: string,
      handler: (request: S3Request) => Promise<ApiResponse> | ApiResponse,
    ) =>
      route<unknown, S3Place>({
        name: `s3-buckets:${verb}-${subresource}`,
        method,
        path: "/:bucket",
        action: subresource,
        policy: "object-store:s3",
        of: places.bucket(action, null, method === "GET"),
        body: "stream",
        success: method === "DELETE" ? 204 : 200,
        handler,
      });
    const records: AnyRoute[] = [
      record("show", "GET", `s3:Get${act}`, () => {
        if (!told.startsWith("<")) throw s3Error(told as Parameters<typeof s3Error>[0]);
        return { body: told };
      }),
    ];
    if (root !== undefined)
      records.push(
        record("set", "PUT", `s3:Put${act}`, async (request) => {
          const sent = await readXml(request);
          if (sent.name !== root) throw s3Error("MalformedXML");
          if (!isNone(sent)) throw s3Error("NotImplemented", `${root} can only be switched off here.`);
          return {};
        }),
      );
    if (isRemovable) records.push(record("delete", "DELETE", `s3:Put${act}`, () => ({})));
    return records;
  });
}
