import { declareService } from "../../kernel/config/declaration.ts";
import "./facade.ts";
import { settings } from "./settings.ts";

export const declaration = declareService({
  name: "object-store",
  endpoint: {
    prefix: "/object-store",
    classicPorts: ["objectStore"],
    catalog: [
      { name: "swift", type: "object-store", path: "/v1/AUTH_%(project_id)s", description: "Swift Service" },
      { name: "s3", type: "s3", path: "", description: "S3", prefix: "/s3" },
    ],
  },
  devstack: {
    project: "swift",
    api: ["s-proxy"],
    members: ["s-proxy", "s-object", "s-container", "s-account"],
    prefix: "s-",
    inner: ["s-object", "s-container", "s-account"],
    others: ["s3api", "swift3", "s-container-sync"],
  },
  needs: ["identity"],
  accounts: { service: [{ name: "swift" }] },
  settings,
  readme: {
    works:
      "Swift v1 whole: large objects, versions, access lists, quotas, signed URLs and forms, static web, bulk, links; S3 on the same objects: signatures 2 and 4, uploads in parts, checksums, versions, policies, locks, lifecycle; objects are durable when they are acknowledged",
    missing: "container sync with other clouds, more than one storage policy, encryption at rest",
  },
});

/** Loaded where the service is part of the cloud; a command that only reads local.conf does without. */
export const code = () => import("./index.ts");
