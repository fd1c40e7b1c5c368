import { ServerCog, ServerOff, Trash2 } from "lucide-react";
import { useMemo } from "react";
import { type Aggregate, computeServices } from "../../api/admin.ts";
import { operation } from "../../api/call.ts";
import { compute } from "../../api/compute.ts";
import { useList } from "../../api/resource.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import type { Action } from "../../parts/action.tsx";
import { given, text as textOf } from "../../parts/form.tsx";
import { text } from "./text.ts";

const KINDS = ["compute.aggregate"];

const useHosts = () => {
  const { data, isPending } = useList(computeServices, { binary: "nova-compute" });
  return { options: (data ?? []).map(({ host }) => ({ id: host, label: host })), isPending };
};

export function useAggregateActions(): Action<Aggregate>[] {
  const t = useText(text);
  return useMemo(
    () => [
      {
        id: "add-host",
        label: t("host.add"),
        icon: ServerCog,
        single: true,
        fields: () => [{ kind: "select", name: "host", label: t("host"), required: true, useOptions: useHosts }],
        operation({ id, name }, values) {
          const host = textOf(values, "host");
          return operation(
            ["openstack", "aggregate", "add", "host", name, host || "HOST"],
            compute("POST", `/os-aggregates/${id}/action`, { add_host: { host } }),
          );
        },
        done: t("host.added"),
        kinds: KINDS,
      },
      {
        id: "remove-host",
        label: t("host.remove"),
        icon: ServerOff,
        single: true,
        available: ({ hosts }) => hosts.length > 0,
        fields: ([one]) => [
          {
            kind: "select",
            name: "host",
            label: t("host"),
            required: true,
            options: (one?.hosts ?? []).map((host) => ({ id: host, label: host })),
          },
        ],
        operation({ id, name }, values) {
          const host = textOf(values, "host");
          return operation(
            ["openstack", "aggregate", "remove", "host", name, host || "HOST"],
            compute("POST", `/os-aggregates/${id}/action`, { remove_host: { host } }),
          );
        },
        done: t("host.removed"),
        kinds: KINDS,
      },
      {
        id: "delete",
        label: t("delete"),
        icon: Trash2,
        tone: "danger",
        available: ({ hosts }) => hosts.length === 0,
        question: () => t("delete.question"),
        operation: ({ id, name }) =>
          operation(["openstack", "aggregate", "delete", name], compute("DELETE", `/os-aggregates/${id}`)),
        done: t("delete.done"),
        kinds: KINDS,
      },
    ],
    [t],
  );
}

export function useAggregateCreation(): Action<null> {
  const t = useText(text);
  const w = useText(words);
  return useMemo(
    () => ({
      id: "create",
      label: t("create"),
      fields: () => [
        { kind: "text", name: "name", label: w("name"), required: true },
        { kind: "text", name: "zone", label: t("zone"), hint: t("zone.hint") },
      ],
      operation(_none, values) {
        const [name, zone] = [textOf(values, "name"), textOf(values, "zone")];
        return operation(
          ["openstack", "aggregate", "create", ...(zone === "" ? [] : ["--zone", zone]), name || "NAME"],
          compute("POST", "/os-aggregates", { aggregate: { name, ...given({ availability_zone: zone }) } }),
        );
      },
      done: t("create.done"),
      kinds: KINDS,
    }),
    [t, w],
  );
}
