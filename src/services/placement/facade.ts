/** Nothing calls placement yet: compute tells it what it has, by its own facade. */
export interface PlacementFacade {
  /** Names of all resource classes, the custom ones too. */
  resourceClasses(): string[];
}

declare module "../../kernel/module.ts" {
  interface Facades {
    placement: PlacementFacade;
  }
}
