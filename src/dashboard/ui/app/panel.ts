import type { LucideIcon } from "lucide-react";
import type { ComponentType } from "react";
import type { RouteParams } from "regexparam";
import type { Catalogue } from "./catalogue.ts";
import type { Session } from "./session.tsx";

/**
 * Every address of the dashboard, behind /dashboard. A panel adds its own:
 * `declare module "../../app/panel.ts" { interface Routes { "/instances/:id": true } }`
 */
// biome-ignore lint/suspicious/noEmptyInterface: filled by declaration merging
export interface Routes {}

export type RoutePath = keyof Routes & string;

/** A page's parameters come by `useParams`. */
export type Loader = () => Promise<{ default: ComponentType }>;

export const GROUPS = ["project", "compute", "storage", "network", "access", "admin", "identity"] as const;
export type Group = (typeof GROUPS)[number];

/** Something that the command palette offers, whatever page is open. */
export interface PaletteAction<Key extends string = string> {
  readonly title: Key;
  readonly to: RoutePath;
}

export interface Panel<Key extends string = string> {
  readonly id: string;
  readonly group: Group;
  readonly text: Catalogue<Key>;
  /** Key of its name in the navigation and the palette. */
  readonly title: Key;
  readonly icon: LucideIcon;
  /** Services without which it is not shown. */
  readonly needs: readonly string[];
  /** Who sees it: everybody with a project by default. */
  readonly visible?: (session: Session) => boolean;
  readonly actions?: readonly PaletteAction<Key>[];
  /** The first is where the navigation leads. */
  readonly routes: { readonly [Path in RoutePath]?: Loader };
}

export const definePanel = <Key extends string>(panel: Panel<Key>): Panel => panel as unknown as Panel;

export const isShown = (panel: Panel, session: Session): boolean =>
  panel.needs.every((service) => session.services.has(service)) &&
  (panel.visible ?? ((of: Session) => of.project !== null))(session);

export const firstRoute = (panel: Panel): string => Object.keys(panel.routes)[0] ?? "/";

type ParamsOf<Path extends string> = keyof RouteParams<Path> extends never ? [] : [RouteParams<Path>];

/** An address of the dashboard by its pattern: href("/instances/:id", { id }). */
export function href<Path extends RoutePath>(path: Path, ...[params]: ParamsOf<Path>): string {
  return path.replaceAll(/:(\w+)/g, (_whole, name: string) =>
    encodeURIComponent((params as Record<string, string> | undefined)?.[name] ?? ""),
  );
}
