import { Globe, GlobeLock, Pencil, Plus, Trash2 } from "lucide-react";
import { useMemo } from "react";
import { operation } from "../../api/call.ts";
import { network, type Router } from "../../api/network.ts";
import { useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import type { Action } from "../../parts/action.tsx";
import { given, text as textOf } from "../../parts/form.tsx";
import { useExternalNetworks, useSubnets } from "../networks/choices.ts";
import { text } from "./text.ts";

const KINDS = ["network.router", "network.port"];

export function useCreateRouter(): Action<null> {
  const t = useText(text);
  const w = useText(words);
  return useMemo(
    () => ({
      id: "create",
      label: t("create"),
      fields: () => [
        { kind: "text", name: "name", label: w("name"), required: true },
        {
          kind: "select",
          name: "gateway",
          label: t("gateway"),
          hint: t("create.hint"),
          useOptions: useExternalNetworks,
        },
      ],
      operation(_none, values) {
        const [name, gateway] = [textOf(values, "name"), textOf(values, "gateway")];
        const router = given({ name, external_gateway_info: gateway === "" ? undefined : { network_id: gateway } });
        return operation(
          ["openstack", "router", "create", ...(gateway === "" ? [] : ["--external-gateway", gateway]), name || "NAME"],
          network("POST", "/routers", { router }),
        );
      },
      done: t("create.done"),
      kinds: KINDS,
    }),
    [t, w],
  );
}

export function useRouterActions(): Action<Router>[] {
  const t = useText(text);
  const w = useText(words);
  return useMemo(
    () => [
      {
        id: "interface",
        label: t("interface.add"),
        icon: Plus,
        primary: true,
        single: true,
        fields: () => [
          {
            kind: "select",
            name: "subnet",
            label: t("interface.subnet"),
            hint: t("interface.hint"),
            required: true,
            useOptions: useSubnets,
          },
        ],
        operation({ id }, values) {
          const subnet = textOf(values, "subnet");
          return operation(
            ["openstack", "router", "add", "subnet", id, subnet],
            network("PUT", `/routers/${id}/add_router_interface`, { subnet_id: subnet }),
          );
        },
        done: t("interface.done"),
        kinds: KINDS,
      },
      {
        id: "gateway",
        label: t("gateway.set"),
        icon: Globe,
        single: true,
        available: ({ external_gateway_info }) => external_gateway_info === null,
        fields: () => [
          { kind: "select", name: "network", label: t("gateway"), required: true, useOptions: useExternalNetworks },
        ],
        operation({ id }, values) {
          const to = textOf(values, "network");
          return operation(
            ["openstack", "router", "set", "--external-gateway", to, id],
            network("PUT", `/routers/${id}`, { router: { external_gateway_info: { network_id: to } } }),
          );
        },
        done: t("gateway.set.done"),
        kinds: KINDS,
      },
      {
        id: "gateway-clear",
        label: t("gateway.clear"),
        icon: GlobeLock,
        tone: "danger",
        available: ({ external_gateway_info }) => external_gateway_info !== null,
        question: () => t("gateway.clear.question"),
        operation: ({ id }) =>
          operation(
            ["openstack", "router", "unset", "--external-gateway", id],
            network("PUT", `/routers/${id}`, { router: { external_gateway_info: {} } }),
          ),
        undo: ({ id, external_gateway_info: gateway }) =>
          gateway === null
            ? null
            : operation(
                ["openstack", "router", "set", "--external-gateway", gateway.network_id, id],
                network("PUT", `/routers/${id}`, {
                  router: { external_gateway_info: { network_id: gateway.network_id } },
                }),
              ),
        done: t("gateway.clear.done"),
        kinds: KINDS,
      },
      {
        id: "edit",
        label: t("edit"),
        icon: Pencil,
        single: true,
        fields: () => [
          { kind: "text", name: "name", label: w("name"), required: true },
          { kind: "text", name: "description", label: w("description") },
          { kind: "switch", name: "up", label: t("admin.up") },
        ],
        initial: ([router]) => ({
          name: router?.name ?? "",
          description: router?.description ?? "",
          up: router?.admin_state_up === true,
        }),
        operation({ id }, values) {
          const [name, description, up] = [textOf(values, "name"), textOf(values, "description"), values.up === true];
          return operation(
            [
              "openstack",
              "router",
              "set",
              "--name",
              name,
              "--description",
              description,
              up ? "--enable" : "--disable",
              id,
            ],
            network("PUT", `/routers/${id}`, { router: { name, description, admin_state_up: up } }),
          );
        },
        done: t("edit.done"),
        kinds: KINDS,
      },
      {
        id: "delete",
        label: t("delete"),
        icon: Trash2,
        tone: "danger",
        question: () => t("delete.question"),
        operation: ({ id }) => operation(["openstack", "router", "delete", id], network("DELETE", `/routers/${id}`)),
        done: t("delete.done"),
        kinds: KINDS,
      },
    ],
    [t, w],
  );
}
