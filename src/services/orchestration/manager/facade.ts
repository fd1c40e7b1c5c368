import type { OrchestrationFacade } from "../facade.ts";

export const createFacade = (): OrchestrationFacade => ({});
