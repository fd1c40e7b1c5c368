import { Network as NetworkIcon } from "lucide-react";
import { useMemo } from "react";
import { type Network, networks, subnets } from "../../api/network.ts";
import { useList } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { ActionButton } from "../../parts/action.tsx";
import { Empty } from "../../parts/empty.tsx";
import { Link } from "../../parts/link.tsx";
import { PageHead } from "../../parts/page.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { type Column, ResourceTable } from "../../parts/table.tsx";
import { useCreateNetwork, useNetworkActions } from "./actions.ts";
import { text } from "./text.ts";

const nameOf = ({ name, id }: Network): string => name || id;
const idOf = ({ id }: Network): string => id;

/** Own networks, shared ones, and the ways out. */
export default function Networks() {
  const t = useText(text);
  const w = useText(words);
  const { data, error, refetch } = useList(networks);
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
      {
        id: "name",
        header: w("name"),
        value: nameOf,
        cell: (one) => <Link to={href("/networks/:id", { id: one.id })}>{nameOf(one)}</Link>,
        grow: 2,
      },
      {
        id: "status",
        header: w("status"),
        value: ({ status }) => status,
        cell: ({ status }) => <StatusBadge status={status} />,
      },
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
      {
        id: "id",
        header: w("id"),
        value: idOf,
        cell: ({ id }) => <code>{id}</code>,
        hidden: true,
        grow: 2,
        priority: 2,
      },
    ],
    [t, w, cidrs],
  );
  return (
    <>
      <PageHead title={t("title")}>
        <ActionButton action={create} />
      </PageHead>
      <ResourceTable
        id="networks"
        label={t("title")}
        items={data}
        error={error}
        retry={() => void refetch()}
        columns={columns}
        idOf={idOf}
        nameOf={nameOf}
        actions={actions}
        empty={
          <Empty title={t("empty.title")} hint={t("empty.hint")} icon={NetworkIcon}>
            <ActionButton action={create} />
          </Empty>
        }
      />
    </>
  );
}
