import {
  Archive,
  ArchiveRestore,
  Camera,
  Check,
  CirclePause,
  CirclePlay,
  Globe,
  HardDrive,
  LifeBuoy,
  Lock,
  LockOpen,
  Moon,
  Network as NetworkIcon,
  Pencil,
  Power,
  RefreshCw,
  Scaling,
  Shield,
  Sun,
  Trash2,
  Undo2,
  Wrench,
} from "lucide-react";
import { createElement, useMemo } from "react";
import { operation } from "../../api/call.ts";
import { compute, flavors, type Server, serverAction } from "../../api/compute.ts";
import { floatingIps, network, networks, ports, securityGroups } from "../../api/network.ts";
import { useList } from "../../api/resource.ts";
import { images, volumes } from "../../api/storage.ts";
import { useSession } from "../../app/session.tsx";
import { type Translate, useText } from "../../app/text.ts";
import { words } from "../../app/words.ts";
import type { Action } from "../../parts/action.tsx";
import { given, list, type Option, text as textOf } from "../../parts/form.tsx";
import { memoryText } from "../../parts/size.ts";
import { RescuePassword } from "./rescue-password.tsx";
import { text } from "./text.ts";

type Key = Parameters<Translate<keyof (typeof text)["en"] & string>>[0];
type T = (key: Key, values?: Record<string, string | number>) => string;

/** What is being done with it is to end first; an administrator's reset is the way out. */
const isIdle = (server: Server): boolean => server["OS-EXT-STS:task_state"] === null;
const isIn =
  (...states: string[]) =>
  (server: Server): boolean =>
    isIdle(server) && states.includes(server.status);

/** Everything that nova lets a project do with a server, each where its state allows it. */
export function useServerActions(): Action<Server>[] {
  const t = useText(text) as T;
  const c = useText(words);
  const { services } = useSession();
  return useMemo(
    () => [
      ...powerActions(t),
      ...(services.has("network") ? networkActions(t) : []),
      ...(services.has("block-storage") ? volumeActions(t) : []),
      ...changeActions(t, c("name"), c("description")),
      ...moveActions(t),
      ...deleteActions(t),
    ],
    [t, c, services],
  );
}

function powerActions(t: T): Action<Server>[] {
  const start = (server: Server) => serverAction(server, { "os-start": null }, ["start"]);
  const stop = (server: Server) => serverAction(server, { "os-stop": null }, ["stop"]);
  const pause = (server: Server) => serverAction(server, { pause: null }, ["pause"]);
  const unpause = (server: Server) => serverAction(server, { unpause: null }, ["unpause"]);
  const lock = (server: Server) => serverAction(server, { lock: null }, ["lock"]);
  const unlock = (server: Server) => serverAction(server, { unlock: null }, ["unlock"]);
  return [
    {
      id: "start",
      label: t("start"),
      icon: Power,
      primary: true,
      available: isIn("SHUTOFF"),
      operation: start,
      done: t("start.done"),
      undo: stop,
    },
    {
      id: "stop",
      label: t("stop"),
      icon: Power,
      primary: true,
      available: isIn("ACTIVE"),
      operation: stop,
      done: t("stop.done"),
      undo: start,
    },
    {
      id: "reboot",
      label: t("reboot"),
      icon: RefreshCw,
      primary: true,
      available: isIn("ACTIVE"),
      operation: (server) => serverAction(server, { reboot: { type: "SOFT" } }, ["reboot", "--soft"]),
      done: t("reboot.done"),
    },
    {
      id: "reboot-hard",
      label: t("reboot.hard"),
      icon: RefreshCw,
      available: isIn("ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED", "ERROR"),
      question: () => t("reboot.hard.question"),
      operation: (server) => serverAction(server, { reboot: { type: "HARD" } }, ["reboot", "--hard"]),
      done: t("reboot.done"),
    },
    {
      id: "pause",
      label: t("pause"),
      icon: CirclePause,
      available: isIn("ACTIVE"),
      operation: pause,
      done: t("pause.done"),
      undo: unpause,
    },
    {
      id: "unpause",
      label: t("unpause"),
      icon: CirclePlay,
      available: isIn("PAUSED"),
      operation: unpause,
      done: t("unpause.done"),
      undo: pause,
    },
    {
      id: "suspend",
      label: t("suspend"),
      icon: Moon,
      available: isIn("ACTIVE"),
      operation: (server) => serverAction(server, { suspend: null }, ["suspend"]),
      done: t("suspend.done"),
      undo: (server) => serverAction(server, { resume: null }, ["resume"]),
    },
    {
      id: "resume",
      label: t("resume"),
      icon: Sun,
      available: isIn("SUSPENDED"),
      operation: (server) => serverAction(server, { resume: null }, ["resume"]),
      done: t("resume.done"),
    },
    {
      id: "lock",
      label: t("lock"),
      icon: Lock,
      available: ({ locked }) => !locked,
      fields: () => [{ kind: "text", name: "reason", label: t("lock.reason"), hint: t("lock.hint") }],
      operation(server, values) {
        const reason = textOf(values, "reason");
        if (reason === "") return lock(server);
        return serverAction(server, { lock: { locked_reason: reason } }, ["lock", "--reason", reason]);
      },
      done: t("lock.done"),
      undo: unlock,
    },
    {
      id: "unlock",
      label: t("unlock"),
      icon: LockOpen,
      available: ({ locked }) => locked,
      operation: unlock,
      done: t("unlock.done"),
      undo: lock,
    },
  ];
}

