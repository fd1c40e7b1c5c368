import { Globe, Link2, Trash2, Unlink } from "lucide-react";
import { useMemo } from "react";
import { operation } from "../../api/call.ts";
import { type FloatingIp, floatingIps, network, networks } from "../../api/network.ts";
import { useList } from "../../api/resource.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import { type Action, ActionButton } from "../../parts/action.tsx";
import { statusColumn } from "../../parts/columns.tsx";
import { given, text as textOf } from "../../parts/form.tsx";
import { ListPage } from "../../parts/list-page.tsx";
import type { Column } from "../../parts/table.tsx";
import { useDevicePorts, useExternalNetworks } from "../networks/choices.ts";
import { text } from "./text.ts";

const nameOf = ({ floating_ip_address }: FloatingIp): string => floating_ip_address;
const idOf = ({ id }: FloatingIp): string => id;
const KINDS = ["network.floating-ip", "compute.server"];

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
  const actions = useMemo<Action<FloatingIp>[]>(() => {
    const set = ({ id }: FloatingIp, port: string | null) =>
      operation(
        port === null
          ? ["openstack", "floating", "ip", "unset", "--port", id]
          : ["openstack", "floating", "ip", "set", "--port", port, id],
        network("PUT", `/floatingips/${id}`, { floatingip: { port_id: port } }),
      );
    return [
      {
        id: "associate",
        label: t("associate"),
        icon: Link2,
        single: true,
        available: ({ port_id }) => port_id === null,
        fields: () => [{ kind: "select", name: "port", label: t("port"), required: true, useOptions: useDevicePorts }],
        operation: (ip, values) => set(ip, textOf(values, "port")),
        done: t("associate.done"),
        kinds: KINDS,
      },
      {
        id: "disassociate",
        label: t("disassociate"),
        icon: Unlink,
        available: ({ port_id }) => port_id !== null,
        operation: (ip) => set(ip, null),
        undo: (ip) => (ip.port_id === null ? null : set(ip, ip.port_id)),
        done: t("disassociate.done"),
        kinds: KINDS,
      },
      {
        id: "delete",
        label: t("delete"),
        icon: Trash2,
        tone: "danger",
        question: () => t("delete.question"),
        operation: ({ id }) =>
          operation(["openstack", "floating", "ip", "delete", id], network("DELETE", `/floatingips/${id}`)),
        done: t("delete.done"),
        kinds: KINDS,
      },
    ];
  }, [t]);
  const create = useMemo<Action<null>>(
    () => ({
      id: "create",
      label: t("create"),
      fields: () => [
        {
          kind: "select",
          name: "pool",
          label: t("pool"),
          hint: t("none"),
          required: true,
          useOptions: useExternalNetworks,
        },
        { kind: "select", name: "port", label: t("port"), hint: t("port.hint"), useOptions: useDevicePorts },
        { kind: "text", name: "description", label: w("description") },
      ],
      operation(_none, values) {
        const [pool, port] = [textOf(values, "pool"), textOf(values, "port")];
        const floatingip = given({
          floating_network_id: pool,
          port_id: port,
          description: textOf(values, "description"),
        });
        return operation(
          ["openstack", "floating", "ip", "create", ...(port === "" ? [] : ["--port", port]), pool || "NETWORK"],
          network("POST", "/floatingips", { floatingip }),
        );
      },
      done: t("create.done"),
      kinds: KINDS,
    }),
    [t, w],
  );
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
