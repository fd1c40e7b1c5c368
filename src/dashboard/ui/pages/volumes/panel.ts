import { HardDrive } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/volumes": true;
  }
}

export const panel = definePanel({
  id: "volumes",
  group: "storage",
  text,
  title: "title",
  icon: HardDrive,
  needs: ["block-storage"],
  routes: { "/volumes": () => import("./list.tsx") },
});
