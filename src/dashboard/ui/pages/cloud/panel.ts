import { ChartColumn } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/cloud": true;
  }
}

export const panel = definePanel({
  id: "cloud",
  group: "admin",
  text,
  title: "title",
  icon: ChartColumn,
  needs: ["compute"],
  visible: ({ isAdmin, project }) => isAdmin && project !== null,
  routes: { "/cloud": () => import("./cloud.tsx") },
});
