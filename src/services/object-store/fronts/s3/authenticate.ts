import { timingSafeEqual } from "node:crypto";
import type { Exchange } from "../../../../kernel/http/exchange.ts";
import { pathnameOf } from "../../../../kernel/http/url.ts";
import type { Ec2Credential } from "../../../identity/facade.ts";
import { S3_ANONYMOUS, type S3Identity } from "./identity.ts";
import { locationOf } from "./location.ts";
import {
  accessDenied,
  malformedAuthorization,
  malformedQuery,
  refusal,
  signatureDoesNotMatch,
  skewed,
  unknownAccessKey,
} from "./refusals.ts";
import { stringToSignV2 } from "./signature-v2.ts";
import { ALGORITHM, canonicalRequest, chunkSigner, signature, stringToSign, UNSIGNED } from "./signature-v4.ts";

const MOST_SKEW = 15 * 60_000;
/** Seconds that a signed URL is good for at most. */
const LONGEST = 604_800;

const FIELDS = [/Credential=([^,\s]+)/, /SignedHeaders=([^,\s]+)/, /Signature=([^,\s]+)/] as const;

type Pair = readonly [string, string];

/** Who signed the request; nobody where nobody did. Errors: 403, 400. */
export function authenticate(exchange: Exchange): S3Identity {
  const { request, search } = exchange;
  const authorization = request.headers.get("authorization") ?? "";
  const query = pairsOf(search);
  const parameter = (name: string) => query.find(([key]) => key === name)?.[1];
  if (authorization.startsWith(ALGORITHM)) return byHeaderV4(exchange, query, authorization);
  if (authorization.startsWith("AWS ")) return byHeaderV2(exchange, query, authorization);
  if (authorization !== "") throw refusal(400, "InvalidArgument", "Unsupported Authorization Type");
  if (parameter("X-Amz-Algorithm") !== undefined) return byQueryV4(exchange, query);
  if (parameter("AWSAccessKeyId") !== undefined) return byQueryV2(exchange, query);
  return S3_ANONYMOUS;
}

/** Decoded, in the order they were sent. */
function pairsOf(search: string): Pair[] {
  if (search.length < 2) return [];
  const decoded = (text: string) => {
    try {
      return decodeURIComponent(text.replaceAll("+", " "));
    } catch {
      throw refusal(400, "InvalidURI", "Couldn't parse the specified URI.");
    }
  };
  return search
    .slice(1)
    .split("&")
    .filter((part) => part !== "")
    .map((part) => {
      const at = part.indexOf("=");
      return at === -1 ? [decoded(part), ""] : [decoded(part.slice(0, at)), decoded(part.slice(at + 1))];
    });
}