const EXTERNAL_PREFIX = "new:";

function networkActions(t: T): Action<Server>[] {
  return [
    {
      id: "floating",
      label: t("floating.associate"),
      icon: Globe,
      single: true,
      available: (server) => Object.keys(server.addresses).length > 0,
      fields: ([server]) => [
        {
          kind: "select",
          name: "ip",
          label: t("floating.ip"),
          hint: t("floating.hint"),
          required: true,
          useOptions() {
            const ips = useList(floatingIps);
            const all = useList(networks);
            const free = (ips.data ?? []).filter(({ port_id }) => port_id === null);
            const external = (all.data ?? []).filter((one) => one["router:external"]);
            return {
              isPending: ips.isPending,
              options: [
                ...free.map(({ id, floating_ip_address: label }) => ({ id, label })),
                ...external.map(({ id, name }) => ({
                  id: `${EXTERNAL_PREFIX}${id}`,
                  label: t("floating.new", { network: name }),
                })),
              ],
            };
          },
        },
        {
          kind: "select",
          name: "port",
          label: t("floating.port"),
          required: true,
          useOptions: () => usePorts(server?.id ?? ""),
        },
      ],
      operation(_server, values) {
        const [ip, port] = [textOf(values, "ip"), textOf(values, "port")];
        if (ip.startsWith(EXTERNAL_PREFIX)) {
          const from = ip.slice(EXTERNAL_PREFIX.length);
          return operation(
            ["openstack", "floating", "ip", "create", "--port", port, from],
            network("POST", "/floatingips", { floatingip: { floating_network_id: from, port_id: port } }),
          );
        }
        return operation(
          ["openstack", "floating", "ip", "set", "--port", port, ip],
          network("PUT", `/floatingips/${ip}`, { floatingip: { port_id: port } }),
        );
      },
      done: t("floating.done"),
      kinds: ["compute.server", "network.floating-ip"],
    },
    {
      id: "groups",
      label: t("groups.edit"),
      icon: Shield,
      single: true,
      available: (server) => Object.keys(server.addresses).length > 0,
      fields: ([server]) => [
        {
          kind: "select",
          name: "port",
          label: t("floating.port"),
          required: true,
          useOptions: () => usePorts(server?.id ?? ""),
        },
        {
          kind: "many",
          name: "groups",
          label: t("groups.title"),
          hint: t("groups.hint"),
          useOptions() {
            const { data, isPending } = useList(securityGroups);
            return {
              isPending,
              options: (data ?? []).map(({ id, name, description }) => ({ id, label: name, hint: description })),
            };
          },
        },
      ],
      operation(_server, values) {
        const [port, groups] = [textOf(values, "port"), list(values, "groups")];
        return operation(
          [
            "openstack",
            "port",
            "set",
            "--no-security-group",
            ...groups.flatMap((id) => ["--security-group", id]),
            port,
          ],
          network("PUT", `/ports/${port}`, { port: { security_groups: groups } }),
        );
      },
      done: t("groups.done"),
    },
    {
      id: "interface",
      label: t("interface.attach"),
      icon: NetworkIcon,
      single: true,
      available: isIn("ACTIVE", "PAUSED", "SHUTOFF"),
      fields: () => [
        { kind: "select", name: "network", label: t("interface.network"), required: true, useOptions: useNetworks },
        { kind: "text", name: "ip", label: t("interface.ip"), hint: t("interface.ip.hint"), mono: true },
      ],
      operation(server, values) {
        const [net, ip] = [textOf(values, "network"), textOf(values, "ip").trim()];
        const attachment = { net_id: net, ...(ip === "" ? {} : { fixed_ips: [{ ip_address: ip }] }) };
        return operation(
          ["openstack", "server", "add", "network", server.id, net],
          compute("POST", `/servers/${server.id}/os-interface`, { interfaceAttachment: attachment }),
        );
      },
      done: t("interface.attach.done"),
      kinds: ["compute.server"],
    },
  ];
}

