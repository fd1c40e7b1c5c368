import type { ApiRequest, ApiResponse } from "../../../kernel/http/route.ts";
import type { ContainerRow } from "../store/containers.ts";

const META = "x-container-meta-access-control-";
/** What browsers may show scripts beside what the container's owner names. */
const EXPOSED = [
  "cache-control",
  "content-language",
  "content-type",
  "expires",
  "last-modified",
  "pragma",
  "etag",
  "x-timestamp",
  "x-trans-id",
  "x-openstack-request-id",
];

function allowedOrigin({ headers }: Pick<ContainerRow, "headers">, origin: string): string | null {
  const allowed = (headers[`${META}allow-origin`] ?? "").split(" ").filter((item) => item !== "");
  if (allowed.includes("*")) return "*";
  return allowed.includes(origin) ? origin : null;
}

/** The answer for a script of another origin, where the container's owner allows that origin. */
export function withCors(
  container: ContainerRow | undefined,
  { headers }: Pick<ApiRequest, "headers">,
  response: ApiResponse,
): ApiResponse {
  const origin = headers.get("origin");
  const allowed = origin === null || container === undefined ? null : allowedOrigin(container, origin);
  if (allowed === null) return response;
  const own = Object.keys(response.headers ?? {}).filter((name) => /^x-(?:container|object|account)-meta-/.test(name));
  const named = (container?.headers[`${META}expose-headers`] ?? "").split(/[ ,]+/).filter((name) => name !== "");
  const exposed = [...new Set([...EXPOSED, ...own, ...named.map((name) => name.toLowerCase())])];
  return {
    ...response,
    headers: {
      ...response.headers,
      "access-control-expose-headers": exposed.join(", "),
      "access-control-allow-origin": allowed,
      ...(allowed === "*"
        ? {}
        : { vary: [response.headers?.vary, "Origin"].filter((part) => part !== undefined).join(", ") }),
    },
  };
}

/** What a browser asks before it sends what another origin's script wants. A preflight that is refused is 401 in Swift. */
export function preflight(
  container: ContainerRow | undefined,
  headers: Headers,
  methods: readonly string[],
): ApiResponse {
  const allow = methods.join(", ");
  const origin = headers.get("origin");
  if (origin === null) return { status: 200, headers: { allow }, raw: "" };
  const allowed = container === undefined ? null : allowedOrigin(container, origin);
  const method = headers.get("access-control-request-method") ?? "";
  if (allowed === null || !methods.includes(method)) return { status: 401, headers: { allow } };
  const wanted = (headers.get("access-control-request-headers") ?? "").split(/[ ,]+/).filter((name) => name !== "");
  const age = container?.headers[`${META}max-age`];
  const vary = [
    ...(allowed === "*" ? [] : ["Origin"]),
    ...(wanted.length === 0 ? [] : ["Access-Control-Request-Headers"]),
  ];
  return {
    status: 200,
    headers: {
      allow,
      "access-control-allow-origin": allowed,
      "access-control-allow-methods": allow,
      ...(age === undefined ? {} : { "access-control-max-age": age }),
      ...(wanted.length === 0 ? {} : { "access-control-allow-headers": wanted.join(", ") }),
      ...(vary.length === 0 ? {} : { vary: vary.join(", ") }),
    },
    raw: "",
  };
}
