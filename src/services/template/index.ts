import { defineService } from "../../kernel/module.ts";
import { templateApi } from "./errors.ts";
import "./facade.ts";
import { textFront, textRoutes } from "./fronts/text.ts";
import { NoteManager } from "./manager/notes.ts";
import { notes as notesMigration } from "./migrations/0001-notes.ts";
import { policies } from "./policies.ts";
import { noteRoutes } from "./routes/notes.ts";
import { NoteStore } from "./store/notes.ts";

/** A service about nothing, kept compiling and tested: copy it to begin a new one. It is not part of the cloud. */
export const template = defineService({
  name: "template",
  endpoint: {
    prefix: "/template",
    classicPorts: [],
    catalog: [{ name: "template", type: "template", path: "/v1", description: "Template Service" }],
  },
  api: templateApi,
  fronts: [textFront],
  policies,
  migrations: [notesMigration],
  create(kernel) {
    const store = new NoteStore(kernel.db);
    const manager = new NoteManager(kernel, store);
    return {
      facade: { countNotes: (projectId) => store.inProject(projectId) },
      routes: noteRoutes(manager),
      frontRoutes: { [textFront.name]: textRoutes(kernel) },
    };
  },
});
