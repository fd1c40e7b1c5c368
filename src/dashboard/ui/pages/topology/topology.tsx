import {
  Boxes,
  Cable,
  Globe,
  type LucideIcon,
  Network as NetworkIcon,
  Router as RouterIcon,
  Server,
} from "lucide-react";
import { useMemo, useState } from "react";
import { servers } from "../../api/compute.ts";
import { networks, ports, routers, subnets } from "../../api/network.ts";
import { useList } from "../../api/resource.ts";
import { useSession } from "../../app/session.tsx";
import { type Translate, useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { ActionButton } from "../../parts/action.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Graph, type GraphEdge, type GraphNode } from "../../parts/graph/graph.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { PageHead, PageTabs } from "../../parts/page.tsx";
import { PlainTable } from "../../parts/plain-table.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { useCreateNetwork } from "../networks/actions.ts";
import { useCreateRouter } from "../routers/actions.ts";
import { Chosen, placeOf } from "./chosen.tsx";
import { nameOf, type Thing, type Topology, topologyOf } from "./model.ts";
import { text } from "./text.ts";

/** How networks, routers and instances hang together, as it is this moment. */
export default function TopologyPage() {
  const t = useText(text);
  const { services, project } = useSession();
  const lists = {
    networks: useList(networks),
    subnets: useList(subnets),
    routers: useList(routers),
    ports: useList(ports),
    servers: useList(servers, {}, services.has("compute")),
  };
  const [n, s, r, p] = [lists.networks.data, lists.subnets.data, lists.routers.data, lists.ports.data];
  const guests = services.has("compute") ? lists.servers.data : NOBODY;
  const topology = useMemo(
    () =>
      n === undefined || s === undefined || r === undefined || p === undefined || guests === undefined
        ? undefined
        : topologyOf({ networks: n, subnets: s, routers: r, ports: p, servers: guests }, project?.id ?? ""),
    [n, s, r, p, guests, project],
  );
  const all = Object.values(lists);
  const error = all.find((one) => one.error !== null)?.error ?? null;
  const refetch = () => Promise.all(all.filter((one) => one.error !== null).map((one) => one.refetch()));
  const create = useCreateNetwork();
  const createRouter = useCreateRouter();
  return (
    <>
      <PageHead title={t("title")} subtitle={<span className="dim">{t("hint")}</span>}>
        <ActionButton action={createRouter} primary={false} />
        <ActionButton action={create} />
      </PageHead>
      <Loaded query={{ data: topology, error, refetch }} what={t("title")}>
        {(found) =>
          found.things.length === 0 ? (
            <Empty title={t("empty.title")} hint={t("empty.hint")} icon={NetworkIcon}>
              <ActionButton action={create} />
            </Empty>
          ) : (
            <PageTabs
              label={t("title")}
              tabs={[
                { id: "graph", label: t("tab.graph"), content: () => <Picture topology={found} /> },
                { id: "table", label: t("tab.table"), content: () => <Table topology={found} /> },
              ]}
            />
          )
        }
      </Loaded>
    </>
  );
}

const NOBODY: never[] = [];

const ICONS: Readonly<Record<Thing["kind"], LucideIcon>> = {
  network: NetworkIcon,
  router: RouterIcon,
  server: Server,
  servers: Boxes,
  port: Cable,
};

type T = Translate<keyof (typeof text)["en"] & string>;

const kindOf = (t: T, thing: Thing): string =>
  thing.kind === "network" && thing.network["router:external"] ? t("kind.external") : t(`kind.${thing.kind}`);

const detailOf = (thing: Thing): readonly string[] => {
  switch (thing.kind) {
    case "network":
      return thing.cidrs;
    case "router":
      return (thing.router.external_gateway_info?.external_fixed_ips ?? []).map(({ ip_address }) => ip_address);
    case "server":
      return thing.addresses;
    case "servers":
      return [];
    case "port":
      return thing.port.fixed_ips.map(({ ip_address }) => ip_address);
  }
};

const statusOf = (thing: Thing): string | undefined => {
  switch (thing.kind) {
    case "network":
      return thing.network.status === "ACTIVE" ? undefined : thing.network.status;
    case "router":
      return thing.router.status === "ACTIVE" ? undefined : thing.router.status;
    case "server":
      return thing.server.status;
    case "servers":
      return undefined;
    case "port":
      return thing.port.status;
  }
};

const shownName = (t: T, thing: Thing): string =>
  thing.kind === "servers" ? t("many", { count: thing.servers.length }) : nameOf(thing);

function Picture({ topology }: { topology: Topology }) {
  const t = useText(text);
  const { project } = useSession();
  const [selected, setSelected] = useState<string | null>(null);
  const nodes = useMemo(
    () =>
      topology.things.map((thing): GraphNode => {
        const [detail, status] = [detailOf(thing).join(", "), statusOf(thing)];
        const isExternal = thing.kind === "network" && thing.network["router:external"];
        return {
          id: thing.id,
          kind: kindOf(t, thing),
          icon: isExternal ? Globe : ICONS[thing.kind],
          name: shownName(t, thing),
          ...(detail === "" ? {} : { detail }),
          ...(status === undefined ? {} : { status }),
        };
      }),
    [t, topology],
  );
  const edges = useMemo(
    () =>
      topology.lines.map(({ id, from, to, addresses }): GraphEdge => {
        // What is at the other end says its address itself.
        const said = topology.things.some((thing) => thing.id === from && thing.kind === "router");
        return { id, from, to, ...(said && addresses.length > 0 ? { label: shortest(addresses) } : {}) };
      }),
    [topology],
  );
  const chosen = topology.things.find(({ id }) => id === selected);
  return (
    <div className="graph-beside">
      <Graph
        label={t("title")}
        nodes={nodes}
        edges={edges}
        selected={selected}
        onSelect={setSelected}
        stored={`topology.${project?.id ?? ""}`}
      />
      {chosen !== undefined && (
        <Chosen
          key={chosen.id}
          thing={chosen}
          kind={kindOf(t, chosen)}
          name={shownName(t, chosen)}
          close={() => setSelected(null)}
        />
      )}
    </div>
  );
}

/** The one that fits on a line: most are of version 4. */
const shortest = (addresses: readonly string[]): string =>
  addresses.reduce((a, b) => (b.length < a.length ? b : a), addresses[0] ?? "");

/** The same in words. */
function Table({ topology: { things, lines } }: { topology: Topology }) {
  const t = useText(text);
  const w = useText(words);
  const names = new Map(things.map((thing) => [thing.id, shownName(t, thing)]));
  const withOf = ({ id }: Thing): string =>
    lines
      .filter(({ from, to }) => from === id || to === id)
      .map(({ from, to }) => names.get(from === id ? to : from) ?? "")
      .join(", ");
  return (
    <PlainTable
      items={things}
      idOf={({ id }) => id}
      empty={t("empty.title")}
      columns={[
        { header: w("name"), cell: (thing) => placeOf(thing, shownName(t, thing)) },
        { header: t("what"), cell: (thing) => kindOf(t, thing) },
        {
          header: w("status"),
          cell: (thing) => {
            const status = statusOf(thing);
            return status === undefined ? <span className="dim">—</span> : <StatusBadge status={status} />;
          },
        },
        { header: t("addresses"), cell: (thing) => <code>{detailOf(thing).join(", ")}</code> },
        { header: t("connected"), cell: (thing) => withOf(thing) || <span className="dim">{t("nothing")}</span> },
      ]}
    />
  );
}