function byHeaderV4(exchange: Exchange, query: readonly Pair[], authorization: string): S3Identity {
  const { headers } = exchange.request;
  const [credential, signedHeaders, given] = FIELDS.map((field) => field.exec(authorization)?.[1]);
  if (credential === undefined || signedHeaders === undefined || given === undefined)
    throw malformedAuthorization("it has no Credential, SignedHeaders or Signature.");
  const payload = headers.get("x-amz-content-sha256");
  if (payload === null)
    throw refusal(400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256");
  const at = headers.get("x-amz-date") ?? basicTime(headers.get("date"));
  const time = timeOf(at);
  if (at === null || time === null) throw accessDenied("AWS authentication requires a valid Date or x-amz-date header");
  if (Math.abs(exchange.kernel.clock.now() - time) > MOST_SKEW) throw skewed();
  return v4(exchange, { credential, signedHeaders, given, payload, at, query, by: "REST-HEADER" });
}

function byQueryV4(exchange: Exchange, query: readonly Pair[]): S3Identity {
  const parameter = (name: string) => query.find(([key]) => key === name)?.[1];
  const names = ["Algorithm", "Credential", "Signature", "Date", "SignedHeaders", "Expires"];
  const [algorithm, credential, given, at, signedHeaders, expires] = names.map((name) => parameter(`X-Amz-${name}`));
  if ([credential, given, at, signedHeaders, expires].includes(undefined))
    throw malformedQuery(
      "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
    );
  if (algorithm !== ALGORITHM) throw malformedQuery('X-Amz-Algorithm only supports "AWS4-HMAC-SHA256"');
  const seconds = Number(expires);
  if (!/^\d+$/.test(expires ?? "")) throw malformedQuery("X-Amz-Expires should be a number");
  if (seconds > LONGEST)
    throw malformedQuery(
      "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds",
    );
  const time = timeOf(at ?? null);
  if (time === null) throw malformedQuery("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"");
  const now = exchange.kernel.clock.now();
  if (now >= time + seconds * 1000) throw accessDenied("Request has expired");
  if (time > now + MOST_SKEW) throw accessDenied("Request is not yet valid");
  const sent = exchange.request.headers.get("x-amz-content-sha256");
  return v4(exchange, {
    credential: credential ?? "",
    signedHeaders: signedHeaders ?? "",
    given: given ?? "",
    payload: sent ?? parameter("X-Amz-Content-Sha256") ?? UNSIGNED,
    at: at ?? "",
    query: query.filter(([name]) => name !== "X-Amz-Signature"),
    by: "REST-QUERY-STRING",
  });
}

interface GivenV4 {
  credential: string;
  signedHeaders: string;
  given: string;
  payload: string;
  /** "20261130T155226Z" */
  at: string;
  query: readonly Pair[];
  by: "REST-HEADER" | "REST-QUERY-STRING";
}

function v4(exchange: Exchange, { credential, signedHeaders, given, payload, at, query, by }: GivenV4): S3Identity {
  const { request } = exchange;
  const parts = credential.split("/");
  const [date = "", region = "", service = "", end] = parts.slice(-4);
  const access = parts.slice(0, -4).join("/");
  const wrong = (why: string) => (by === "REST-HEADER" ? malformedAuthorization(why) : malformedQuery(why));
  if (access === "" || end !== "aws4_request")
    throw wrong('the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".');
  if (service !== "s3") throw wrong(`incorrect service "${service}". This endpoint belongs to "s3".`);
  if (!at.startsWith(date)) throw wrong(`Invalid credential date "${date}". This date is not the same as X-Amz-Date.`);
  const names = signedHeaders.split(";");
  checkAllSigned(request.headers, names, by);
  const found = credentialOf(exchange, access);
  const headers = [...names].sort().map((name) => [name, request.headers.get(name) ?? ""] as const);
  const scope = { time: at, date, region, service };
  const key = found.signingKey(date, region, service);
  const signed = { method: request.method, path: sentPath(exchange), query, headers, payload };
  const canonical = canonicalRequest(signed);
  const text = stringToSign(scope, canonical);
  const expected = signature(key, text);
  if (!same(given, expected)) throw signatureDoesNotMatch(access, given, text, canonical);
  const chunks = payload.startsWith(`STREAMING-${ALGORITHM}-PAYLOAD`) ? chunkSigner(key, scope, expected) : null;
  return { ...found.identity, s3: { version: ALGORITHM, by, access, payload, chunks } };
}

/** Somebody on the way could add what is not signed. */
function checkAllSigned(headers: Headers, names: readonly string[], by: GivenV4["by"]): void {
  const unsigned = [...headers.keys()].filter(
    (name) =>
      name.startsWith("x-amz-") && !names.includes(name) && !(by !== "REST-HEADER" && name === "x-amz-content-sha256"),
  );
  if (!names.includes("host") || unsigned.length > 0)
    throw accessDenied("There were headers present in the request which were not signed");
}

function byHeaderV2(exchange: Exchange, query: readonly Pair[], authorization: string): S3Identity {
  const { headers } = exchange.request;
  const [, access, given] = /^AWS (.+):([^:]+)$/.exec(authorization) ?? [];
  if (access === undefined || given === undefined)
    throw refusal(400, "InvalidArgument", "AWS authorization header is invalid.  Expected AwsAccessKeyId:signature");
  const amzDate = headers.get("x-amz-date");
  const date = headers.get("date");
  const time = amzDate === null ? Date.parse(date ?? "") : (timeOf(amzDate) ?? Date.parse(amzDate));
  // Before 1970 no clock is late.
  if (!(time >= 0)) throw accessDenied("AWS authentication requires a valid Date or x-amz-date header");
  if (Math.abs(exchange.kernel.clock.now() - time) > MOST_SKEW) throw skewed();
  return v2(exchange, query, { access, given, date: amzDate === null ? (date ?? "") : "", by: "REST-HEADER" });
}

function byQueryV2(exchange: Exchange, query: readonly Pair[]): S3Identity {
  const parameter = (name: string) => query.find(([key]) => key === name)?.[1];
  const access = parameter("AWSAccessKeyId") ?? "";
  const given = parameter("Signature");
  const expires = parameter("Expires");
  if (given === undefined || expires === undefined)
    throw accessDenied("Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters");
  if (!/^-?\d+$/.test(expires)) throw accessDenied("Invalid date (should be seconds since epoch)");
  if (Number(expires) * 1000 < exchange.kernel.clock.now()) throw accessDenied("Request has expired");
  return v2(exchange, query, { access, given, date: expires, by: "REST-QUERY-STRING" });
}

interface GivenV2 {
  access: string;
  given: string;
  date: string;
  by: "REST-HEADER" | "REST-QUERY-STRING";
}

function v2(exchange: Exchange, query: readonly Pair[], { access, given, date, by }: GivenV2): S3Identity {
  const { method, headers } = exchange.request;
  const found = credentialOf(exchange, access);
  const texts = [...resourcesV2(exchange), ...resourcesV2Twice(exchange, query)].map((resource) =>
    stringToSignV2(method, headers, date, resource, query),
  );
  if (!texts.some((text) => same(given, found.sign(text)))) throw signatureDoesNotMatch(access, given, texts[0] ?? "");
  return { ...found.identity, s3: { version: "AWS", by, access, payload: null, chunks: null } };
}

/** Clients differ in whether they sign a bucket as "/b" or "/b/", and in whether they count the prefix of the URL to the path. */
function resourcesV2(exchange: Exchange): string[] {
  const location = locationOf(exchange.path, exchange.request.headers);
  const full = sentPath(exchange);
  if (location.isVirtualHost) return [`/${location.bucket}${full}`];
  return [...new Set([full, exchange.path])].flatMap((path) =>
    location.key === "" && location.bucket !== "" ? [path.replace(/\/$/, ""), `${path.replace(/\/$/, "")}/`] : [path],
  );
}

/** botocore of Debian 12 takes what an operation always has in its query for a part of the path, and signs a sub-resource behind that again. */
const resourcesV2Twice = (exchange: Exchange, query: readonly Pair[]): string[] =>
  query.flatMap(([name, value]) => {
    if (value !== "" && name !== "list-type") return [];
    return resourcesV2(exchange).map((path) => `${path}?${name}${value === "" ? "" : `=${value}`}`);
  });

function credentialOf({ kernel }: Exchange, access: string): Ec2Credential {
  const found = kernel.facade("identity").authenticateWithEc2(access);
  if (found === null) throw unknownAccessKey();
  return found;
}

/** With the front's prefix, which the client signed as well. */
function sentPath({ origin, path, request }: Exchange): string {
  const sent = origin.incoming?.url;
  if (sent?.startsWith("/") === true) return sent.split("?", 1)[0] ?? "/";
  return origin.incoming === undefined ? `${origin.mount}${path}` : pathnameOf(request.url);
}

/** "20261130T155226Z" → milliseconds since the epoch. */
function timeOf(text: string | null): number | null {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text ?? "") ?? [];
  if (parts.length === 0) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map(Number);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

function basicTime(date: string | null): string | null {
  const at = Date.parse(date ?? "");
  return Number.isNaN(at) ? null : new Date(at).toISOString().replace(/[-:]|\.\d{3}/g, "");
}

function same(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
