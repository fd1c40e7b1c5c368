import { createHash } from "node:crypto";
import { signingKey } from "../../src/services/identity/manager/ec2-signatures.ts";
import {
  ALGORITHM,
  canonicalRequest,
  chunkSigner,
  signature,
  stringToSign,
} from "../../src/services/object-store/fronts/s3/signature-v4.ts";

export interface AccessKey {
  access: string;
  secret: string;
}

const REGION = "us-east-1";

/** Headers that sign a request by AWS's version 4, and what signs the chunks of its body. `target` is the path as it is sent, with its query. */
export function signS3(
  { access, secret }: AccessKey,
  method: string,
  target: URL,
  payload: string,
  more: Readonly<Record<string, string>> = {},
): { headers: Record<string, string>; chunks: ReturnType<typeof chunkSigner> } {
  const time = new Date().toISOString().replace(/[-:]|\.\d{3}/g, "");
  const scope = { time, date: time.slice(0, 8), region: REGION, service: "s3" };
  const signed = { ...more, host: target.host, "x-amz-content-sha256": payload, "x-amz-date": time };
  const headers = Object.entries(signed).sort(([a], [b]) => (a < b ? -1 : 1));
  const query = [...target.searchParams];
  const key = signingKey(secret, scope.date, REGION, "s3");
  const canonical = canonicalRequest({ method, path: target.pathname, query, headers, payload });
  const made = signature(key, stringToSign(scope, canonical));
  const names = headers.map(([name]) => name).join(";");
  const credential = `${access}/${scope.date}/${REGION}/s3/aws4_request`;
  const authorization = `${ALGORITHM} Credential=${credential}, SignedHeaders=${names}, Signature=${made}`;
  return { headers: { ...signed, authorization }, chunks: chunkSigner(key, scope, made) };
}

export const sha256Of = (bytes: Uint8Array | string): string => createHash("sha256").update(bytes).digest("hex");
