import { Gauge } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/defaults": true;
  }
}

export const panel = definePanel({
  id: "defaults",
  group: "admin",
  text,
  title: "title",
  icon: Gauge,
  needs: ["identity"],
  visible: ({ isAdmin, project }) => isAdmin && project !== null,
  routes: { "/defaults": () => import("./defaults.tsx") },
});
