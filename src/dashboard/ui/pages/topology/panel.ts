import { Share2 } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/topology": true;
  }
}

export const panel = definePanel({
  id: "topology",
  group: "network",
  text,
  title: "title",
  icon: Share2,
  needs: ["network"],
  routes: { "/topology": () => import("./topology.tsx") },
});
