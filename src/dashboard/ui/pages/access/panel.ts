import { Terminal } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/access": true;
  }
}

export const panel = definePanel({
  id: "access",
  group: "access",
  text,
  title: "title",
  icon: Terminal,
  needs: ["identity"],
  routes: { "/access": () => import("./access.tsx") },
});
