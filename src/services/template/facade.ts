/** The verbs other services may call. */
export interface TemplateFacade {
  countNotes(projectId: string): number;
}

declare module "../../kernel/module.ts" {
  interface Facades {
    template: TemplateFacade;
  }
}
