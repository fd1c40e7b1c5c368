import { formatMicroversion } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import { MAX_VERSION, MIN_VERSION } from "../errors.ts";
import { versionDocument, versionList } from "../views/versions.ts";

const range = { min: formatMicroversion(MIN_VERSION), max: formatMicroversion(MAX_VERSION) };

/** The documents that tell clients which versions there are; no token needed. */
export const versionRoutes: AnyRoute[] = [
  route({
    name: "versions:list",
    method: "GET",
    path: "/",
    policy: "os_compute_api:versions",
    bare: true,
    success: 200,
    handler: ({ baseUrl }) => ({ body: versionList(baseUrl, range) }),
  }),
  route({
    name: "versions:v2.1",
    method: "GET",
    path: "/v2.1",
    policy: "os_compute_api:versions",
    success: 200,
    handler: ({ baseUrl }) => ({ body: versionDocument("v2.1", baseUrl, range) }),
  }),
  route({
    name: "versions:v2",
    method: "GET",
    path: "/v2",
    policy: "os_compute_api:versions",
    success: 200,
    handler: ({ baseUrl }) => ({ body: versionDocument("v2.0", baseUrl, range) }),
  }),
];
