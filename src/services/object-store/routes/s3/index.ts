import type { AnyRoute } from "../../../../kernel/http/route.ts";
import type { Managers } from "../../manager/index.ts";
import { aclRoutes } from "./acls.ts";
import { bucketSettingRoutes } from "./bucket-settings.ts";
import { bucketRoutes } from "./buckets.ts";
import { copyRoutes } from "./copies.ts";
import { deleteRoutes } from "./deletes.ts";
import { formRoutes } from "./forms.ts";
import { listingRoutes } from "./listings.ts";
import { objectSettingRoutes } from "./object-settings.ts";
import { objectRoutes } from "./objects.ts";
import { s3Places } from "./place.ts";
import { preflightRoutes, withCorsErrors } from "./preflight.ts";
import { unsetSettingRoutes } from "./unset-settings.ts";
import { uploadRoutes } from "./uploads.ts";
import { websiteRoutes } from "./website.ts";

/** Every record of the S3 API. They reach the store by its managers: bytes stream, and what Swift's records say is not what S3's say. */
export function s3Routes(managers: Managers): AnyRoute[] {
  const places = s3Places(managers);
  return [
    ...bucketRoutes(managers, places),
    ...bucketSettingRoutes(managers, places),
    ...unsetSettingRoutes(places),
    ...listingRoutes(managers, places),
    ...aclRoutes(managers, places),
    ...deleteRoutes(managers, places),
    ...formRoutes(managers, places),
    ...uploadRoutes(managers, places),
    ...objectRoutes(managers, places),
    ...copyRoutes(managers, places),
    ...objectSettingRoutes(managers, places),
    ...preflightRoutes(places),
    ...websiteRoutes(managers, places),
  ].map(withCorsErrors);
}
