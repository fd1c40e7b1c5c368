/** Every panel there is: a line each. */
import { panel as access } from "../pages/access/panel.ts";
import { panel as agents } from "../pages/agents/panel.ts";
import { panel as aggregates } from "../pages/aggregates/panel.ts";
import { panel as cloud } from "../pages/cloud/panel.ts";
import { panel as defaults } from "../pages/defaults/panel.ts";
import { panel as domains } from "../pages/domains/panel.ts";
import { panel as everything } from "../pages/everything/panel.ts";
import { panel as flavors } from "../pages/flavors/panel.ts";
import { panel as floatingIps } from "../pages/floating-ips/panel.ts";
import { panel as groups } from "../pages/groups/panel.ts";
import { panel as hypervisors } from "../pages/hypervisors/panel.ts";
import { panel as images } from "../pages/images/panel.ts";
import { panel as instances } from "../pages/instances/panel.ts";
import { panel as keypairs } from "../pages/keypairs/panel.ts";
import { panel as networks } from "../pages/networks/panel.ts";
import { panel as overview } from "../pages/overview/panel.ts";
import { panel as projects } from "../pages/projects/panel.ts";
import { panel as roles } from "../pages/roles/panel.ts";
import { panel as routers } from "../pages/routers/panel.ts";
import { panel as securityGroups } from "../pages/security-groups/panel.ts";
import { panel as settings } from "../pages/settings/panel.ts";
import { panel as topology } from "../pages/topology/panel.ts";
import { panel as users } from "../pages/users/panel.ts";
import { panel as volumes } from "../pages/volumes/panel.ts";
import type { Panel } from "./panel.ts";

/** In the order of the navigation, within each group. */
export const panels: readonly Panel[] = [
  overview,
  instances,
  images,
  keypairs,
  volumes,
  topology,
  networks,
  routers,
  securityGroups,
  floatingIps,
  access,
  settings,
  cloud,
  everything,
  hypervisors,
  agents,
  flavors,
  defaults,
  aggregates,
  domains,
  projects,
  users,
  groups,
  roles,
];
