import { Network } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/networks": true;
    "/networks/:id": true;
  }
}

export const panel = definePanel({
  id: "networks",
  group: "network",
  text,
  title: "title",
  icon: Network,
  needs: ["network"],
  routes: { "/networks": () => import("./list.tsx"), "/networks/:id": () => import("./detail.tsx") },
});
