import { createHmac, timingSafeEqual } from "node:crypto";
import type { RequestContext } from "../../../../kernel/auth/context.ts";
import { ApiError } from "../../../../kernel/errors.ts";
import { type AnyRoute, type ApiRequest, type ApiResponse, route } from "../../../../kernel/http/route.ts";
import { parseXml } from "../../../../kernel/xml/parse.ts";
import { xmlDocument } from "../../../../kernel/xml/write.ts";
import { s3Error } from "../../errors.ts";
import { type FormPart, readForm } from "../../manager/form-data.ts";
import type { Managers } from "../../manager/index.ts";
import { checkFormPolicy, type FormLimits } from "../../manager/s3/form-policy.ts";
import { tagsOf } from "../../schemas/s3/tags.ts";
import { base64, CHECKSUMS, checksumHeader, isChecksum, sumName } from "../../values/checksums.ts";
import { checkKey, checkOffered, sentAttributes } from "./attributes.ts";
import { versionHeader } from "./object-headers.ts";
import type { S3Places } from "./place.ts";
import { withCors } from "./preflight.ts";
import { sentSettings, systemOf } from "./sent-settings.ts";

/** Bytes of all fields before the file. */
const LONGEST_FIELDS = 64 * 1024;
const NOTHING: FormLimits = { least: 0, most: Number.POSITIVE_INFINITY };

/** `POST` of a browser's form with one file, which a signed policy allows. */
export function formRoutes(managers: Managers, places: S3Places): AnyRoute[] {
  const { objects, contents, core } = managers;
  const { kernel } = core;
  return [
    route({
      name: "s3-objects:post-form",
      method: "POST",
      path: "/:bucket",
      action: "form",
      // What its signature allows, which the handler asks: it stands in the fields.
      policy: "object-store:form",
      body: "stream",
      success: 204,
      handler: post,
    }),
  ];

  async function post(request: ApiRequest): Promise<ApiResponse> {
    const type = request.headers.get("content-type") ?? "";
    const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type);
    if (!/^multipart\/form-data/i.test(type) || boundary === null || request.bytes === null)
      throw s3Error("MalformedPOSTRequest");
    const fields: Record<string, string> = {};
    let size = 0;
    for await (const part of readForm(request.bytes, boundary[1] ?? boundary[2] ?? "")) {
      const name = part.name.toLowerCase();
      if (name === "file") return put(request, fields, part);
      let text = "";
      for await (const chunk of part.bytes()) {
        size += chunk.byteLength;
        if (size > LONGEST_FIELDS)
          throw s3Error("MalformedPOSTRequest", "Your POST request fields preceding the upload file were too large.");
        text += Buffer.from(chunk).toString("latin1");
      }
      fields[name] = Buffer.from(text, "latin1").toString("utf8");
    }
    throw s3Error("InvalidArgument", "POST requires exactly one file upload per request.", { ArgumentName: "file" });
  }

  async function put(request: ApiRequest, fields: Record<string, string>, part: FormPart): Promise<ApiResponse> {
    const bucketName = request.param("bucket");
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is how forms write it
    const key = fields.key?.replaceAll("${filename}", part.filename ?? "") ?? "";
    const named = fields.key === undefined ? fields : { ...fields, key };
    const { context, limits } = whoMay({ ...named, bucket: bucketName }, request.context);
    const bucket = places.bucketOf(context, bucketName);
    if (bucket === undefined) throw s3Error("NoSuchBucket");
    if (key === "")
      throw s3Error(
        "InvalidArgument",
        "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
      );
    checkKey(key);
    const headers = fieldHeaders(fields, part);
    const asked = { ...request, headers, context };
    const act = { action: "s3:PutObject", needed: { of: "bucket", permission: "WRITE" } as const, reads: false };
    if (!places.may(asked, bucket, key, act)) throw s3Error("AccessDenied");
    checkOffered(headers);
    const attributes = sentAttributes(headers);
    const settings = { ...sentSettings(kernel, asked as never, bucket), ...tagsIn(fields) };
    const checksum = CHECKSUMS.find((each) => headers.has(checksumHeader(each)));
    const limit = Math.min(limits.most, kernel.settings.objectStore.maxFileSize);
    const received = await contents
      .receive(part.bytes(), { limit, sums: checksum === undefined ? [] : [sumName(checksum)] })
      .catch((error: unknown) => {
        throw error instanceof ApiError && error.status === 413 ? s3Error("EntityTooLarge") : error;
      });
    const sum = checksum === undefined ? "" : base64(received.sums[sumName(checksum)]);
    try {
      if (received.size < limits.least) throw s3Error("EntityTooSmall");
      const sent = checksum === undefined ? null : headers.get(checksumHeader(checksum));
      if (checksum !== undefined && sent !== null && (!isChecksum(checksum, sent) || sum !== sent))
        throw s3Error("BadDigest", `The ${checksum} you specified did not match the calculated checksum.`);
    } catch (error) {
      contents.discard(received);
      throw error;
    }
    const kept =
      checksum === undefined
        ? settings
        : {
            ...settings,
            checksum: { algorithm: checksum, type: "FULL_OBJECT" as const, value: sum },
          };
    const row = objects.put(bucket, key, { received }, { ...attributes, system: systemOf(kept) });
    const path = `${bucket.name}/${key.split("/").map(encodeURIComponent).join("/")}`;
    const location = `${request.baseUrl}/${path}`;
    const all = { etag: `"${row.etag}"`, location, ...versionHeader(bucket, row) };
    return withCors(
      bucket,
      request,
      answer(fields, all, { bucket: bucket.name, key, etag: `"${row.etag}"`, location }),
    );
  }

  /** Who signed the form's policy, and what it says of the file's size; nobody where there is none. Errors: 400, 403. */
  function whoMay(
    fields: Record<string, string>,
    sender: RequestContext,
  ): { context: RequestContext; limits: FormLimits } {
    const { policy, signature } = fields;
    const v4 = fields["x-amz-signature"];
    if (policy === undefined) {
      if (signature !== undefined || v4 !== undefined)
        throw s3Error("InvalidArgument", "Bucket POST must contain a field named 'policy'.");
      return { context: sender, limits: NOTHING };
    }
    const [access = "", date = "", region = "", service = ""] =
      v4 === undefined ? [fields.awsaccesskeyid] : (fields["x-amz-credential"] ?? "").split("/");
    const given = v4 ?? signature;
    if (access === "" || given === undefined)
      throw s3Error(
        "InvalidArgument",
        "Bucket POST must contain a field named 'AWSAccessKeyId' and one named 'Signature'.",
      );
    const found = kernel.facade("identity").authenticateWithEc2(access);
    if (found === null)
      throw new ApiError(403, "The AWS Access Key Id you provided does not exist in our records.", {
        type: "InvalidAccessKeyId",
      });
    const expected =
      v4 === undefined
        ? found.sign(policy)
        : createHmac("sha256", found.signingKey(date, region, service))
            .update(policy)
            .digest("hex");
    const [a, b] = [Buffer.from(given), Buffer.from(expected)];
    if (a.length !== b.length || !timingSafeEqual(a, b)) throw s3Error("SignatureDoesNotMatch");
    const limits = checkFormPolicy(policy, fields, kernel.clock.now());
    const s3 = {
      version: v4 === undefined ? "AWS" : "AWS4-HMAC-SHA256",
      by: "POST",
      access,
      payload: null,
      chunks: null,
    };
    const context = { ...found.identity, requestId: sender.requestId, serviceRoles: sender.serviceRoles, s3 };
    return { context, limits };
  }
}

