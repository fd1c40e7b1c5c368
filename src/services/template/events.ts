declare module "../../kernel/events/events.ts" {
  interface Events {
    "template.note.created": { noteId: string; projectId: string };
  }
}

export {};
