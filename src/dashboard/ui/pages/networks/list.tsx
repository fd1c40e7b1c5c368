import { Network as NetworkIcon } from "lucide-react";
import { useMemo } from "react";
import { type Network, networks, subnets } from "../../api/network.ts";
import { useList } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { ActionButton } from "../../parts/action.tsx";
import { idColumn, nameColumn, statusColumn } from "../../parts/columns.tsx";
import { ListPage } from "../../parts/list-page.tsx";
import type { Column } from "../../parts/table.tsx";
import { useCreateNetwork, useNetworkActions } from "./actions.ts";
import { text } from "./text.ts";

const nameOf = ({ name, id }: Network): string => name || id;
const idOf = ({ id }: Network): string => id;

/** Own networks, shared ones, and the ways out. */
export default function Networks() {
  const t = useText(text);
  const w = useText(words);
  const list = useList(networks);
  const { data: known } = useList(subnets);
  const actions = useNetworkActions();
  const create = useCreateNetwork();
  const cidrs = useMemo(() => {
    const found = new Map<string, string[]>();
    for (const { network_id, cidr } of known ?? []) found.set(network_id, [...(found.get(network_id) ?? []), cidr]);
    return found;
  }, [known]);
  const columns = useMemo<Column<Network>[]>(
    () => [
      nameColumn(w, nameOf, (one) => href("/networks/:id", { id: one.id })),
      statusColumn(w),
      {
        id: "subnets",
        header: t("subnets"),
        value: ({ id }) => (cidrs.get(id) ?? []).join(" "),
        cell: ({ id }) => <span className="mono">{(cidrs.get(id) ?? []).join(", ")}</span>,
        grow: 2.5,
        priority: 1,
      },
      {
        id: "kind",
        header: t("shared"),
        value: (one) => `${one.shared ? t("shared") : ""} ${one["router:external"] ? t("external") : ""}`,
        cell: (one) => (
          <span className="row">
            {one["router:external"] && <span className="chip">{t("external")}</span>}
            {one.shared && <span className="chip">{t("shared")}</span>}
          </span>
        ),
        grow: 1.4,
        priority: 2,
      },
      { id: "mtu", header: t("mtu"), value: ({ mtu }) => mtu, numeric: true, hidden: true, priority: 2 },
      idColumn(w, idOf),
    ],
    [t, w, cidrs],
  );
  return (
    <ListPage
      id="networks"
      title={t("title")}
      list={list}
      columns={columns}
      idOf={idOf}
      nameOf={nameOf}
      actions={actions}
      create={<ActionButton action={create} />}
      empty={{ title: t("empty.title"), hint: t("empty.hint"), icon: NetworkIcon }}
    />
  );
}
