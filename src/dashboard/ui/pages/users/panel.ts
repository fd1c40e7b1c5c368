import { Users } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/users": true;
  }
}

export const panel = definePanel({
  id: "users",
  group: "identity",
  text,
  title: "title",
  icon: Users,
  needs: ["identity"],
  visible: ({ isAdmin }) => isAdmin,
  routes: { "/users": () => import("./list.tsx") },
});
