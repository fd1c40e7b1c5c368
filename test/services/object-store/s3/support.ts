import { createHash } from "node:crypto";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { createApps } from "../../../../src/app.ts";
import { type Listener, listen } from "../../../../src/listen.ts";
import { signingKey } from "../../../../src/services/identity/manager/ec2-signatures.ts";
import {
  ALGORITHM,
  canonicalRequest,
  chunkSigner,
  encoded,
  signature,
  stringToSign,
} from "../../../../src/services/object-store/fronts/s3/signature-v4.ts";
import { EC2_SECRET } from "../../../support/cloud.ts";
import { type SwiftCloud, swiftCloud } from "../support.ts";

export interface S3Answer {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  text: string;
  /** `<Code>` of an error. */
  code: string;
  /** The text of the first element of a name; "" where there is none. */
  xml(name: string): string;
  /** Of all of them. */
  all(name: string): string[];
}

export interface S3Options {
  /** The access key, "member:alpha" by default; null: nobody signs. */
  as?: string | null;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  query?: Record<string, string>;
  host?: string;
  region?: string;
  /** x-amz-content-sha256 in place of the hash of the body. */
  payload?: string;
  /** Signs the chunks of a streaming body: makes the body out of the request's signature. */
  chunks?(signer: ReturnType<typeof chunkSigner>): Uint8Array;
  /** Another secret than the right one. */
  secret?: string;
  /** Seconds that the client's clock is off. */
  late?: number;
}

export interface S3Cloud extends SwiftCloud {
  s3Port: number;
  /** One signed request at the S3 port; `path` decoded. */
  s3(method: string, path: string, options?: S3Options): Promise<S3Answer>;
  /** A URL that anybody may use for a while. */
  presign(
    method: string,
    path: string,
    options?: { as?: string; expires?: number; query?: Record<string, string> },
  ): string;
  /** Exactly this, unsigned. */
  raw(
    method: string,
    target: string,
    options?: { headers?: Record<string, string>; body?: string | Uint8Array },
  ): Promise<S3Answer>;
}

export const sha256 = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
export const md5 = (bytes: string | Uint8Array): string => createHash("md5").update(bytes).digest("hex");

const stamp = (milliseconds: number): string => new Date(milliseconds).toISOString().replace(/[-:]|\.\d{3}/g, "");
const pathOf = (path: string): string => path.split("/").map(encoded).join("/");
const searchOf = (query: Record<string, string>): string => {
  const pairs = Object.entries(query).map(([name, value]) => `${encoded(name)}=${encoded(value)}`);
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
};

/** An object store whose S3 port is open; access keys are the tokens of the stand-in for the identity service. */
export async function s3Cloud(options: Parameters<typeof swiftCloud>[0] = {}): Promise<S3Cloud> {
  const t = await swiftCloud(options);
  const { settings } = t.cloud.kernel;
  const app = createApps(t.cloud).classic.get(settings.ports.s3);
  if (app === undefined) throw new Error("S3 has no port");
  const listener: Listener = await listen(app, { host: "127.0.0.1", port: 0 });
  const host = `127.0.0.1:${listener.port}`;
  const raw: S3Cloud["raw"] = (method, target, { headers = {}, body } = {}) => {
    const length: Record<string, string> =
      body === undefined && method !== "PUT" && method !== "POST"
        ? {}
        : { "content-length": String(body === undefined ? 0 : Buffer.byteLength(body)) };
    return new Promise((resolve, reject) => {
      const all = { host, ...length, ...headers };
      const sent = httpRequest(
        { host: "127.0.0.1", port: listener.port, method, path: target, headers: all },
        (answer) => {
          const chunks: Buffer[] = [];
          answer.on("data", (chunk) => chunks.push(chunk));
          answer.on("error", reject);
          answer.on("end", () => resolve(answered(answer.statusCode ?? 0, answer.headers, Buffer.concat(chunks))));
        },
      );
      sent.on("error", reject);
      sent.end(body);
    });
  };
  const scopeAt = (time: string, region: string) => ({ time, date: time.slice(0, 8), region, service: "s3" });
  return {
    ...t,
    s3Port: listener.port,
    raw,
    s3(method, path, sent = {}) {
      const { as = "member:alpha", query = {}, region = "us-east-1", secret = EC2_SECRET, late = 0 } = sent;
      const target = pathOf(path) + searchOf(query);
      if (as === null)
        return raw(method, target, { headers: { ...hostOf(sent), ...sent.headers }, ...bodyOf(sent.body) });
      const time = stamp(t.clock.now() + late * 1000);
      const payload = sent.payload ?? sha256(sent.body ?? "");
      const headers: Record<string, string> = {
        host,
        ...hostOf(sent),
        "x-amz-date": time,
        "x-amz-content-sha256": payload,
        ...sent.headers,
      };
      const names = Object.keys(headers)
        .map((name) => name.toLowerCase())
        .sort();
      const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
      const signed = names.map((name) => [name, lower[name] ?? ""] as const);
      const scope = scopeAt(time, region);
      const key = signingKey(secret, scope.date, region, "s3");
      const parts = { method, path: pathOf(path), query: Object.entries(query), headers: signed, payload };
      const made = signature(key, stringToSign(scope, canonicalRequest(parts)));
      const authorization = `${ALGORITHM} Credential=${as}/${scope.date}/${region}/s3/aws4_request, SignedHeaders=${names.join(";")}, Signature=${made}`;
      const body = sent.chunks?.(chunkSigner(key, scope, made)) ?? sent.body;
      return raw(method, target, { headers: { ...headers, authorization }, ...bodyOf(body) });
    },
    presign(method, path, { as = "member:alpha", expires = 60, query = {} } = {}) {
      const scope = scopeAt(stamp(t.clock.now()), "us-east-1");
      const all: Record<string, string> = {
        ...query,
        "X-Amz-Algorithm": ALGORITHM,
        "X-Amz-Credential": `${as}/${scope.date}/us-east-1/s3/aws4_request`,
        "X-Amz-Date": scope.time,
        "X-Amz-Expires": String(expires),
        "X-Amz-SignedHeaders": "host",
      };
      const parts = {
        method,
        path: pathOf(path),
        query: Object.entries(all),
        headers: [["host", host] as const],
        payload: "UNSIGNED-PAYLOAD",
      };
      const key = signingKey(EC2_SECRET, scope.date, "us-east-1", "s3");
      all["X-Amz-Signature"] = signature(key, stringToSign(scope, canonicalRequest(parts)));
      return pathOf(path) + searchOf(all);
    },
    async close() {
      await listener.close();
      await t.close();
    },
  };
}

const hostOf = ({ host }: S3Options): Record<string, string> => (host === undefined ? {} : { host });
const bodyOf = (body: string | Uint8Array | undefined) => (body === undefined ? {} : { body });

function answered(status: number, headers: IncomingHttpHeaders, bytes: Buffer): S3Answer {
  const text = bytes.toString("utf8");
  const all = (name: string) =>
    [...text.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([^<]*)</${name}>`, "g"))].map(([, value = ""]) => value);
  const xml = (name: string) => all(name)[0] ?? "";
  return { status, headers, bytes, text, xml, all, code: xml("Code") };
}
