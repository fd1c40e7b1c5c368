import { formatMicroversion } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, type ApiRequest, route } from "../../../kernel/http/route.ts";
import { MAX_VERSION, MIN_VERSION } from "../errors.ts";

function versions(request: ApiRequest) {
  return {
    versions: [
      {
        id: "v3.0",
        status: "CURRENT",
        version: formatMicroversion(MAX_VERSION),
        min_version: formatMicroversion(MIN_VERSION),
        updated: "2022-08-31T00:00:00Z",
        links: [
          { rel: "describedby", type: "text/html", href: "https://docs.openstack.org/" },
          { rel: "self", href: `${request.baseUrl}/v3/` },
        ],
        "media-types": [{ base: "application/json", type: "application/vnd.openstack.volume+json;version=3" }],
      },
    ],
  };
}

/** The list is public and answers 300; v3's own document wants a token, as cinder's pipeline does. */
export function versionRoutes(): AnyRoute[] {
  return [
    route({
      name: "versions:list",
      method: "GET",
      path: "/",
      policy: "volume:versions",
      success: 300,
      handler: (request) => ({ body: versions(request) }),
    }),
    route({
      name: "versions:v3",
      method: "GET",
      path: "/v3",
      policy: "volume:version_v3",
      success: 200,
      handler: (request) => ({ body: versions(request) }),
    }),
  ];
}
