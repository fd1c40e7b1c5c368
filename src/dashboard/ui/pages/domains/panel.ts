import { Building2 } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/domains": true;
  }
}

export const panel = definePanel({
  id: "domains",
  group: "identity",
  text,
  title: "title",
  icon: Building2,
  needs: ["identity"],
  visible: ({ isAdmin }) => isAdmin,
  routes: { "/domains": () => import("./list.tsx") },
});
