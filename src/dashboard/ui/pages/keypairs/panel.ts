import { KeyRound } from "lucide-react";
import { definePanel } from "../../app/panel.ts";
import { text } from "./text.ts";

declare module "../../app/panel.ts" {
  interface Routes {
    "/keypairs": true;
  }
}

export const panel = definePanel({
  id: "keypairs",
  group: "compute",
  text,
  title: "title",
  icon: KeyRound,
  needs: ["compute"],
  routes: { "/keypairs": () => import("./list.tsx") },
});
