import { computeEnvelope, family } from "../../kernel/http/families.ts";
import { defineService } from "../../kernel/module.ts";
import { projectMemberOrAdmin, projectReaderOrAdmin } from "../../kernel/policy/policy.ts";
import { textFront, textRoutes } from "./fronts/text.ts";
import { NoteManager } from "./manager/notes.ts";
import { noteRoutes } from "./routes/notes.ts";
import { declaration } from "./service.ts";
import { noteTables } from "./store/notes.ts";

/** A service about nothing, kept compiling and tested: copy it to begin a new one. It is not part of the cloud. */
export const template = defineService({
  ...declaration,
  api: family({ renderError: computeEnvelope }),
  fronts: [textFront],
  policies: { "template:create_note": projectMemberOrAdmin, "template:get_note": projectReaderOrAdmin },
  migrations: [noteTables],
  create(kernel) {
    const notes = new NoteManager(kernel);
    return {
      facade: { countNotes: (projectId) => notes.count(projectId) },
      routes: noteRoutes(notes),
      frontRoutes: { [textFront.name]: textRoutes(kernel) },
    };
  },
});

/** The service as the settings ask for it. */
export const assemble = () => template();
