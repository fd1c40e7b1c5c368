import { networks, type Port, ports, subnets } from "../../api/network.ts";
import { useList } from "../../api/resource.ts";
import { href } from "../../app/panel.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { Link } from "../../parts/link.tsx";
import { Loaded } from "../../parts/loaded.tsx";
import { Card, Facts } from "../../parts/page.tsx";
import { PlainTable } from "../../parts/plain-table.tsx";
import { StatusBadge } from "../../parts/status.tsx";
import { ThingPage } from "../../parts/thing-page.tsx";
import { useNetworkActions, usePortActions, useSubnetActions } from "./actions.ts";
import { text } from "./text.ts";

const nameOf = ({ name, id }: { name: string; id: string }): string => name || id;
const idOf = ({ id }: { id: string }): string => id;

/** One network: its subnets, and who is on it. */
export default function NetworkPage() {
  const t = useText(text);
  const w = useText(words);
  return (
    <ThingPage
      resource={networks}
      one={t("one")}
      back={{ to: href("/networks"), label: t("title") }}
      nameOf={nameOf}
      actions={useNetworkActions()}
      subtitle={({ status }) => <StatusBadge status={status} />}
    >
      {(network) => (
        <div className="stack">
          <Card title={t("about")}>
            <Facts
              facts={[
                [w("description"), network.description],
                [t("admin.up"), network.admin_state_up ? w("yes") : w("none")],
                [t("shared"), network.shared ? w("yes") : null],
                [t("external"), network["router:external"] ? w("yes") : null],
                [t("mtu"), network.mtu],
              ]}
            />
          </Card>
          <Subnets networkId={network.id} />
          <Ports networkId={network.id} />
        </div>
      )}
    </ThingPage>
  );
}

function Subnets({ networkId }: { networkId: string }) {
  const t = useText(text);
  const w = useText(words);
  const actions = useSubnetActions();
  return (
    <Card title={t("subnets")}>
      <Loaded query={useList(subnets)} what={t("subnets")}>
        {(known) => (
          <PlainTable
            items={known.filter(({ network_id }) => network_id === networkId)}
            idOf={idOf}
            nameOf={nameOf}
            actions={actions}
            empty={t("subnets.none")}
            columns={[
              { header: w("name"), cell: nameOf },
              { header: t("cidr"), cell: ({ cidr }) => <code>{cidr}</code> },
              { header: t("gateway"), cell: ({ gateway_ip }) => <code>{gateway_ip ?? "—"}</code> },
              {
                header: t("pools"),
                cell: ({ allocation_pools: pools }) => (
                  <code>{pools.map(({ start, end }) => `${start} – ${end}`).join(", ")}</code>
                ),
              },
              { header: t("dns"), cell: ({ dns_nameservers: servers }) => <code>{servers.join(", ")}</code> },
            ]}
          />
        )}
      </Loaded>
    </Card>
  );
}

const portName = ({ name, fixed_ips, id }: Port): string => name || fixed_ips[0]?.ip_address || id;

function Ports({ networkId }: { networkId: string }) {
  const t = useText(text);
  const w = useText(words);
  const actions = usePortActions();
  return (
    <Card title={t("ports")}>
      <Loaded query={useList(ports, { network_id: networkId })} what={t("ports")}>
        {(known) => (
          <PlainTable
            items={known}
            idOf={idOf}
            nameOf={portName}
            actions={actions}
            empty={t("ports.none")}
            columns={[
              {
                header: t("addresses"),
                cell: ({ fixed_ips }) => <code>{fixed_ips.map(({ ip_address }) => ip_address).join(", ") || "—"}</code>,
              },
              { header: w("status"), cell: ({ status }) => <StatusBadge status={status} /> },
              {
                header: t("device"),
                cell: ({ device_owner, device_id }) =>
                  device_owner.startsWith("compute:") ? (
                    <Link to={href("/instances/:id", { id: device_id })}>{device_owner}</Link>
                  ) : (
                    device_owner || <span className="dim">—</span>
                  ),
              },
              { header: t("mac"), cell: ({ mac_address }) => <code>{mac_address}</code> },
            ]}
          />
        )}
      </Loaded>
    </Card>
  );
}
