import { Router as RouterIcon } from "lucide-react";
import { useMemo } from "react";
import { networks, type Router, routers } from "../../api/network.ts";
import { useList } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { ActionButton } from "../../parts/action.tsx";
import { nameColumn, statusColumn } from "../../parts/columns.tsx";
import { ListPage } from "../../parts/list-page.tsx";
import type { Column } from "../../parts/table.tsx";
import { useCreateRouter, useRouterActions } from "./actions.ts";
import { text } from "./text.ts";

const nameOf = ({ name, id }: Router): string => name || id;
const idOf = ({ id }: Router): string => id;

/** What connects networks. */
export default function Routers() {
  const t = useText(text);
  const w = useText(words);
  const list = useList(routers);
  const { data: known } = useList(networks);
  const actions = useRouterActions();
  const create = useCreateRouter();
  const columns = useMemo<Column<Router>[]>(
    () => [
      nameColumn(w, nameOf, (router) => href("/routers/:id", { id: router.id })),
      statusColumn(w),
      {
        id: "gateway",
        header: t("gateway"),
        value: ({ external_gateway_info: gateway }) =>
          known?.find(({ id }) => id === gateway?.network_id)?.name ?? gateway?.network_id,
        priority: 1,
      },
      {
        id: "address",
        header: t("address"),
        value: ({ external_gateway_info: gateway }) =>
          gateway?.external_fixed_ips.map(({ ip_address }) => ip_address).join(", "),
        grow: 2,
        priority: 2,
      },
    ],
    [t, w, known],
  );
  return (
    <ListPage
      id="routers"
      title={t("title")}
      list={list}
      columns={columns}
      idOf={idOf}
      nameOf={nameOf}
      actions={actions}
      create={<ActionButton action={create} />}
      empty={{ title: t("empty.title"), hint: t("empty.hint"), icon: RouterIcon }}
    />
  );
}
