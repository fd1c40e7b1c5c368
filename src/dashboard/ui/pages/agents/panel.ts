import { Activity } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/agents": true;
  }
}

export const panel = definePanel({
  id: "agents",
  group: "admin",
  text,
  title: "title",
  icon: Activity,
  needs: ["identity"],
  visible: ({ isAdmin, project }) => isAdmin && project !== null,
  routes: { "/agents": () => import("./agents.tsx") },
});
