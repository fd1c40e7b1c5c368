import { Server } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/instances": true;
    "/instances/new": true;
    "/instances/:id": true;
  }
}

export const panel = definePanel({
  id: "instances",
  group: "compute",
  text,
  title: "title",
  icon: Server,
  needs: ["compute"],
  actions: [{ title: "launch", to: "/instances/new" }],
  routes: {
    "/instances": () => import("./list.tsx"),
    "/instances/new": () => import("./launch.tsx"),
    "/instances/:id": () => import("./detail.tsx"),
  },
});
