import { UsersRound } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/groups": true;
    "/groups/:id": true;
  }
}

export const panel = definePanel({
  id: "groups",
  group: "identity",
  text,
  title: "title",
  icon: UsersRound,
  needs: ["identity"],
  visible: ({ isAdmin }) => isAdmin,
  routes: { "/groups": () => import("./list.tsx"), "/groups/:id": () => import("./detail.tsx") },
});
