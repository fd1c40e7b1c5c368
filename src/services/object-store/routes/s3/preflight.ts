import { ApiError } from "../../../../kernel/errors.ts";
import { type AnyRoute, type ApiResponse, type Lookup, route } from "../../../../kernel/http/route.ts";
import { s3Error } from "../../errors.ts";
import { bucketSettings, type CorsRule } from "../../manager/s3/settings-of-buckets.ts";
import { wildcardFits } from "../../manager/s3/wildcard.ts";
import type { ContainerRow } from "../../store/containers.ts";
import type { S3Places } from "./place.ts";

const VARY = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

/** The first rule of the bucket that lets this origin do this. */
function ruleFor(bucket: ContainerRow, origin: string, method: string, asked: readonly string[]): CorsRule | undefined {
  return bucketSettings(bucket).cors?.find(
    (rule) =>
      rule.methods.includes(method) &&
      rule.origins.some((pattern) => wildcardFits(pattern, origin)) &&
      asked.every((name) => rule.headers.some((pattern) => wildcardFits(pattern.toLowerCase(), name))),
  );
}

function corsHeaders(rule: CorsRule, origin: string): Record<string, string> {
  const any = rule.origins.includes("*");
  return {
    "access-control-allow-origin": any ? "*" : origin,
    ...(any ? {} : { "access-control-allow-credentials": "true" }),
    "access-control-allow-methods": rule.methods.join(", "),
    ...(rule.exposed.length === 0 ? {} : { "access-control-expose-headers": rule.exposed.join(", ") }),
    ...(rule.maxAge === undefined ? {} : { "access-control-max-age": String(rule.maxAge) }),
    vary: VARY,
  };
}

/** An answer that scripts of the origins may read whom the bucket names. */
export function withCors(
  bucket: ContainerRow | undefined,
  { headers, method }: Pick<Lookup, "headers" | "method">,
  response: ApiResponse,
): ApiResponse {
  const origin = headers.get("origin");
  if (origin === null || bucket === undefined) return response;
  const rule = ruleFor(bucket, origin, headers.get("access-control-request-method") ?? method, []);
  return rule === undefined
    ? response
    : { ...response, headers: { ...response.headers, ...corsHeaders(rule, origin) } };
}

/** The same for an error: scripts are to learn what went wrong. */
export function withCorsErrors(route: AnyRoute): AnyRoute {
  const { handler } = route;
  return {
    ...route,
    async handler(request) {
      try {
        return await handler(request);
      } catch (error) {
        const { thing } = request as unknown as { thing: { bucket?: ContainerRow } | undefined };
        if (!(error instanceof ApiError)) throw error;
        throw Object.assign(error, withCors(thing?.bucket, request, { headers: error.headers }));
      }
    },
  };
}

/** What browsers ask before they send what a script wants sent. Nobody has signed it. */
export function preflightRoutes({ bucketOf }: S3Places): AnyRoute[] {
  const refused = (message: string) => s3Error("AccessDenied", message);
  const preflight = (name: string, path: string) =>
    route({
      name,
      method: "OPTIONS",
      path,
      policy: "object-store:preflight",
      body: "stream",
      success: 200,
      handler({ headers, param, context }) {
        const origin = headers.get("origin");
        const method = headers.get("access-control-request-method");
        if (origin === null) throw s3Error("InvalidRequest", "Insufficient information. Origin request header needed.");
        if (method === null) throw s3Error("InvalidRequest", "Invalid Access-Control-Request-Method: null");
        const bucket = bucketOf(context, param("bucket"));
        if (bucket === undefined || bucketSettings(bucket).cors === undefined)
          throw refused("CORSResponse: CORS is not enabled for this bucket.");
        const asked = (headers.get("access-control-request-headers") ?? "")
          .split(",")
          .map((text) => text.trim().toLowerCase())
          .filter((text) => text !== "");
        const rule = ruleFor(bucket, origin, method, asked);
        if (rule === undefined)
          throw refused(
            "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
          );
        const allowed: Record<string, string> =
          asked.length === 0 ? {} : { "access-control-allow-headers": asked.join(", ") };
        return { headers: { ...corsHeaders(rule, origin), ...allowed } };
      },
    });
  return [preflight("s3-preflight:bucket", "/:bucket"), preflight("s3-preflight:object", "/:bucket/:key")];
}
