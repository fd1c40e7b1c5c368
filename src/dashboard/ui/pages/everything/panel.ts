import { LayoutGrid } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/everything": true;
  }
}

export const panel = definePanel({
  id: "everything",
  group: "admin",
  text,
  title: "title",
  icon: LayoutGrid,
  needs: ["identity"],
  visible: ({ isAdmin, project }) => isAdmin && project !== null,
  routes: { "/everything": () => import("./everything.tsx") },
});
