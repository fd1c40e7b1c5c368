import { Globe } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/floating-ips": true;
  }
}

export const panel = definePanel({
  id: "floating-ips",
  group: "network",
  text,
  title: "title",
  icon: Globe,
  needs: ["network"],
  routes: { "/floating-ips": () => import("./list.tsx") },
});
