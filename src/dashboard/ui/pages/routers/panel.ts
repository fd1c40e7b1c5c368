import { Router } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/routers": true;
    "/routers/:id": true;
  }
}

export const panel = definePanel({
  id: "routers",
  group: "network",
  text,
  title: "title",
  icon: Router,
  needs: ["network"],
  routes: { "/routers": () => import("./list.tsx"), "/routers/:id": () => import("./detail.tsx") },
});
