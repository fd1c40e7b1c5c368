import { Settings } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/settings": true;
  }
}

export const panel = definePanel({
  id: "settings",
  group: "access",
  text,
  title: "title",
  icon: Settings,
  needs: ["identity"],
  visible: () => true,
  routes: { "/settings": () => import("./settings.tsx") },
});
