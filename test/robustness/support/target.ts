import { formatMicroversion, type Microversion } from "../../../src/kernel/http/microversion.ts";
import type { AnyRoute } from "../../../src/kernel/http/route.ts";
import type { ServiceRoute, World } from "./world.ts";

export const PARAM = /:(\w+)(\{(?:[^{}]|\{[^{}]*\})*\})?/g;

/** A record's path, whose parameters name things of alpha's where there are such: what it touches, or what it sounds like. */
export function pathTo(world: World, { path, of }: AnyRoute): string {
  const example = world.examples[of?.kind ?? ""] ?? {};
  return path.replaceAll(PARAM, (_, name: string) => example[name] ?? idFor(world, name, path));
}

function idFor({ ids, projects }: World, name: string, path: string): string {
  if (/project|target|tenant/.test(name)) return projects.alpha;
  if (name === "url_version") return "heat_template_version.2018-08-31";
  if (name === "url_type_name") return "OS::Heat::RandomString";
  if (/^(user|actor)_id$/.test(name)) return ids.member ?? "";
  const kind =
    path
      .slice(0, path.indexOf(`:${name}`))
      .split("/")
      .filter(Boolean)
      .at(-1) ?? "";
  const known = ids[kind.replaceAll("-", "_").replace(/^os_/, "").replace(/s$/, "")] ?? ids[name.replace(/_id$/, "")];
  return known ?? "6c1ef1f0-aaaa-4bbb-8ccc-000000000009";
}

/** The newest version of its API that has the record. */
export const newestOf = ({ service, route }: ServiceRoute): Microversion =>
  Math.min(service.api.microversions?.max ?? 0, route.microversions?.max ?? Number.POSITIVE_INFINITY);

/** That a record is asked at a version. */
export function versionHeaders({ api }: ServiceRoute["service"], version: Microversion): Record<string, string> {
  const scheme = api.microversions;
  return scheme === null ? {} : { "openstack-api-version": `${scheme.service} ${formatMicroversion(version)}` };
}
