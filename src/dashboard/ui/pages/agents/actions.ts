import { CirclePause, CirclePlay } from "lucide-react";
import { useMemo } from "react";
import type { Agent, ComputeService, VolumeService } from "../../api/admin.ts";
import { type Operation, operation } from "../../api/call.ts";
import { compute } from "../../api/compute.ts";
import { network } from "../../api/network.ts";
import { volumeCall } from "../../api/storage.ts";
import { useText } from "../../app/text.ts";
import type { Action } from "../../parts/action.tsx";
import { given, text as textOf, type Values } from "../../parts/form.tsx";
import { text } from "./text.ts";

interface Switching<Item> {
  readonly kind: string;
  /** Whether it can be switched at all. */
  has(item: Item): boolean;
  isOn(item: Item): boolean;
  /** Whether the API keeps a reason. */
  readonly reason: boolean;
  set(item: Item, on: boolean, reason: string): Operation;
}

/** Off, with a reason where the API keeps one, and on again. */
function useSwitching<Item>({ kind, has, isOn, reason, set }: Switching<Item>): Action<Item>[] {
  const t = useText(text);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the other members are constants of each kind
  return useMemo(() => {
    const off: Action<Item> = {
      id: "disable",
      label: t("disable"),
      icon: CirclePause,
      available: (item) => has(item) && isOn(item),
      ...(reason
        ? {
            fields: () => [
              { kind: "text" as const, name: "reason", label: t("disable.reason"), hint: t("disable.hint") },
            ],
          }
        : { question: () => t("disable.hint") }),
      operation: (item: Item, values: Values) => set(item, false, textOf(values, "reason")),
      undo: (item: Item) => set(item, true, ""),
      done: t("disable.done"),
      kinds: [kind],
    };
    const on: Action<Item> = {
      id: "enable",
      label: t("enable"),
      icon: CirclePlay,
      available: (item) => has(item) && !isOn(item),
      operation: (item) => set(item, true, ""),
      done: t("enable.done"),
      kinds: [kind],
    };
    return [off, on];
  }, [t]);
}

const reasonOf = (reason: string): string[] => (reason === "" ? [] : ["--disable-reason", reason]);

/** Others of nova's services take nothing anyway, and nova refuses. */
export const useComputeServiceActions = (): Action<ComputeService>[] =>
  useSwitching({
    kind: "compute.service",
    has: ({ binary }) => binary === "nova-compute",
    isOn: ({ status }) => status === "enabled",
    reason: true,
    set: ({ id, host, binary }, on, reason) =>
      operation(
        ["openstack", "compute", "service", "set", on ? "--enable" : "--disable", ...reasonOf(reason), host, binary],
        compute("PUT", `/os-services/${id}`, {
          status: on ? "enabled" : "disabled",
          ...given({ disabled_reason: reason }),
        }),
      ),
  });

export const useVolumeServiceActions = (): Action<VolumeService>[] =>
  useSwitching({
    kind: "block-storage.service",
    has: () => true,
    isOn: ({ status }) => status === "enabled",
    reason: true,
    set: ({ host, binary }, on, reason) =>
      operation(
        ["openstack", "volume", "service", "set", on ? "--enable" : "--disable", ...reasonOf(reason), host, binary],
        volumeCall("PUT", `/os-services/${on ? "enable" : reason === "" ? "disable" : "disable-log-reason"}`, {
          host,
          binary,
          ...given({ disabled_reason: reason }),
        }),
      ),
  });

export const useAgentActions = (): Action<Agent>[] =>
  useSwitching({
    kind: "network.agent",
    has: () => true,
    isOn: ({ admin_state_up }) => admin_state_up,
    reason: false,
    set: ({ id }, on) =>
      operation(
        ["openstack", "network", "agent", "set", on ? "--enable" : "--disable", id],
        network("PUT", `/agents/${id}`, { agent: { admin_state_up: on } }),
      ),
  });
