import { Trash2 } from "lucide-react";
import { useMemo } from "react";
import { operation } from "../../api/call.ts";
import { network, networks, type Port, ports, type Router, routers, subnets } from "../../api/network.ts";
import { useList } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import type { Action } from "../../parts/action.tsx";
import { Code } from "../../parts/copy.tsx";
import { Link } from "../../parts/link.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Card, Facts } from "../../parts/page.tsx";
import { PlainTable } from "../../parts/plain-table.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { ThingPage } from "../../parts/thing-page.tsx";
import { useRouterActions } from "./actions.ts";
import { text } from "./text.ts";

const nameOf = ({ name, id }: Router): string => name || id;

/** One router: its way out, and the networks it is on. */
export default function RouterPage() {
  const t = useText(text);
  return (
    <ThingPage
      resource={routers}
      one={t("one")}
      back={{ to: href("/routers"), label: t("title") }}
      nameOf={nameOf}
      actions={useRouterActions()}
      subtitle={({ status }) => <StatusBadge status={status} />}
    >
      {(router) => (
        <div className="stack">
          <About router={router} />
          <Interfaces router={router} />
        </div>
      )}
    </ThingPage>
  );
}

function About({ router }: { router: Router }) {
  const t = useText(text);
  const w = useText(words);
  const { data: known } = useList(networks);
  const gateway = router.external_gateway_info;
  return (
    <Card title={t("about")}>
      {gateway === null && <p className="dim">{t("gateway.none")}</p>}
      <Facts
        facts={[
          [w("description"), router.description],
          [
            t("gateway"),
            gateway === null ? null : (known?.find(({ id }) => id === gateway.network_id)?.name ?? gateway.network_id),
          ],
          [
            t("address"),
            gateway === null
              ? null
              : gateway.external_fixed_ips.map((ip) => <Code key={ip.ip_address}>{ip.ip_address}</Code>),
          ],
          [t("snat"), gateway?.enable_snat === true ? w("yes") : null],
          [t("admin.up"), router.admin_state_up ? w("yes") : null],
        ]}
      />
    </Card>
  );
}

const portName = ({ fixed_ips, id }: Port): string => fixed_ips[0]?.ip_address ?? id;

function Interfaces({ router }: { router: Router }) {
  const t = useText(text);
  const w = useText(words);
  const query = useList(ports, { device_id: router.id });
  const { data: known } = useList(networks);
  const { data: ranges } = useList(subnets);
  const actions = useMemo<Action<Port>[]>(
    () => [
      {
        id: "remove",
        label: t("interface.remove"),
        icon: Trash2,
        tone: "danger",
        question: () => t("interface.question"),
        operation: ({ id }) =>
          operation(
            ["openstack", "router", "remove", "port", router.id, id],
            network("PUT", `/routers/${router.id}/remove_router_interface`, { port_id: id }),
          ),
        done: t("interface.removed"),
        kinds: ["network.port", "network.router"],
      },
    ],
    [t, router.id],
  );
  return (
    <Card title={t("interfaces")}>
      <Loaded query={query} what={t("interfaces")}>
        {(found) => (
          <PlainTable
            items={found.filter(({ device_owner }) => device_owner !== "network:router_gateway")}
            idOf={({ id }) => id}
            nameOf={portName}
            actions={actions}
            empty={t("interfaces.none")}
            columns={[
              {
                header: w("name"),
                cell: ({ network_id }) => (
                  <Link to={href("/networks/:id", { id: network_id })}>
                    {known?.find(({ id }) => id === network_id)?.name ?? network_id}
                  </Link>
                ),
              },
              {
                header: t("interface.subnet"),
                cell: ({ fixed_ips }) => (
                  <code>
                    {fixed_ips
                      .map(
                        ({ ip_address, subnet_id }) =>
                          `${ip_address} (${ranges?.find(({ id }) => id === subnet_id)?.cidr ?? "?"})`,
                      )
                      .join(", ")}
                  </code>
                ),
              },
              { header: w("status"), cell: ({ status }) => <StatusBadge status={status} /> },
            ]}
          />
        )}
      </Loaded>
    </Card>
  );
}
