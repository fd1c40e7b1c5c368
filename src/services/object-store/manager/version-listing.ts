import type { ListedVersion, ObjectTable } from "../store/objects.ts";
import type { ListQuery } from "../values/listing.ts";
import { afterPrefix, compareNames } from "../values/names.ts";

export type ListedVersions = (ListedVersion | { subdir: string })[];

/**
 * Objects, their older versions and delete markers, by name and of one name the newest first; with prefix and delimiter as any listing.
 * `marker` is the last name that was listed, `versionMarker` the stamp of its last version that was.
 */
export function versionListing(
  objects: ObjectTable,
  container: number,
  query: ListQuery,
  versionMarker: number | null = null,
): ListedVersions {
  const { limit, prefix = "", delimiter = "", marker = "", endMarker = "" } = query;
  const end = prefix === "" ? null : afterPrefix(prefix);
  const before = endMarker !== "" && (end === null || compareNames(endMarker, end) < 0) ? endMarker : end;
  const found: ListedVersions = [];
  let from: { name: string; stamp: number | null; inclusive: boolean } =
    marker !== "" && compareNames(marker, prefix) >= 0
      ? { name: marker, stamp: versionMarker, inclusive: false }
      : { name: prefix, stamp: null, inclusive: true };
  // A marker that is itself a common prefix stands for all behind it.
  if (delimiter !== "" && marker.startsWith(prefix) && marker.endsWith(delimiter) && marker.length > prefix.length)
    from = { name: afterPrefix(marker) ?? marker, stamp: null, inclusive: true };
  while (found.length < limit) {
    const page = objects.versions(container, from, before, limit - found.length);
    let jumped = false;
    for (const version of page) {
      const at = delimiter === "" ? -1 : version.name.indexOf(delimiter, prefix.length);
      if (at >= 0) {
        const subdir = version.name.slice(0, at + delimiter.length);
        found.push({ subdir });
        from = { name: afterPrefix(subdir) ?? version.name, stamp: null, inclusive: true };
        jumped = true;
        break;
      }
      found.push(version);
      from = { name: version.name, stamp: version.stamp, inclusive: false };
    }
    if (!jumped) break;
  }
  return found;
}
