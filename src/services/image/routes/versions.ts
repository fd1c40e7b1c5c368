import { type AnyRoute, type ApiRequest, type ApiResponse, route } from "../../../kernel/http/route.ts";

/** Every minor version a client may look for. 2.14 to 2.16 need an image cache, which one box does not. */
const VERSIONS = [
  "2.15",
  "2.13",
  "2.12",
  "2.11",
  "2.10",
  "2.9",
  "2.8",
  "2.7",
  "2.6",
  "2.5",
  "2.4",
  "2.3",
  "2.2",
  "2.1",
  "2.0",
];

export function versionRoutes(): AnyRoute[] {
  const answer = (request: ApiRequest): ApiResponse => ({
    body: {
      versions: VERSIONS.map((version, index) => ({
        id: `v${version}`,
        status: index === 0 ? "CURRENT" : "SUPPORTED",
        links: [{ rel: "self", href: `${request.baseUrl}/v2/` }],
      })),
    },
  });
  const record = (name: string, path: string, success: number) =>
    route({ name, method: "GET", path, policy: "image:versions", bare: true, success, handler: answer });
  return [
    record("versions:index", "/", 300),
    record("versions:list", "/versions", 200),
    record("versions:v2", "/v2", 300),
  ];
}