/** Fields that would be headers of a PUT. */
function fieldHeaders(fields: Readonly<Record<string, string>>, part: FormPart): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(fields)) {
    const isHeader =
      /^(?:x-amz-(?:meta-|checksum-|acl|storage-class|server-side|website|object-lock|grant-)|cache-control|content-|expires)/.test(
        name,
      );
    if (!isHeader || !/^[\w!#$%&'*+.^`|~-]+$/.test(name)) continue;
    // As it would have come in a header: one character a byte.
    const bytes = Buffer.from(value, "utf8").toString("latin1").trim();
    if (/[\r\n\0]/.test(bytes)) throw s3Error("InvalidArgument", `The field ${name} holds a line break.`);
    headers.set(name, bytes);
  }
  const { acl } = fields;
  if (acl !== undefined) headers.set("x-amz-acl", acl);
  const type = part.headers.get("content-type");
  if (!headers.has("content-type") && type !== undefined) headers.set("content-type", type);
  return headers;
}

function tagsIn({ tagging }: Readonly<Record<string, string>>) {
  return tagging === undefined ? {} : { tags: tagsOf(parseXml(tagging), "object") };
}

function answer(
  fields: Readonly<Record<string, string>>,
  headers: Record<string, string>,
  said: { bucket: string; key: string; etag: string; location: string },
): ApiResponse {
  const redirect = fields.success_action_redirect ?? fields.redirect;
  const target = redirect === undefined || !URL.canParse(redirect) ? null : new URL(redirect);
  if (target !== null) {
    for (const name of ["bucket", "key", "etag"] as const) target.searchParams.set(name, said[name]);
    return { status: 303, headers: { ...headers, location: target.href } };
  }
  const status = fields.success_action_status;
  if (status === "200") return { status: 200, headers };
  if (status !== "201") return { status: 204, headers };
  const body = xmlDocument([
    "PostResponse",
    [
      ["Location", said.location],
      ["Bucket", said.bucket],
      ["Key", said.key],
      ["ETag", said.etag],
    ],
  ]);
  return { status: 201, headers, body };
}