/** A hook that fields use for the choices they offer. */
function useNetworks(): { options: readonly Option[]; isPending: boolean } {
  const { data, isPending } = useList(networks);
  return {
    isPending,
    options: (data ?? [])
      .filter((one) => !one["router:external"])
      .map(({ id, name }) => ({ id, label: name === "" ? id : name })),
  };
}

function usePorts(serverId: string): { options: readonly Option[]; isPending: boolean } {
  const { data, isPending } = useList(ports, { device_id: serverId });
  return {
    isPending,
    options: (data ?? []).map(({ id, fixed_ips }) => ({
      id,
      label: fixed_ips.map(({ ip_address }) => ip_address).join(", ") || id,
    })),
  };
}

function volumeActions(t: T): Action<Server>[] {
  return [
    {
      id: "volume",
      label: t("volume.attach"),
      icon: HardDrive,
      single: true,
      available: isIn("ACTIVE", "PAUSED", "SHUTOFF", "VERIFY_RESIZE"),
      fields: () => [
        {
          kind: "select",
          name: "volume",
          label: t("volumes.volume"),
          hint: t("volume.attach.hint"),
          required: true,
          useOptions() {
            const { data, isPending } = useList(volumes);
            const free = (data ?? []).filter(
              ({ status, multiattach }) => status === "available" || (multiattach && status === "in-use"),
            );
            return {
              isPending,
              options: free.map(({ id, name, size }) => ({ id, label: name || id, hint: `${size} GiB` })),
            };
          },
        },
      ],
      operation(server, values) {
        const volume = textOf(values, "volume");
        return operation(
          ["openstack", "server", "add", "volume", server.id, volume],
          compute("POST", `/servers/${server.id}/os-volume_attachments`, { volumeAttachment: { volumeId: volume } }),
        );
      },
      done: t("volume.attach.done"),
      kinds: ["compute.server"],
    },
  ];
}

