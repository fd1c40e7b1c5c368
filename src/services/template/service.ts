import { declareService } from "../../kernel/config/declaration.ts";
import "./facade.ts";

/** What is to be known of the service without running it. */
export const declaration = declareService({
  name: "template",
  endpoint: {
    prefix: "/template",
    classicPorts: [],
    catalog: [{ name: "template", type: "template", path: "/v1", description: "Template Service" }],
  },
  needs: ["identity"],
  readme: { works: "notes", missing: "all else" },
});

/** Loaded where the service is part of the cloud; a command that only reads local.conf does without. */
export const code = () => import("./index.ts");
