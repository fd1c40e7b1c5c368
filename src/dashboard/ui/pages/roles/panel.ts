import { ShieldUser } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/roles": true;
  }
}

export const panel = definePanel({
  id: "roles",
  group: "identity",
  text,
  title: "title",
  icon: ShieldUser,
  needs: ["identity"],
  visible: ({ isAdmin }) => isAdmin,
  routes: { "/roles": () => import("./roles.tsx") },
});
