import { Server } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/hypervisors": true;
  }
}

export const panel = definePanel({
  id: "hypervisors",
  group: "admin",
  text,
  title: "title",
  icon: Server,
  needs: ["compute", "placement"],
  visible: ({ isAdmin, project }) => isAdmin && project !== null,
  routes: { "/hypervisors": () => import("./list.tsx") },
});
