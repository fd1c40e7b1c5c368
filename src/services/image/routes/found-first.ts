import type { AnyRoute } from "../../../kernel/http/route.ts";
import type { Access } from "../manager/access.ts";

/** Records of one image look whether it is there for the caller before they say that the caller may not. */
export function foundFirst(access: Access, routes: readonly AnyRoute[]): AnyRoute[] {
  return routes.map((record) =>
    record.path.includes("/:image_id")
      ? { ...record, url: ({ context, param }) => access.findFirst(context, param("image_id"), record.policy) }
      : record,
  );
}
