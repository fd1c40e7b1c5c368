import { ApiError } from "../../../../kernel/errors.ts";
import { idOf, orGone } from "../asking.ts";
import { ResourceError, type ResourceType, type Run } from "../types.ts";
import { interfacesOfRouter } from "./implied.ts";
import { of, text } from "./rest.ts";

interface Route {
  readonly destination: string;
  readonly nexthop: string;
}

const same = (one: Route) => (other: Route) => one.destination === other.destination && one.nexthop === other.nexthop;

const service = { name: "network", client: "neutron" } as const;

async function routesOf(run: Run, id: string): Promise<readonly Route[]> {
  const { router } = await run.call<{ router: { routes: Route[] } }>("network", "routers:show", { params: { id } });
  return router.routes ?? [];
}

const change = (run: Run, id: string, verb: "add_extraroutes" | "remove_extraroutes", routes: readonly Route[]) =>
  routes.length === 0
    ? Promise.resolve()
    : run.call("network", `routers:${verb}`, { params: { id }, body: { router: { routes } } });

const wantedOf = ({ routes }: Run["properties"]): readonly Route[] =>
  ((routes ?? []) as Route[]).map(({ destination, nexthop }) => ({ destination, nexthop }));

/** Errors: for routes that the router has already, which are another's. */
async function requireNew(run: Run, id: string, routes: readonly Route[]): Promise<void> {
  const present = await routesOf(run, id);
  const twice = routes.find((route) => present.some(same(route)));
  if (twice === undefined) return;
  const name = `${id},${twice.destination}=${twice.nexthop}`;
  throw new ResourceError("PhysicalResourceExists", `The physical resource for (${name}) exists.`);
}

export const extraRouteSet: ResourceType = {
  name: "OS::Neutron::ExtraRouteSet",
  service,
  support: { version: "14.0.0" },
  description: "Static routes of a router.",
  alsoNeeds: ({ router }, others) => interfacesOfRouter(others, router),
  properties: {
    router: { ...of("neutron.router"), required: true, description: "The router, by id or name." },
    routes: {
      type: "list",
      default: [],
      update_allowed: true,
      description: "The routes.",
      items: {
        type: "map",
        fields: {
          destination: { ...of("net_cidr"), required: true, description: "Where to." },
          nexthop: { ...of("ip_addr"), required: true, description: "By way of whom." },
        },
      },
    },
  },
  attributes: {},
  async create(run) {
    if (run.physicalId !== null) return;
    const id = await idOf(run, "router", String(run.properties.router));
    const wanted = wantedOf(run.properties);
    // After a crash they may be its own.
    if (run.data.attempted !== true) await requireNew(run, id, wanted);
    run.setData("attempted", true);
    await change(run, id, "add_extraroutes", wanted);
    run.setPhysicalId(id);
  },
  async update(run) {
    const id = run.physicalId ?? "";
    const [now, before] = [wantedOf(run.properties), wantedOf(run.before)];
    await change(
      run,
      id,
      "remove_extraroutes",
      before.filter((route) => !now.some(same(route))),
    );
    await change(
      run,
      id,
      "add_extraroutes",
      now.filter((route) => !before.some(same(route))),
    );
  },
  async delete(run) {
    const { physicalId: id } = run;
    if (id !== null) await orGone(() => change(run, id, "remove_extraroutes", wantedOf(run.properties)));
  },
};

export const extraRoute: ResourceType = {
  name: "OS::Neutron::ExtraRoute",
  service,
  support: { status: "UNSUPPORTED", message: "Use this resource at your own risk." },
  description: "A static route of a router.",
  alsoNeeds: ({ router_id }, others) => interfacesOfRouter(others, router_id),
  properties: {
    router_id: { ...of("neutron.router"), required: true, description: "The router." },
    destination: { ...text, required: true, description: "Where to." },
    nexthop: { ...text, required: true, description: "By way of whom." },
  },
  attributes: {},
  async create(run) {
    if (run.physicalId !== null) return;
    const { router_id, destination, nexthop } = run.properties as Record<string, string>;
    const id = await idOf(run, "router", String(router_id));
    const route = { destination: String(destination), nexthop: String(nexthop) };
    const isThere = (await routesOf(run, id)).some(same(route));
    if (isThere && run.data.attempted !== true)
      throw new ApiError(400, "Route duplicates an existing route.", { type: "Error" });
    run.setData("attempted", true);
    if (!isThere) await change(run, id, "add_extraroutes", [route]);
    run.setPhysicalId(`${id}:${destination}:${nexthop}`);
  },
  async delete(run) {
    const { physicalId } = run;
    if (physicalId === null) return;
    const { destination, nexthop } = run.properties as unknown as Route;
    const [id = ""] = physicalId.split(":");
    await orGone(() => change(run, id, "remove_extraroutes", [{ destination, nexthop }]));
  },
};
