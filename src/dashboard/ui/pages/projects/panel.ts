import { FolderKanban } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/projects": true;
    "/projects/:id": true;
  }
}

export const panel = definePanel({
  id: "projects",
  group: "identity",
  text,
  title: "title",
  icon: FolderKanban,
  needs: ["identity"],
  visible: ({ isAdmin }) => isAdmin,
  routes: { "/projects": () => import("./list.tsx"), "/projects/:id": () => import("./detail.tsx") },
});
