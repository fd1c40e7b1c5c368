import type { ObjectStoreFacade } from "../facade.ts";
import type { Managers } from "./index.ts";

export function createFacade({ accounts }: Managers): ObjectStoreFacade {
  return { bytesUsed: (projectId) => accounts.get(`AUTH_${projectId}`)?.bytes_used ?? 0 };
}
