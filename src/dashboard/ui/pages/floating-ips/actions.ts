import { Link2, Trash2, Unlink } from "lucide-react";
import { useMemo } from "react";
import { operation } from "../../api/call.ts";
import { type FloatingIp, network } from "../../api/network.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import type { Action } from "../../parts/action.tsx";
import { given, text as textOf } from "../../parts/form.tsx";
import { useDevicePorts, useExternalNetworks } from "../networks/choices.ts";
import { text } from "./text.ts";

const KINDS = ["network.floating-ip", "compute.server"];

export function useFloatingIpActions(): Action<FloatingIp>[] {
  const t = useText(text);
  return useMemo(() => {
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
}

export function useFloatingIpCreation(): Action<null> {
  const t = useText(text);
  const w = useText(words);
  return useMemo(
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
}
