import { useMemo } from "react";
import { type FloatingIp, floatingIps, type Network, networks, type Router, routers } from "../../api/network.ts";
import { useList } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { idColumn, nameColumn, statusColumn } from "../../parts/columns.tsx";
import { ListTable } from "../../parts/list-page.tsx";
import type { Column } from "../../parts/table.tsx";
import { useFloatingIpActions } from "../floating-ips/actions.ts";
import { useNetworkActions } from "../networks/actions.ts";
import { useRouterActions } from "../routers/actions.ts";
import { idOf, nameOf, useNothing, useProjectColumn } from "./columns.tsx";
import { text } from "./text.ts";

export function Networks() {
  const t = useText(text);
  const w = useText(words);
  const project = useProjectColumn<Network>(({ project_id }) => project_id);
  const columns = useMemo<Column<Network>[]>(
    () => [
      nameColumn(w, nameOf, ({ id }) => href("/networks/:id", { id })),
      project,
      statusColumn(w),
      { id: "kind", header: t("kind"), value: (one) => one["provider:network_type"], priority: 1 },
      {
        id: "segment",
        header: t("segment"),
        value: (one) => one["provider:segmentation_id"] ?? one["provider:physical_network"],
        priority: 2,
      },
      idColumn(w, idOf),
    ],
    [t, w, project],
  );
  return (
    <ListTable
      id="all-networks"
      title={t("networks")}
      list={useList(networks)}
      columns={columns}
      idOf={idOf}
      nameOf={nameOf}
      actions={useNetworkActions()}
      empty={useNothing()}
    />
  );
}

export function Routers() {
  const t = useText(text);
  const w = useText(words);
  const project = useProjectColumn<Router>(({ project_id }) => project_id);
  const columns = useMemo<Column<Router>[]>(
    () => [
      nameColumn(w, nameOf, ({ id }) => href("/routers/:id", { id })),
      project,
      statusColumn(w),
      {
        id: "gateway",
        header: t("gateway"),
        value: ({ external_gateway_info: gateway }) =>
          gateway?.external_fixed_ips.map(({ ip_address }) => ip_address).join(", "),
        grow: 2,
        priority: 1,
      },
      idColumn(w, idOf),
    ],
    [t, w, project],
  );
  return (
    <ListTable
      id="all-routers"
      title={t("routers")}
      list={useList(routers)}
      columns={columns}
      idOf={idOf}
      nameOf={nameOf}
      actions={useRouterActions()}
      empty={useNothing()}
    />
  );
}

const addressOf = ({ floating_ip_address }: FloatingIp): string => floating_ip_address;

export function FloatingIps() {
  const t = useText(text);
  const w = useText(words);
  const project = useProjectColumn<FloatingIp>(({ project_id }) => project_id);
  const columns = useMemo<Column<FloatingIp>[]>(
    () => [
      { id: "address", header: t("addresses"), value: addressOf, grow: 2 },
      project,
      statusColumn(w),
      { id: "fixed", header: t("fixed"), value: ({ fixed_ip_address }) => fixed_ip_address, grow: 2, priority: 1 },
      idColumn(w, idOf),
    ],
    [t, w, project],
  );
  return (
    <ListTable
      id="all-floating-ips"
      title={t("floating-ips")}
      list={useList(floatingIps)}
      columns={columns}
      idOf={idOf}
      nameOf={addressOf}
      actions={useFloatingIpActions()}
      empty={useNothing()}
    />
  );
}
