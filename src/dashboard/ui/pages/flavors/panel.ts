import { Layers } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/flavors": true;
    "/flavors/:id": true;
  }
}

export const panel = definePanel({
  id: "flavors",
  group: "admin",
  text,
  title: "title",
  icon: Layers,
  needs: ["compute"],
  visible: ({ isAdmin, project }) => isAdmin && project !== null,
  routes: { "/flavors": () => import("./list.tsx"), "/flavors/:id": () => import("./detail.tsx") },
});