function changeActions(t: T, name: string, description: string): Action<Server>[] {
  const imageField = (label: string, hint: string, required: boolean) => ({
    kind: "select" as const,
    name: "image",
    label,
    hint,
    required,
    useOptions() {
      const { data, isPending } = useList(images);
      const active = (data ?? []).filter(({ status }) => status === "active");
      return { isPending, options: active.map((image) => ({ id: image.id, label: image.name ?? image.id })) };
    },
  });
  return [
    {
      id: "snapshot",
      label: t("snapshot"),
      icon: Camera,
      primary: true,
      single: true,
      available: isIn("ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED"),
      fields: () => [{ kind: "text", name: "name", label: name, hint: t("snapshot.hint"), required: true }],
      initial: ([server]) => ({ name: `${server?.name ?? ""}-snapshot` }),
      operation(server, values) {
        const called = textOf(values, "name");
        return operation(
          ["openstack", "server", "image", "create", "--name", called, server.id],
          compute("POST", `/servers/${server.id}/action`, { createImage: { name: called } }),
        );
      },
      done: t("snapshot.done"),
      kinds: ["image.image"],
    },
    {
      id: "rename",
      label: t("rename"),
      icon: Pencil,
      single: true,
      fields: () => [
        { kind: "text", name: "name", label: name, required: true },
        { kind: "text", name: "description", label: description },
      ],
      initial: ([server]) => ({ name: server?.name ?? "", description: server?.description ?? "" }),
      operation(server, values) {
        const [called, said] = [textOf(values, "name"), textOf(values, "description")];
        return operation(
          ["openstack", "server", "set", "--name", called, "--description", said, server.id],
          compute("PUT", `/servers/${server.id}`, { server: { name: called, description: said === "" ? null : said } }),
        );
      },
      done: t("rename.done"),
    },
    {
      id: "rebuild",
      label: t("rebuild"),
      icon: Wrench,
      tone: "danger",
      single: true,
      available: isIn("ACTIVE", "SHUTOFF", "ERROR"),
      fields: () => [imageField(t("image"), t("rebuild.hint"), true)],
      initial: ([server]) => (server === undefined || server.image === "" ? {} : { image: server.image.id }),
      operation(server, values) {
        const image = textOf(values, "image");
        return serverAction(server, { rebuild: { imageRef: image } }, ["rebuild", "--image", image]);
      },
      done: t("rebuild.done"),
    },
    {
      id: "rescue",
      label: t("rescue"),
      icon: LifeBuoy,
      single: true,
      available: isIn("ACTIVE", "SHUTOFF", "ERROR"),
      fields: () => [imageField(t("image"), t("rescue.hint"), false)],
      operation(server, values) {
        const image = textOf(values, "image");
        const body = { rescue: given({ rescue_image_ref: image }) };
        return serverAction(server, body, ["rescue", ...(image === "" ? [] : ["--image", image])]);
      },
      done: t("rescue.done"),
      result: ([body]) => createElement(RescuePassword, { body }),
    },
    {
      id: "unrescue",
      label: t("unrescue"),
      icon: LifeBuoy,
      primary: true,
      available: isIn("RESCUE"),
      operation: (server) => serverAction(server, { unrescue: null }, ["unrescue"]),
      done: t("unrescue.done"),
    },
  ];
}

function moveActions(t: T): Action<Server>[] {
  return [
    {
      id: "resize",
      label: t("resize"),
      icon: Scaling,
      single: true,
      available: isIn("ACTIVE", "SHUTOFF"),
      fields: ([server]) => [
        {
          kind: "select",
          name: "flavor",
          label: t("flavor"),
          hint: t("resize.hint"),
          required: true,
          useOptions() {
            const { data, isPending } = useList(flavors);
            const others = (data ?? []).filter(({ name }) => name !== server?.flavor.original_name);
            return {
              isPending,
              options: others.map(({ id, name, vcpus, ram, disk }) => ({
                id,
                label: name,
                hint: `${vcpus} vCPU, ${memoryText(ram)}, ${disk} GiB`,
                disabled: disk < (server?.flavor.disk ?? 0),
              })),
            };
          },
        },
      ],
      operation(server, values) {
        const flavor = textOf(values, "flavor");
        return serverAction(server, { resize: { flavorRef: flavor } }, ["resize", "--flavor", flavor]);
      },
      done: t("resize.done"),
    },
    {
      id: "confirm",
      label: t("resize.confirm"),
      icon: Check,
      primary: true,
      available: isIn("VERIFY_RESIZE"),
      operation: (server) => serverAction(server, { confirmResize: null }, ["resize", "confirm"]),
      done: t("resize.confirm.done"),
    },
    {
      id: "revert",
      label: t("resize.revert"),
      icon: Undo2,
      primary: true,
      available: isIn("VERIFY_RESIZE"),
      operation: (server) => serverAction(server, { revertResize: null }, ["resize", "revert"]),
      done: t("resize.revert.done"),
    },
    {
      id: "shelve",
      label: t("shelve"),
      icon: Archive,
      available: isIn("ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED"),
      operation: (server) => serverAction(server, { shelve: null }, ["shelve"]),
      done: t("shelve.done"),
    },
    {
      id: "unshelve",
      label: t("unshelve"),
      icon: ArchiveRestore,
      primary: true,
      available: isIn("SHELVED", "SHELVED_OFFLOADED"),
      operation: (server) => serverAction(server, { unshelve: null }, ["unshelve"]),
      done: t("unshelve.done"),
    },
  ];
}

function deleteActions(t: T): Action<Server>[] {
  return [
    {
      id: "delete",
      label: t("delete"),
      icon: Trash2,
      tone: "danger",
      question: () => t("delete.question"),
      operation: (server) =>
        operation(["openstack", "server", "delete", server.id], compute("DELETE", `/servers/${server.id}`)),
      done: t("delete.done"),
    },
  ];
}
