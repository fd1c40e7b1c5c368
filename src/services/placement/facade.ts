/** Nothing calls placement: compute tells it what it has, by its own facade. */
export type PlacementFacade = Record<never, never>;

declare module "../../kernel/module.ts" {
  interface Facades {
    placement: PlacementFacade;
  }
}
