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
  for (const [index, nic] of wanted.entries()) nics.push(await nicOf(run, nic, String(index)));
  return nics;
}

/** `label` makes the name of its own port one of a kind. */
export async function nicOf(run: Run, nic: WantedNic, label: string): Promise<Nic> {
  const tag = given({ tag: nic.tag }) as Nic;
  if (isSet(nic.port)) {
    const port = await idOf(run, "port", nic.port);
    await leadTo(run, nic, port);
    return { port, ...tag };
  }
  if (isSet(nic.subnet) || nic.port_extra_properties !== null) {
    const port = await ownPort(run, nic, label);
    await leadTo(run, nic, port);
    return { port, ...tag };
  }
  const network = nic.network ?? nic.uuid;
  return { uuid: await idOf(run, "network", network ?? ""), ...(given({ fixed_ip: nic.fixed_ip }) as Nic), ...tag };
}

const isSet = (value: string | null | undefined): value is string => typeof value === "string" && value !== "";

/** A floating address that a card names leads to its port. */
async function leadTo(run: Run, { floating_ip, fixed_ip }: WantedNic, port_id: string): Promise<void> {
  if (!isSet(floating_ip)) return;
  const body = { floatingip: { port_id, ...given({ fixed_ip_address: fixed_ip }) } };
  await run.call("network", "floatingips:update", { params: { id: floating_ip }, body });
}

interface OwnPort {
  id: string;
}

export const ownPorts = ({ data }: Pick<Run, "data">): readonly OwnPort[] =>
  (data.internal_ports as OwnPort[] | undefined) ?? [];

/** The network of a card, of its subnet where it names none. */
export async function networkOf(
  run: Pick<Run, "call">,
  { network, uuid }: Pick<WantedNic, "network" | "uuid">,
  subnetId: string | null,
): Promise<string | null> {
  const named = network ?? uuid;
  if (isSet(named)) return idOf(run, "network", named);
  if (subnetId === null) return null;
  const params = { id: subnetId };
  return (await run.call<{ subnet: { network_id: string } }>("network", "subnets:show", { params })).subnet.network_id;
}

async function ownPort(run: Run, nic: WantedNic, label: string): Promise<string> {
  const { subnet, fixed_ip, port_extra_properties } = nic;
  const name = `${run.physicalName()}-port-${label}`;
  const { value_specs, no_fixed_ips, ...extra } = port_extra_properties ?? {};
  // What a crash left is found by its name, which no other has.
  const { ports } = await run.call<{ ports: OwnPort[] }>("network", "ports:list", { query: { name } });
  const [left] = ports;
  if (left !== undefined) return keep(run, left.id);
  const subnetId = await idOrNull(run, "subnet", subnet);
  const groups = (run.properties.security_groups ?? []) as readonly string[];
  const body = {
    ...(groups.length === 0
      ? {}
      : { security_groups: await Promise.all(groups.map((group) => idOf(run, "security_group", group))) }),
    ...given(extra),
    name,
    network_id: await networkOf(run, nic, subnetId),
    ...(subnetId === null && fixed_ip === null
      ? {}
      : { fixed_ips: await fixedIps(run, [{ subnet: subnetId, subnet_id: null, ip_address: fixed_ip }]) }),
    ...(no_fixed_ips === true ? { fixed_ips: [] } : {}),
    ...((value_specs as object | undefined) ?? {}),
  };
  return keep(run, (await run.call<{ port: OwnPort }>("network", "ports:create", { body: { port: body } })).port.id);
}

function keep(run: Run, id: string): string {
  if (!ownPorts(run).some((port) => port.id === id)) run.setData("internal_ports", [...ownPorts(run), { id }]);
  return id;
}
