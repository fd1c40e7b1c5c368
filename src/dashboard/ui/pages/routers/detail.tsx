import { Trash2 } from "lucide-react";
import { useMemo } from "react";
import { useLocation, useParams } from "wouter";
import { operation } from "../../api/call.ts";
import { network, networks, type Port, ports, type Router, routers, subnets } from "../../api/network.ts";
import { useList, useOne } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { type Action, ActionBar, ActionMenu, useRunner } from "../../parts/action.tsx";
import { Busy } from "../../parts/busy.tsx";
import { Code } from "../../parts/copy.tsx";
import { Link } from "../../parts/link.tsx";
import { Card, Facts, PageHead } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { useRouterActions } from "./actions.ts";
import { text } from "./text.ts";

const nameOf = ({ name, id }: Router): string => name || id;

/** One router: its way out, and the networks it is on. */
export default function RouterPage() {
  const { id = "" } = useParams<{ id: string }>();
  const t = useText(text);
  const w = useText(words);
  const [, navigate] = useLocation();
  const { data, error, refetch } = useOne(routers, id);
  const { data: known } = useList(networks);
  const actions = useRouterActions();
  const runner = useRunner(nameOf, (action) => action.id === "delete" && navigate(href("/routers")));
  const back = { to: href("/routers"), label: t("title") };
  if (data === undefined)
    return (
      <>
        <PageHead title={t("one")} back={back} />
        {error === null ? <Busy what={t("one")} /> : <Problem error={error} retry={() => void refetch()} />}
      </>
    );
  const gateway = data.external_gateway_info;
  return (
    <>
      <PageHead
        title={nameOf(data)}
        back={back}
        subtitle={
          <>
            <StatusBadge status={data.status} />
            <Code>{data.id}</Code>
          </>
        }
      >
        <ActionBar actions={actions} item={data} name={nameOf(data)} runner={runner} />
      </PageHead>
      <div className="stack">
        <Card title={t("about")}>
          {gateway === null && <p className="dim">{t("gateway.none")}</p>}
          <Facts
            facts={[
              [w("description"), data.description],
              [
                t("gateway"),
                gateway === null
                  ? null
                  : (known?.find((one) => one.id === gateway.network_id)?.name ?? gateway.network_id),
              ],
              [
                t("address"),
                gateway === null
                  ? null
                  : gateway.external_fixed_ips.map((ip) => <Code key={ip.ip_address}>{ip.ip_address}</Code>),
              ],
              [t("snat"), gateway?.enable_snat === true ? w("yes") : null],
              [t("admin.up"), data.admin_state_up ? w("yes") : null],
            ]}
          />
        </Card>
        <Interfaces router={data} />
      </div>
      {runner.dialog}
    </>
  );
}

const portName = ({ fixed_ips, id }: Port): string => fixed_ips[0]?.ip_address ?? id;

function Interfaces({ router }: { router: Router }) {
  const t = useText(text);
  const w = useText(words);
  const { data, isPending } = useList(ports, { device_id: router.id });
  const { data: known } = useList(networks);
  const { data: ranges } = useList(subnets);
  const runner = useRunner(portName);
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
  const inner = (data ?? []).filter(({ device_owner }) => device_owner !== "network:router_gateway");
  return (
    <Card title={t("interfaces")}>
      {isPending ? (
        <Busy what={t("interfaces")} />
      ) : inner.length === 0 ? (
        <p className="dim">{t("interfaces.none")}</p>
      ) : (
        <div className="scrolls">
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">{w("name")}</th>
                <th scope="col">{t("interface.subnet")}</th>
                <th scope="col">{w("status")}</th>
                <th scope="col">
                  <span className="hidden-visually">{w("actions")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {inner.map((port) => (
                <tr key={port.id}>
                  <td>
                    <Link to={href("/networks/:id", { id: port.network_id })}>
                      {known?.find(({ id }) => id === port.network_id)?.name ?? port.network_id}
                    </Link>
                  </td>
                  <td>
                    <code>
                      {port.fixed_ips
                        .map(
                          ({ ip_address, subnet_id }) =>
                            `${ip_address} (${ranges?.find(({ id }) => id === subnet_id)?.cidr ?? "?"})`,
                        )
                        .join(", ")}
                    </code>
                  </td>
                  <td>
                    <StatusBadge status={port.status} />
                  </td>
                  <td>
                    <ActionMenu actions={actions} item={port} name={portName(port)} runner={runner} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {runner.dialog}
    </Card>
  );
}
