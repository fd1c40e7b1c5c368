import { networks, ports, subnets } from "../../api/network.ts";
import { useList } from "../../api/resource.ts";
import type { Option } from "../../parts/form.tsx";

interface Choices {
  readonly options: readonly Option[];
  readonly isPending: boolean;
}

/** Hooks that fields offer their choices by. */
export function useDevicePorts(): Choices {
  const { data, isPending } = useList(ports);
  const ofServers = (data ?? []).filter(({ device_owner }) => device_owner.startsWith("compute:"));
  return {
    isPending,
    options: ofServers.map(({ id, name, fixed_ips }) => ({
      id,
      label: fixed_ips.map(({ ip_address }) => ip_address).join(", ") || id,
      ...(name === "" ? {} : { hint: name }),
    })),
  };
}

export function useExternalNetworks(): Choices {
  const { data, isPending } = useList(networks);
  const external = (data ?? []).filter((one) => one["router:external"]);
  return { isPending, options: external.map(({ id, name }) => ({ id, label: name || id })) };
}

export function useSubnets(): Choices {
  const { data, isPending } = useList(subnets);
  return { isPending, options: (data ?? []).map(({ id, name, cidr }) => ({ id, label: name || id, hint: cidr })) };
}
