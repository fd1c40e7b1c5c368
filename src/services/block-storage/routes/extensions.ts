import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import { attachmentListing } from "./attachments.ts";
import { messageListing } from "./messages.ts";
import { POOL_FILTERS } from "./services.ts";
import { snapshotListing } from "./snapshots.ts";
import { typeListing } from "./types.ts";
import { volumeListing } from "./volumes.ts";

/** What v2 called extensions and clients still ask for: only those that are really here. */
const EXTENSIONS: readonly (readonly [name: string, alias: string, description: string, updated: string])[] = [
  ["VolumeActions", "os-volume-actions", "Enable volume actions.", "2012-05-31T00:00:00+00:00"],
  ["AdminActions", "os-admin-actions", "Enable admin actions.", "2012-08-25T00:00:00+00:00"],
  ["AvailabilityZones", "os-availability-zone", "Describe Availability Zones.", "2013-06-27T00:00:00+00:00"],
  ["Capabilities", "capabilities", "Capabilities support.", "2015-08-31T00:00:00+00:00"],
  ["Hosts", "os-hosts", "Admin-only host administration.", "2011-06-29T00:00:00+00:00"],
  ["Quotas", "os-quota-sets", "Quota management support.", "2011-08-08T00:00:00+00:00"],
  ["QuotaClasses", "os-quota-class-sets", "Quota classes management support.", "2012-03-12T00:00:00+00:00"],
  ["SchedulerStats", "scheduler-stats", "Scheduler statistics.", "2014-09-07T00:00:00+00:00"],
  ["Services", "os-services", "Services support.", "2012-10-28T00:00:00-00:00"],
  ["SnapshotActions", "os-snapshot-actions", "Enable snapshot manager actions.", "2013-07-16T00:00:00+00:00"],
  ["TypesExtraSpecs", "os-types-extra-specs", "Type extra specs support.", "2011-08-24T00:00:00+00:00"],
  ["TypesManage", "os-types-manage", "Types manage support.", "2011-08-24T00:00:00+00:00"],
  [
    "UsedLimits",
    "os-used-limits",
    "Provide data on limited resources that are being used.",
    "2013-10-03T00:00:00+00:00",
  ],
  ["VolumeHostAttribute", "os-vol-host-attr", "Expose host as an attribute of a volume.", "2011-11-03T00:00:00+00:00"],
  [
    "VolumeImageMetadata",
    "os-vol-image-meta",
    "Show image metadata associated with the volume.",
    "2012-12-07T00:00:00+00:00",
  ],
  [
    "VolumeTenantAttribute",
    "os-vol-tenant-attr",
    "Expose the internal project_id as an attribute of a volume.",
    "2011-11-03T00:00:00+00:00",
  ],
  ["VolumeTypeAccess", "os-volume-type-access", "Volume type access support.", "2014-06-26T00:00:00Z"],
  [
    "ExtendedSnapshotAttributes",
    "os-extended-snapshot-attributes",
    "Extended SnapshotAttributes support.",
    "2012-06-19T00:00:00+00:00",
  ],
];

/** Which lists users may filter by what (3.33). */
const FILTERS: Readonly<Record<string, readonly string[]>> = {
  volume: volumeListing.filters,
  snapshot: snapshotListing.filters,
  attachment: attachmentListing.filters,
  message: messageListing.filters,
  pool: POOL_FILTERS,
  volume_type: typeListing.filters,
};

export function extensionRoutes(): AnyRoute[] {
  return [
    route({
      name: "extensions:list",
      method: "GET",
      path: "/extensions",
      policy: "volume_extension:list_extensions",
      success: 200,
      handler: () => ({
        body: {
          extensions: EXTENSIONS.map(([name, alias, description, updated]) => ({
            name,
            alias,
            description,
            updated,
            links: [],
          })),
        },
      }),
    }),
    route({
      name: "resource-filters:list",
      method: "GET",
      path: "/resource_filters",
      policy: "volume_extension:list_extensions",
      microversions: { min: mv("3.33") },
      success: 200,
      handler(request) {
        const wanted = request.query.get("resource");
        const entries = Object.entries(FILTERS).filter(([resource]) => wanted === null || wanted === resource);
        return { body: { resource_filters: entries.map(([resource, filters]) => ({ resource, filters })) } };
      },
    }),
  ];
}
