import { Router as RouterIcon } from "lucide-react";
import { useMemo } from "react";
import { networks, type Router, routers } from "../../api/network.ts";
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
import { useCreateRouter, useRouterActions } from "./actions.ts";
import { text } from "./text.ts";

const nameOf = ({ name, id }: Router): string => name || id;
const idOf = ({ id }: Router): string => id;

/** What connects networks. */
export default function Routers() {
  const t = useText(text);
  const w = useText(words);
  const { data, error, refetch } = useList(routers);
  const { data: known } = useList(networks);
  const actions = useRouterActions();
  const create = useCreateRouter();
  const columns = useMemo<Column<Router>[]>(
    () => [
      {
        id: "name",
        header: w("name"),
        value: nameOf,
        cell: (router) => <Link to={href("/routers/:id", { id: router.id })}>{nameOf(router)}</Link>,
        grow: 2,
      },
      {
        id: "status",
        header: w("status"),
        value: ({ status }) => status,
        cell: ({ status }) => <StatusBadge status={status} />,
      },
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
    <>
      <PageHead title={t("title")}>
        <ActionButton action={create} />
      </PageHead>
      <ResourceTable
        id="routers"
        label={t("title")}
        items={data}
        error={error}
        retry={() => void refetch()}
        columns={columns}
        idOf={idOf}
        nameOf={nameOf}
        actions={actions}
        empty={
          <Empty title={t("empty.title")} hint={t("empty.hint")} icon={RouterIcon}>
            <ActionButton action={create} />
          </Empty>
        }
      />
    </>
  );
}
