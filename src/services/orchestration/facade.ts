/** Nothing of orchestration is asked for but by its API. */
export type OrchestrationFacade = Readonly<Record<string, never>>;

declare module "../../kernel/module.ts" {
  interface Facades {
    orchestration: OrchestrationFacade;
  }
}
