import { type AnyRoute, route } from "../../../kernel/http/route.ts";
import type { Managers } from "../manager/index.ts";
import type { StackRow } from "../store/stacks.ts";
import { snapshotView } from "../views/snapshots.ts";
import { accepted, ownTenant, STACK, stackOf } from "./paths.ts";

export function snapshotRoutes({ stacks, snapshots }: Managers): AnyRoute[] {
  const common = { url: ownTenant, of: stackOf(stacks) } as const;
  const SNAPSHOT = `${STACK}/snapshots/:snapshot_id`;
  return [
    route<{ name?: unknown } | null, StackRow>({
      ...common,
      name: "snapshots:create",
      method: "POST",
      path: `${STACK}/snapshots`,
      policy: "stacks:snapshot",
      success: 200,
      handler({ body, thing }) {
        const name = typeof body?.name === "string" ? body.name : null;
        return { body: snapshotView(snapshots.create(thing, name)) };
      },
    }),
    route<unknown, StackRow>({
      ...common,
      name: "snapshots:list",
      method: "GET",
      path: `${STACK}/snapshots`,
      policy: "stacks:list_snapshots",
      success: 200,
      handler: ({ thing }) => ({ body: { snapshots: snapshots.list(thing).map(snapshotView) } }),
    }),
    route<unknown, StackRow>({
      ...common,
      name: "snapshots:show",
      method: "GET",
      path: SNAPSHOT,
      policy: "stacks:show_snapshot",
      success: 200,
      handler: ({ thing, param }) => ({ body: { snapshot: snapshotView(snapshots.get(thing, param("snapshot_id"))) } }),
    }),
    route<unknown, StackRow>({
      ...common,
      name: "snapshots:delete",
      method: "DELETE",
      path: SNAPSHOT,
      policy: "stacks:delete_snapshot",
      success: 204,
      handler({ thing, param }) {
        snapshots.delete(thing, snapshots.get(thing, param("snapshot_id")));
        return undefined;
      },
    }),
    route<unknown, StackRow>({
      ...common,
      name: "snapshots:restore",
      method: "POST",
      path: `${SNAPSHOT}/restore`,
      policy: "stacks:restore_snapshot",
      success: 202,
      handler(request) {
        const { thing, param } = request;
        snapshots.restore(thing, snapshots.get(thing, param("snapshot_id")));
        return accepted(request);
      },
    }),
  ];
}
