import { Shield } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/security-groups": true;
    "/security-groups/:id": true;
  }
}

export const panel = definePanel({
  id: "security-groups",
  group: "network",
  text,
  title: "title",
  icon: Shield,
  needs: ["network"],
  routes: { "/security-groups": () => import("./list.tsx"), "/security-groups/:id": () => import("./detail.tsx") },
});
