import { Pencil, Plus, Trash2 } from "lucide-react";
import { useMemo } from "react";
import { type Operation, operation } from "../../api/call.ts";
import { type Network, network, type Port, type Subnet } from "../../api/network.ts";
import { useSession } from "../../app/session.tsx";
import { type Translate, useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import type { Action } from "../../parts/action.tsx";
import { type Field, given, text as textOf, type Values } from "../../parts/form.tsx";
import { text } from "./text.ts";

type T = Translate<keyof (typeof text)["en"] & string>;

const NETWORK = ["network.network", "network.subnet"];
const CIDR = /^[0-9a-fA-F:.]+\/\d{1,3}$/;

const subnetFields = (t: T, visible: (values: Values) => boolean): Field[] => [
  {
    kind: "text",
    name: "cidr",
    label: t("cidr"),
    hint: t("cidr.hint"),
    required: true,
    mono: true,
    placeholder: "192.168.10.0/24",
    visible,
    check: (value) => (CIDR.test(String(value).trim()) ? null : t("cidr.wrong")),
  },
  { kind: "text", name: "gateway", label: t("gateway"), hint: t("gateway.hint"), mono: true, visible },
  { kind: "text", name: "dns", label: t("dns"), hint: t("dns.hint"), mono: true, visible },
  { kind: "switch", name: "dhcp", label: t("dhcp"), hint: t("dhcp.hint"), visible },
];

function subnetOperation(networkId: string, name: string, values: Values): Operation {
  const [cidr, gateway] = [textOf(values, "cidr").trim(), textOf(values, "gateway").trim()];
  const dns = textOf(values, "dns")
    .split(/[\s,]+/)
    .filter((one) => one !== "");
  const version = cidr.includes(":") ? 6 : 4;
  const subnet = {
    ...given({ name, gateway_ip: gateway, dns_nameservers: dns.length === 0 ? undefined : dns }),
    network_id: networkId,
    cidr,
    ip_version: version,
    enable_dhcp: values.dhcp === true,
  };
  return operation(
    [
      "openstack",
      "subnet",
      "create",
      "--network",
      networkId,
      "--subnet-range",
      cidr || "CIDR",
      ...(version === 6 ? ["--ip-version", "6"] : []),
      ...(gateway === "" ? [] : ["--gateway", gateway]),
      ...dns.flatMap((one) => ["--dns-nameserver", one]),
      ...(values.dhcp === true ? [] : ["--no-dhcp"]),
      name || "NAME",
    ],
    network("POST", "/subnets", { subnet }),
  );
}

/** A network, and where it is wanted a subnet of it: two requests, of which the second needs the first one's answer. */
export function useCreateNetwork(): Action<null> {
  const t = useText(text);
  const w = useText(words);
  return useMemo(
    () => ({
      id: "create",
      label: t("create"),
      fields: () => [
        { kind: "text", name: "name", label: w("name"), required: true },
        { kind: "switch", name: "subnet", label: t("create.subnet") },
        ...subnetFields(t, ({ subnet }) => subnet === true),
      ],
      initial: () => ({ subnet: true, dhcp: true }),
      operation(_none, values) {
        const name = textOf(values, "name");
        const made = network("POST", "/networks", { network: { name } });
        const command = ["openstack", "network", "create", name || "NAME"];
        if (values.subnet !== true) return operation(command, made);
        const subnet = subnetOperation("{network.id}", name, values);
        return {
          calls: [made, ...subnet.calls],
          command: [
            command,
            ...subnet.command.map((line) => line.map((word) => (word === "{network.id}" ? name || "NAME" : word))),
          ],
        };
      },
      done: t("create.done"),
      kinds: NETWORK,
    }),
    [t, w],
  );
}

export function useNetworkActions(): Action<Network>[] {
  const t = useText(text);
  const w = useText(words);
  const { project, isAdmin } = useSession();
  return useMemo(() => {
    const isOwn = ({ project_id }: Network) => isAdmin || project_id === project?.id;
    return [
      {
        id: "subnet",
        label: t("subnet.create"),
        icon: Plus,
        primary: true,
        single: true,
        available: isOwn,
        fields: () => [
          { kind: "text", name: "name", label: w("name"), required: true },
          ...subnetFields(t, () => true),
        ],
        initial: () => ({ dhcp: true }),
        operation: ({ id }, values) => subnetOperation(id, textOf(values, "name"), values),
        done: t("subnet.done"),
        kinds: NETWORK,
      },
      {
        id: "port",
        label: t("port.create"),
        icon: Plus,
        single: true,
        available: isOwn,
        fields: () => [
          { kind: "text", name: "name", label: w("name"), required: true },
          { kind: "text", name: "ip", label: t("port.ip"), hint: t("port.ip.hint"), mono: true },
        ],
        operation({ id }, values) {
          const [name, ip] = [textOf(values, "name"), textOf(values, "ip").trim()];
          return operation(
            [
              "openstack",
              "port",
              "create",
              "--network",
              id,
              ...(ip === "" ? [] : ["--fixed-ip", `ip-address=${ip}`]),
              name || "NAME",
            ],
            network("POST", "/ports", {
              port: { network_id: id, name, ...(ip === "" ? {} : { fixed_ips: [{ ip_address: ip }] }) },
            }),
          );
        },
        done: t("port.created"),
        kinds: ["network.port"],
      },
      {
        id: "edit",
        label: t("rename"),
        icon: Pencil,
        single: true,
        available: isOwn,
        fields: () => [
          { kind: "text", name: "name", label: w("name"), required: true },
          { kind: "text", name: "description", label: w("description") },
          { kind: "switch", name: "up", label: t("admin.up") },
        ],
        initial: ([one]) => ({
          name: one?.name ?? "",
          description: one?.description ?? "",
          up: one?.admin_state_up === true,
        }),
        operation({ id }, values) {
          const [name, description] = [textOf(values, "name"), textOf(values, "description")];
          const up = values.up === true;
          return operation(
            [
              "openstack",
              "network",
              "set",
              "--name",
              name,
              "--description",
              description,
              up ? "--enable" : "--disable",
              id,
            ],
            network("PUT", `/networks/${id}`, { network: { name, description, admin_state_up: up } }),
          );
        },
        done: t("rename.done"),
        kinds: NETWORK,
      },
      {
        id: "delete",
        label: t("delete"),
        icon: Trash2,
        tone: "danger",
        available: isOwn,
        question: () => t("delete.question"),
        operation: ({ id }) => operation(["openstack", "network", "delete", id], network("DELETE", `/networks/${id}`)),
        done: t("delete.done"),
        kinds: NETWORK,
      },
    ];
  }, [t, w, project, isAdmin]);
}

export function useSubnetActions(): Action<Subnet>[] {
  const t = useText(text);
  return useMemo(
    () => [
      {
        id: "delete",
        label: t("subnet.delete"),
        icon: Trash2,
        tone: "danger",
        question: () => t("subnet.question"),
        operation: ({ id }) => operation(["openstack", "subnet", "delete", id], network("DELETE", `/subnets/${id}`)),
        done: t("subnet.deleted"),
        kinds: NETWORK,
      },
    ],
    [t],
  );
}

export function usePortActions(): Action<Port>[] {
  const t = useText(text);
  return useMemo(
    () => [
      {
        id: "delete",
        label: t("port.delete"),
        icon: Trash2,
        tone: "danger",
        available: ({ device_owner }) => !device_owner.startsWith("network:"),
        question: () => t("port.question"),
        operation: ({ id }) => operation(["openstack", "port", "delete", id], network("DELETE", `/ports/${id}`)),
        done: t("port.done"),
        kinds: ["network.port"],
      },
    ],
    [t],
  );
}
