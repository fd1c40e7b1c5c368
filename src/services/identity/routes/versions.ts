import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";

const mediaTypes = (version: string) => [
  { base: "application/json", type: `application/vnd.openstack.identity-${version}+json` },
];

const v3 = (base: string) => ({
  id: "v3.14",
  status: "stable",
  updated: "2020-04-07T00:00:00Z",
  links: [{ rel: "self", href: `${base}/v3/` }],
  "media-types": mediaTypes("v3"),
});

const v2 = (base: string) => ({
  id: "v2.0",
  status: "deprecated",
  updated: "2016-08-04T00:00:00Z",
  links: [{ rel: "self", href: `${base}/v2.0/` }],
  "media-types": mediaTypes("v2.0"),
});

/** Discovery. The list names v3 only, as keystone's does; v2.0 answers to those who know of it. */
export function versionRoutes(): AnyRoute[] {
  return [
    route({
      name: "versions:list",
      method: "GET",
      path: "/",
      policy: "identity:versions",
      success: 300,
      handler: ({ baseUrl }: ApiRequest) => ({
        headers: { location: `${baseUrl}/v3/` },
        body: { versions: { values: [v3(baseUrl)] } },
      }),
    }),
    route({
      name: "versions:v3",
      method: "GET",
      path: "/v3",
      policy: "identity:versions",
      success: 200,
      handler: ({ baseUrl }: ApiRequest) => ({
        headers: { vary: "X-Auth-Token" },
        body: { version: v3(baseUrl) },
      }),
    }),
    route({
      name: "versions:v2",
      method: "GET",
      path: "/v2.0",
      policy: "identity:versions",
      success: 200,
      handler: ({ baseUrl }: ApiRequest) => ({ body: { version: v2(baseUrl) } }),
    }),
  ];
}
