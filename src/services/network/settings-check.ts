import { addressText, blockText, contains, overlaps, parseBlock } from "../../kernel/config/addresses.ts";
import { blame, type Resolver } from "../../kernel/config/resolve.ts";
import type { Settings } from "../../kernel/config/settings.ts";
import { firstSubnet, holds, hostsText } from "./private-subnet.ts";

/** Whether ranges, gateways and pools go with each other. */
export function checkNetwork(settings: Settings, r: Resolver): void {
  checkRanges(settings, r);
  checkGateways(settings, r);
  checkPool(settings, r);
  checkIpv6(settings, r);
  checkPrivateGateways(settings, r);
  const { publicProviderType, publicSegmentationId } = settings.network;
  if (publicProviderType === "vlan" && publicSegmentationId === null) {
    r.problem(
      "PUBLIC_PROVIDERNET_TYPE",
      "PUBLIC_PROVIDERNET_TYPE vlan needs a VLAN",
      "set PUBLIC_PROVIDERNET_SEGMENTATION_ID to 1 to 4094, or the type to flat",
    );
  }
}

function checkRanges(settings: Settings, r: Resolver): void {
  const names = ["FIXED_RANGE", "FLOATING_RANGE", "HOST_LINK_RANGE", "SUBNETPOOL_PREFIX_V4"] as const;
  names.forEach((one, index) => {
    for (const other of names.slice(index + 1)) {
      if (one === "FIXED_RANGE" && other === "SUBNETPOOL_PREFIX_V4") continue;
      const first = parseBlock(r.value(one));
      const second = parseBlock(r.value(other));
      if (r.isWrong(one) || r.isWrong(other) || first === null || second === null || !overlaps(first, second)) continue;
      // A derived SUBNETPOOL_PREFIX_V4 is FIXED_RANGE, of which was spoken already.
      if (other === "SUBNETPOOL_PREFIX_V4" && !r.isGiven(other)) continue;
      r.problem(
        blame(r, one, other),
        `${one} ${r.value(one)} overlaps ${other} ${r.value(other)}`,
        "guests, floating addresses and the host link each need a range of their own",
      );
    }
  });
  for (const name of ["FIXED_RANGE", "FLOATING_RANGE"] as const) {
    const block = parseBlock(r.value(name));
    const { publicInterface, floatingAllocationPool } = settings.network;
    const lan = name === "FLOATING_RANGE" && (publicInterface !== null || floatingAllocationPool !== null);
    // A range that nobody asked for is moved out of the way: Box.planRanges.
    const asked = r.isGiven(name) || (name === "FIXED_RANGE" && r.isGiven("IPV4_ADDRS_SAFE_TO_USE"));
    if (
      asked &&
      !r.isWrong(name) &&
      !r.isWrong("HOST_IP") &&
      !lan &&
      block !== null &&
      contains(block, settings.hostIp)
    ) {
      r.problem(
        blame(r, name, "HOST_IP"),
        `HOST_IP ${settings.hostIp} lies inside ${name} ${r.value(name)}`,
        name === "FLOATING_RANGE"
          ? "its route would take the host's own network away; set Q_FLOATING_ALLOCATION_POOL=start=…,end=… to addresses that nobody has (and PUBLIC_INTERFACE, if others are to reach them), or choose a FLOATING_RANGE that the host does not use"
          : `choose a ${name} that the host's own network does not use`,
      );
    }
  }
  checkPoolSize(settings.network.subnetPoolPrefix, settings.network.subnetPoolSize, "V4", settings, r);
  checkPoolSize(settings.network.ipv6.subnetPoolPrefix, settings.network.ipv6.subnetPoolSize, "V6", settings, r);
}

function checkPoolSize(prefix: string, size: number, version: "V4" | "V6", settings: Settings, r: Resolver): void {
  const pool = parseBlock(prefix);
  if (!settings.network.useSubnetPool || pool === null || pool.prefix <= size) return;
  const [prefixName, sizeName] = [`SUBNETPOOL_PREFIX_${version}`, `SUBNETPOOL_SIZE_${version}`];
  // A small FIXED_RANGE of an old tutorial is taken as the subnet itself; see fitSubnetPool.
  if (!r.isGiven(prefixName) && !r.isGiven(sizeName) && version === "V4") return;
  r.problem(
    blame(r, prefixName, sizeName),
    `${sizeName} /${size} is larger than the pool ${prefix}`,
    `use a size of ${pool.prefix} to ${version === "V4" ? 30 : 126}`,
  );
}

