import type { Others, Outline, Values } from "../types.ts";

/** What things of a network wait for without referring to it (heat's `add_dependencies`). */

const names = (outlines: readonly Outline[]): string[] => outlines.map(({ name }) => name);
const isGiven = (value: unknown): boolean => value !== null && value !== undefined && value !== "";

/** Any subnet may be the one that an address is of. */
export const subnetsOfNetwork = (others: Others, network: unknown): string[] =>
  isGiven(network)
    ? names(others.of("OS::Neutron::Subnet").filter(({ properties }) => properties.network === network))
    : [];

/** A server's card on a port waits for the port, which has waited for its subnets. */
export const subnetsOfServer = ({ networks }: Values, others: Others): string[] =>
  (Array.isArray(networks) ? (networks as (Values | null)[]) : []).flatMap((nic) =>
    subnetsOfNetwork(others, nic?.network ?? nic?.uuid),
  );

/** The way outside has to be there before an address leads inside, and go after it. A port that names no subnet may be on any. */
export function wayOf(others: Others): string[] {
  const ports = others.needed.filter(({ type }) => type.name === "OS::Neutron::Port");
  const addresses = ports.map(({ properties }) => (properties.fixed_ips ?? []) as readonly (Values | null)[]);
  const isAnywhere = addresses.some((one) => !Array.isArray(one) || one.length === 0);
  const subnets = isAnywhere ? [] : addresses.flat().map((one) => one?.subnet ?? one?.subnet_id);
  const interfaces = others.of("OS::Neutron::RouterInterface");
  return names(interfaces.filter(({ properties }) => isAnywhere || subnets.includes(properties.subnet)));
}

/** Of a floating address. */
export function gatewaysOf(network: unknown, others: Others): string[] {
  const routers = others
    .of("OS::Neutron::Router")
    .filter(({ properties }) => (properties.external_gateway_info as Values | null)?.network === network);
  const gateways = others.of("OS::Neutron::RouterGateway").filter(({ properties }) => properties.network === network);
  return isGiven(network) ? names([...routers, ...gateways]) : [];
}

export const interfacesOfRouter = (others: Others, router: unknown): string[] =>
  names(others.of("OS::Neutron::RouterInterface").filter(({ properties }) => properties.router === router));
