import { Boxes } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/aggregates": true;
  }
}

export const panel = definePanel({
  id: "aggregates",
  group: "admin",
  text,
  title: "title",
  icon: Boxes,
  needs: ["compute"],
  visible: ({ isAdmin, project }) => isAdmin && project !== null,
  routes: { "/aggregates": () => import("./list.tsx") },
});