function checkGateways(settings: Settings, r: Resolver): void {
  const { gateway, publicGateway, fixedRange, floatingRange } = settings.network;
  const cases = [
    { name: "NETWORK_GATEWAY", address: gateway, rangeName: "FIXED_RANGE", range: fixedRange },
    { name: "PUBLIC_NETWORK_GATEWAY", address: publicGateway, rangeName: "FLOATING_RANGE", range: floatingRange },
  ];
  for (const { name, address, rangeName, range } of cases) {
    const block = parseBlock(range);
    if (address === null || block === null || !r.isGiven(name) || r.isWrong(name) || r.isWrong(rangeName)) continue;
    if (!contains(block, address)) {
      r.problem(name, `${name} ${address} lies outside ${rangeName} ${range}`, `choose an address of ${range}`);
    } else if ([addressText(4, block.first), addressText(4, block.last)].includes(address)) {
      r.problem(
        name,
        `${name} ${address} is the network or broadcast address of ${rangeName} ${range}`,
        `choose ${addressText(4, block.first + 1n)} to ${addressText(4, block.last - 1n)}`,
      );
    }
  }
}

/** A private subnet is the first one of its pool, and its gateway has to be a host address of it. */
function checkPrivateGateways(settings: Settings, r: Resolver): void {
  const { network } = settings;
  const { ipv6 } = network;
  const four = { pool: network.subnetPoolPrefix, size: network.subnetPoolSize, address: network.gateway };
  const six = { pool: ipv6.subnetPoolPrefix, size: ipv6.subnetPoolSize, address: ipv6.gateway };
  const cases = [
    { name: "NETWORK_GATEWAY", range: "FIXED_RANGE", version: "V4", ...four },
    { name: "IPV6_PRIVATE_NETWORK_GATEWAY", range: "FIXED_RANGE_V6", version: "V6", ...six },
  ];
  for (const { name, range, version, pool, size, address } of cases) {
    const block = parseBlock(pool);
    const prefixName = `SUBNETPOOL_PREFIX_${version}`;
    const sizeName = `SUBNETPOOL_SIZE_${version}`;
    const wrong = [name, range, prefixName, sizeName].some((one) => r.isWrong(one));
    if (address === null || block === null || !network.useSubnetPool || wrong) continue;
    const subnet = firstSubnet(block, size);
    if (holds(subnet, address) || r.problems.some(({ message }) => message.startsWith(`${name} `))) continue;
    r.problem(
      name,
      `${name} ${address} is no host address of ${blockText(subnet)}, the first subnet of ${sizeName}=${size} in ${pool}`,
      `choose ${hostsText(subnet)}, or set USE_SUBNETPOOL=False to make all of ${range} the private subnet`,
    );
  }
}

function checkPool(settings: Settings, r: Resolver): void {
  const { floatingAllocationPool: pool, floatingRange, publicGateway } = settings.network;
  const block = parseBlock(floatingRange);
  const name = "Q_FLOATING_ALLOCATION_POOL";
  if (pool === null || block === null || r.isWrong(name) || r.isWrong("FLOATING_RANGE")) return;
  const outside = [pool.start, pool.end].find((address) => !contains(block, address));
  if (outside !== undefined) {
    r.problem(
      name,
      `${name}: ${outside} lies outside FLOATING_RANGE ${floatingRange}`,
      `keep start and end in ${floatingRange}`,
    );
    return;
  }
  const range = [parseBlock(`${pool.start}/32`)?.first ?? 0n, parseBlock(`${pool.end}/32`)?.first ?? 0n] as const;
  const inPool = (address: string): boolean => {
    const value = parseBlock(`${address}/32`)?.first;
    return value !== undefined && value >= range[0] && value <= range[1];
  };
  if (inPool(publicGateway)) {
    r.problem(name, `${name} contains the gateway ${publicGateway}`, "leave PUBLIC_NETWORK_GATEWAY out of the pool");
  } else if (inPool(settings.hostIp)) {
    r.problem(name, `${name} contains HOST_IP ${settings.hostIp}`, "leave the host's own address out of the pool");
  }
}

function checkIpv6(settings: Settings, r: Resolver): void {
  const { raMode, addressMode, gateway, fixedRange, publicGateway, publicRange } = settings.network.ipv6;
  // Neutron refuses subnets whose two modes differ.
  if (raMode !== addressMode) {
    r.problem(
      blame(r, "IPV6_RA_MODE", "IPV6_ADDRESS_MODE"),
      `IPV6_ADDRESS_MODE ${addressMode} does not go with IPV6_RA_MODE ${raMode}`,
      "set both to the same mode",
    );
  }
  const cases = [
    { name: "IPV6_PRIVATE_NETWORK_GATEWAY", address: gateway, rangeName: "FIXED_RANGE_V6", range: fixedRange },
    { name: "IPV6_PUBLIC_NETWORK_GATEWAY", address: publicGateway, rangeName: "IPV6_PUBLIC_RANGE", range: publicRange },
  ];
  for (const { name, address, rangeName, range } of cases) {
    const block = parseBlock(range);
    if (address === null || block === null || r.isWrong(name) || r.isWrong(rangeName) || !r.isGiven(name)) continue;
    if (!contains(block, address))
      r.problem(name, `${name} ${address} lies outside ${rangeName} ${range}`, `choose an address of ${range}`);
  }
}
