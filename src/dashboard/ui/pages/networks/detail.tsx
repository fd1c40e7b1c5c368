import { useLocation, useParams } from "wouter";
import { type Network, networks, type Port, ports, type Subnet, subnets } from "../../api/network.ts";
import { useList, useOne } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { ActionBar, ActionMenu, useRunner } from "../../parts/action.tsx";
import { Busy } from "../../parts/busy.tsx";
import { Code } from "../../parts/copy.tsx";
import { Link } from "../../parts/link.tsx";
import { Card, Facts, PageHead } from "../../parts/page.tsx";
import { Problem } from "../../parts/problem.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { useNetworkActions, usePortActions, useSubnetActions } from "./actions.ts";
import { text } from "./text.ts";

const nameOf = ({ name, id }: { name: string; id: string }): string => name || id;

/** One network: its subnets, and who is on it. */
export default function NetworkPage() {
  const { id = "" } = useParams<{ id: string }>();
  const t = useText(text);
  const w = useText(words);
  const [, navigate] = useLocation();
  const { data, error, refetch } = useOne(networks, id);
  const actions = useNetworkActions();
  const runner = useRunner<Network>(nameOf, (action) => action.id === "delete" && navigate(href("/networks")));
  const back = { to: href("/networks"), label: t("title") };
  if (data === undefined)
    return (
      <>
        <PageHead title={t("one")} back={back} />
        {error === null ? <Busy what={t("one")} /> : <Problem error={error} retry={() => void refetch()} />}
      </>
    );
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
          <Facts
            facts={[
              [w("description"), data.description],
              [t("admin.up"), data.admin_state_up ? w("yes") : w("none")],
              [t("shared"), data.shared ? w("yes") : null],
              [t("external"), data["router:external"] ? w("yes") : null],
              [t("mtu"), data.mtu],
            ]}
          />
        </Card>
        <Subnets networkId={id} />
        <Ports networkId={id} />
      </div>
      {runner.dialog}
    </>
  );
}

function Subnets({ networkId }: { networkId: string }) {
  const t = useText(text);
  const w = useText(words);
  const { data } = useList(subnets);
  const actions = useSubnetActions();
  const runner = useRunner<Subnet>(nameOf);
  const own = (data ?? []).filter(({ network_id }) => network_id === networkId);
  return (
    <Card title={t("subnets")}>
      {own.length === 0 ? (
        <p className="dim">{t("subnets.none")}</p>
      ) : (
        <div className="scrolls">
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">{w("name")}</th>
                <th scope="col">{t("cidr")}</th>
                <th scope="col">{t("gateway")}</th>
                <th scope="col">{t("pools")}</th>
                <th scope="col">{t("dns")}</th>
                <th scope="col">
                  <span className="hidden-visually">{w("actions")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {own.map((one) => (
                <tr key={one.id}>
                  <td>{nameOf(one)}</td>
                  <td>
                    <code>{one.cidr}</code>
                  </td>
                  <td>
                    <code>{one.gateway_ip ?? "—"}</code>
                  </td>
                  <td>
                    <code>{one.allocation_pools.map(({ start, end }) => `${start} – ${end}`).join(", ")}</code>
                  </td>
                  <td>
                    <code>{one.dns_nameservers.join(", ")}</code>
                  </td>
                  <td>
                    <ActionMenu actions={actions} item={one} name={nameOf(one)} runner={runner} />
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

const portName = ({ name, fixed_ips, id }: Port): string => name || fixed_ips[0]?.ip_address || id;

function Ports({ networkId }: { networkId: string }) {
  const t = useText(text);
  const w = useText(words);
  const { data, isPending } = useList(ports, { network_id: networkId });
  const actions = usePortActions();
  const runner = useRunner<Port>(portName);
  return (
    <Card title={t("ports")}>
      {isPending ? (
        <Busy what={t("ports")} />
      ) : (data ?? []).length === 0 ? (
        <p className="dim">{t("ports.none")}</p>
      ) : (
        <div className="scrolls">
          <table className="plain-table">
            <thead>
              <tr>
                <th scope="col">{t("addresses")}</th>
                <th scope="col">{w("status")}</th>
                <th scope="col">{t("device")}</th>
                <th scope="col">{t("mac")}</th>
                <th scope="col">
                  <span className="hidden-visually">{w("actions")}</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {(data ?? []).map((port) => (
                <tr key={port.id}>
                  <td>
                    <code>{port.fixed_ips.map(({ ip_address }) => ip_address).join(", ") || "—"}</code>
                  </td>
                  <td>
                    <StatusBadge status={port.status} />
                  </td>
                  <td>
                    {port.device_owner.startsWith("compute:") ? (
                      <Link to={href("/instances/:id", { id: port.device_id })}>{port.device_owner}</Link>
                    ) : (
                      port.device_owner || <span className="dim">—</span>
                    )}
                  </td>
                  <td>
                    <code>{port.mac_address}</code>
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
