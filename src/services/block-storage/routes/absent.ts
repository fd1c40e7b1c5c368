import { notFound, notImplemented } from "../../../kernel/errors.ts";
import { mv } from "../../../kernel/http/microversion.ts";
import { type AnyRoute, caller, route, type Touched } from "../../../kernel/http/route.ts";

interface Absent {
  /** "backups" */
  collection: string;
  /** Key of the list in its answer, when it is not the collection's own. */
  key?: string;
  /** "Backup": how a missing one is named. */
  what: string;
  policies: { list: string; create: string };
  detail: boolean;
  since?: string;
}

/** What cinder has and this cloud does not: lists are empty, so that clients go on, and making one says so. */
const ABSENT: readonly Absent[] = [
  {
    collection: "backups",
    what: "Backup",
    policies: { list: "backup:get_all", create: "backup:create" },
    detail: true,
  },
  {
    collection: "os-volume-transfer",
    key: "transfers",
    what: "Transfer",
    policies: { list: "volume:get_all_transfers", create: "volume:create_transfer" },
    detail: true,
  },
  {
    collection: "volume-transfers",
    key: "transfers",
    what: "Transfer",
    policies: { list: "volume:get_all_transfers", create: "volume:create_transfer" },
    detail: true,
    since: "3.55",
  },
  {
    collection: "consistencygroups",
    what: "ConsistencyGroup",
    policies: { list: "group:get_all", create: "group:create" },
    detail: true,
  },
  {
    collection: "groups",
    what: "Group",
    policies: { list: "group:get_all", create: "group:create" },
    detail: true,
    since: "3.13",
  },
  {
    collection: "group_snapshots",
    what: "GroupSnapshot",
    policies: { list: "group:get_all", create: "group:create" },
    detail: true,
    since: "3.14",
  },
  {
    collection: "group_types",
    what: "Group type",
    policies: { list: "group:access_group_types_specs", create: "group:create" },
    detail: false,
    since: "3.11",
  },
  {
    collection: "qos-specs",
    key: "qos_specs",
    what: "QoS specs",
    policies: { list: "volume_extension:qos_specs_manage:get_all", create: "volume_extension:qos_specs_manage:create" },
    detail: false,
  },
];

/** Nothing of the kind is ever there. */
const absent = (what: string): Touched<never> => ({
  kind: "absent",
  find({ param }) {
    throw notFound(`${what} ${param("id")} could not be found.`);
  },
  owner: () => ({}),
});

export function absentRoutes(): AnyRoute[] {
  return ABSENT.flatMap(({ collection, key = collection, what, policies, detail, since }) => {
    const path = `/${collection}`;
    const common = since === undefined ? {} : { microversions: { min: mv(since) } };
    const list = (name: string, at: string) =>
      route({
        ...common,
        name: `${collection}:${name}`,
        method: "GET",
        path: at,
        policy: policies.list,
        of: caller,
        success: 200,
        handler: () => ({ body: { [key]: [] } }),
      });
    return [
      list("list", path),
      ...(detail ? [list("detail", `${path}/detail`)] : []),
      route({
        ...common,
        name: `${collection}:show`,
        method: "GET",
        path: `${path}/:id`,
        policy: policies.list,
        of: absent(what),
        success: 200,
        handler: ({ thing }) => thing,
      }),
      route({
        ...common,
        name: `${collection}:create`,
        method: "POST",
        path,
        policy: policies.create,
        of: caller,
        success: 202,
        handler() {
          throw notImplemented(`This cloud has no ${collection}.`);
        },
      }),
    ];
  });
}
