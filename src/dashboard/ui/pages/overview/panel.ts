import { LayoutDashboard } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/overview": true;
  }
}

export const panel = definePanel({
  id: "overview",
  group: "project",
  text,
  title: "title",
  icon: LayoutDashboard,
  needs: [],
  routes: { "/overview": () => import("./overview.tsx") },
});
