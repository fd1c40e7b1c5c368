import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import { ALLOWED_DIGESTS } from "../manager/temp-url.ts";
import { BULK_LIMITS, LIMITS, POLICY, SLO_LIMITS, SYMLOOP_MAX } from "../values/limits.ts";
import { CLUSTER, REALM } from "../values/sync.ts";

/** What this Swift can, as its clients ask; the version is that of the release it is like. */
const info = (maxFileSize: number) => ({
  swift: {
    version: "2.30.1",
    strict_cors_mode: true,
    policies: [{ name: POLICY, aliases: POLICY, default: true }],
    allow_account_management: false,
    account_autocreate: true,
    max_file_size: maxFileSize,
    ...LIMITS,
    extra_header_count: 0,
  },
  symlink: { symloop_max: SYMLOOP_MAX, static_links: true },
  versioned_writes: { allowed_flags: ["x-versions-location", "x-history-location"] },
  object_versioning: {},
  slo: SLO_LIMITS,
  dlo: {},
  account_quotas: {},
  container_quotas: {},
  staticweb: {},
  formpost: { allowed_digests: ALLOWED_DIGESTS, deprecated_digests: ["sha1"] },
  tempurl: {
    methods: ["GET", "HEAD", "PUT", "POST", "DELETE"],
    incoming_remove_headers: ["x-timestamp"],
    incoming_allow_headers: [],
    outgoing_remove_headers: ["x-object-meta-*"],
    outgoing_allow_headers: ["x-object-meta-public-*"],
    allowed_digests: ALLOWED_DIGESTS,
    deprecated_digests: ["sha1"],
  },
  bulk_upload: BULK_LIMITS.upload,
  bulk_delete: BULK_LIMITS.delete,
  container_sync: { realms: { [REALM]: { clusters: { [CLUSTER]: { current: true } } } } },
  crossdomain: {},
});

const CROSSDOMAIN = `<?xml version="1.0"?>
<!DOCTYPE cross-domain-policy SYSTEM "http://www.adobe.com/xml/dtds/cross-domain-policy.dtd" >
<cross-domain-policy>
<allow-access-from domain="*" secure="false" />
</cross-domain-policy>`;

export function infoRoutes({ core }: Managers): AnyRoute[] {
  const about = info(core.kernel.settings.objectStore.maxFileSize);
  const document = (name: string, path: string, contentType: string, text: string): AnyRoute =>
    route({
      name,
      method: "GET",
      path,
      policy: "object-store:info",
      success: 200,
      handler: ({ method }) => ({
        headers: { "content-type": contentType, "content-length": String(Buffer.byteLength(text)) },
        raw: method === "HEAD" ? "" : text,
      }),
    });
  return [
    document("info:show", "/info", "application/json; charset=UTF-8", JSON.stringify(about)),
    document("health:show", "/healthcheck", "text/plain", "OK"),
    document("crossdomain:show", "/crossdomain.xml", "application/xml", CROSSDOMAIN),
  ];
}
