import { Globe } from "lucide-react";
import { useMemo } from "react";
import { type FloatingIp, floatingIps, networks } from "../../api/network.ts";
import { useList } from "../../api/resource.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { ActionButton } from "../../parts/action.tsx";
import { statusColumn } from "../../parts/columns.tsx";
import { ListPage } from "../../parts/list-page.tsx";
import type { Column } from "../../parts/table.tsx";
import { useFloatingIpActions, useFloatingIpCreation } from "./actions.ts";
import { text } from "./text.ts";

const nameOf = ({ floating_ip_address }: FloatingIp): string => floating_ip_address;
const idOf = ({ id }: FloatingIp): string => id;

/** Addresses from outside, and where they lead. */
export default function FloatingIps() {
  const t = useText(text);
  const w = useText(words);
  const list = useList(floatingIps);
  const { data: known } = useList(networks);
  const columns = useMemo<Column<FloatingIp>[]>(
    () => [
      {
        id: "address",
        header: t("address"),
        value: nameOf,
        cell: (ip) => <code>{ip.floating_ip_address}</code>,
        grow: 1.5,
      },
      statusColumn(w),
      { id: "fixed", header: t("fixed"), value: ({ fixed_ip_address }) => fixed_ip_address, grow: 1.5 },
      {
        id: "pool",
        header: t("pool"),
        value: ({ floating_network_id }) =>
          known?.find(({ id }) => id === floating_network_id)?.name ?? floating_network_id,
        priority: 1,
      },
      { id: "description", header: w("description"), value: ({ description }) => description, priority: 2, grow: 2 },
    ],
    [t, w, known],
  );
  const actions = useFloatingIpActions();
  const create = useFloatingIpCreation();
  return (
    <ListPage
      id="floating-ips"
      title={t("title")}
      list={list}
      columns={columns}
      idOf={idOf}
      nameOf={nameOf}
      actions={actions}
      create={<ActionButton action={create} />}
      empty={{ title: t("empty.title"), hint: t("empty.hint"), icon: Globe }}
    />
  );
}
