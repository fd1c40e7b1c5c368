import { open } from "node:fs/promises";
import { objectNotFound } from "../errors.ts";
import type { KeptObject, ObjectStoreFacade } from "../facade.ts";
import type { ObjectRow } from "../store/objects.ts";
import type { Managers } from "./index.ts";

/** The facade's verbs over the managers. */
export function createFacade({ containers, objects, contents, core }: Managers): ObjectStoreFacade {
  const accountOf = ({ project }: KeptObject): string => `AUTH_${project}`;
  const find = (object: KeptObject): ObjectRow | undefined => {
    const container = containers.get(accountOf(object), object.container);
    return container === undefined ? undefined : objects.get(container.id, object.name);
  };
  return {
    async keepFile(object, { path, size, md5 }) {
      const received = await contents.adopt(path, { size, md5 });
      const { container } = containers.put(accountOf(object), object.container);
      const attributes = { content_type: "application/octet-stream", headers: {} };
      objects.put(container, object.name, { received }, attributes, { unlimited: true });
      await core.kernel.db.durable();
    },
    sumOf: (object) => find(object)?.etag ?? null,
    async restoreFile(object, path) {
      const blob = find(object)?.blob;
      if (blob === undefined || blob === null) throw objectNotFound();
      const bytes = await contents.open(blob);
      try {
        const file = await open(path, "wx", 0o644);
        try {
          for await (const chunk of bytes.range(0, bytes.size).chunks()) await file.write(chunk);
          await file.sync();
        } finally {
          await file.close();
        }
      } finally {
        await bytes.close();
      }
    },
    removeObject(object) {
      const container = containers.get(accountOf(object), object.container);
      if (container !== undefined) objects.delete(container, object.name);
    },
  };
}
