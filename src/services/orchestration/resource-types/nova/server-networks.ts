import { given, idOf, idOrNull } from "../asking.ts";
import { fixedIps } from "../neutron/port.ts";
import type { Run } from "../types.ts";

export interface WantedNic {
  uuid: string | null;
  network: string | null;
  allocate_network: "none" | "auto" | null;
  fixed_ip: string | null;
  port: string | null;
  port_extra_properties: Readonly<Record<string, unknown>> | null;
  subnet: string | null;
  floating_ip: string | null;
  tag: string | null;
}

type Nic = Record<string, string>;

/**
 * What nova is told of networks. A subnet, or more about a port than nova knows, need a port that the server's resource makes itself and
 * removes with it ("internal_ports" of its data).
 */
export async function nicsOf(run: Run): Promise<readonly Nic[] | "auto" | "none"> {
  const { networks } = run.properties as unknown as { networks: readonly WantedNic[] | null };
  const wanted = networks ?? [];
  if (wanted.length === 0) return "auto";
  const [first] = wanted;
  if (first?.allocate_network != null) return first.allocate_network;
  const nics: Nic[] = [];
  for (const [index, nic] of wanted.entries()) nics.push(await nicOf(run, nic, index));
  return nics;
}

async function nicOf(run: Run, nic: WantedNic, index: number): Promise<Nic> {
  const tag = given({ tag: nic.tag }) as Nic;
  if (nic.port !== null) return { port: await idOf(run, "port", nic.port), ...tag };
  const network = nic.network ?? nic.uuid;
  if (nic.subnet !== null || nic.port_extra_properties !== null)
    return { port: await ownPort(run, nic, index), ...tag };
  return { uuid: await idOf(run, "network", network ?? ""), ...(given({ fixed_ip: nic.fixed_ip }) as Nic), ...tag };
}

interface OwnPort {
  id: string;
}

export const ownPorts = ({ data }: Pick<Run, "data">): readonly OwnPort[] =>
  (data.internal_ports as OwnPort[] | undefined) ?? [];

async function ownPort(
  run: Run,
  { network, uuid, subnet, fixed_ip, port_extra_properties }: WantedNic,
  index: number,
): Promise<string> {
  const made = ownPorts(run)[index];
  if (made !== undefined) return made.id;
  const subnetId = await idOrNull(run, "subnet", subnet);
  const { value_specs, no_fixed_ips, ...extra } = port_extra_properties ?? {};
  const named = network ?? uuid;
  const networkId =
    named !== null
      ? await idOf(run, "network", named)
      : (
          await run.call<{ subnet: { network_id: string } }>("network", "subnets:show", {
            params: { id: subnetId ?? "" },
          })
        ).subnet.network_id;
  const body = {
    ...given(extra),
    name: `${run.physicalName()}-port-${index}`,
    network_id: networkId,
    ...(subnetId === null && fixed_ip === null
      ? {}
      : { fixed_ips: await fixedIps(run, [{ subnet: subnetId, subnet_id: null, ip_address: fixed_ip }]) }),
    ...(no_fixed_ips === true ? { fixed_ips: [] } : {}),
    ...((value_specs as object | undefined) ?? {}),
  };
  // What a crash left is found by its name, which no other has.
  const { ports } = await run.call<{ ports: OwnPort[] }>("network", "ports:list", { query: { name: body.name } });
  const id =
    ports[0]?.id ?? (await run.call<{ port: OwnPort }>("network", "ports:create", { body: { port: body } })).port.id;
  run.setData("internal_ports", [...ownPorts(run), { id }]);
  return id;
}
