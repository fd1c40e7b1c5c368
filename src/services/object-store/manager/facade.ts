import type { ObjectStoreFacade } from "../facade.ts";

export const createFacade = (): ObjectStoreFacade => ({});
