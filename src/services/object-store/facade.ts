/** No other service keeps its bytes here yet: who speaks to the store does so by its fronts. */
export type ObjectStoreFacade = Record<never, never>;

declare module "../../kernel/module.ts" {
  interface Facades {
    "object-store": ObjectStoreFacade;
  }
}
