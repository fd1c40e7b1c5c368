/** Every panel there is: a line each. */
import { panel as instances } from "../pages/instances/panel.ts";
import { panel as overview } from "../pages/overview/panel.ts";
import type { Panel } from "./panel.ts";

/** In the order of the navigation, within each group. */
export const panels: readonly Panel[] = [overview, instances];
