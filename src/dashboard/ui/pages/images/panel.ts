import { Disc3 } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/images": true;
  }
}

export const panel = definePanel({
  id: "images",
  group: "compute",
  text,
  title: "title",
  icon: Disc3,
  needs: ["image"],
  routes: { "/images": () => import("./list.tsx") },
});
