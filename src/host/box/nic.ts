import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Exec, Ledger, LedgerDetails } from "../types.ts";

interface LinkJson {
  flags?: string[];
  mtu?: number;
  linkinfo?: { info_kind?: string };
  addr_info?: { family: string; local: string; prefixlen: number; broadcast?: string; scope: string }[];
}

/** Moves a spare network card into the box and makes it a port of the bridge; how it was before is written down first. */
export async function moveNic(
  parts: { exec: Exec; ledger: Ledger; owner: string },
  nic: string,
  netns: string,
  bridge: string,
): Promise<void> {
  const { exec, ledger, owner } = parts;
  const here = await show(exec, nic, null);
  if (here !== null) {
    if (await isWireless(nic)) {
      throw new Error(
        `PUBLIC_INTERFACE ${nic} is a wireless card: it cannot be in a bridge. Leave PUBLIC_INTERFACE to the card of the default route`,
      );
    }
    const details = await remember(exec, nic, netns, here);
    await ledger.create({ kind: "nic", name: nic, details, owner }, () =>
      exec.run("ip", ["link", "set", "dev", nic, "netns", netns]),
    );
  } else if ((await show(exec, nic, netns)) === null) {
    throw new Error(`PUBLIC_INTERFACE ${nic}: there is no such interface`);
  }
  await exec.run("ip", ["link", "set", "dev", nic, "master", bridge], { netns });
  await exec.run("ip", ["link", "set", "dev", nic, "up"], { netns });
}

async function show(exec: Exec, nic: string, netns: string | null): Promise<LinkJson | null> {
  const { exitCode, stdout } = await exec.run("ip", ["-j", "-d", "address", "show", "dev", nic], {
    netns,
    allowFailure: true,
  });
  if (exitCode !== 0) return null;
  const list: LinkJson[] = JSON.parse(stdout);
  return list[0] ?? null;
}

async function remember(exec: Exec, nic: string, netns: string, link: LinkJson): Promise<LedgerDetails["nic"]> {
  const routes = (await exec.run("ip", ["-4", "route", "show", "dev", nic])).stdout
    .split("\n")
    // The kernel makes the connected ones again with the address.
    .filter((line) => line.trim() !== "" && !line.includes("proto kernel"))
    .map((line) => [
      ...line
        .replace(/ linkdown\b/, "")
        .trim()
        .split(/\s+/),
      "dev",
      nic,
    ]);
  const addresses = (link.addr_info ?? [])
    // A link-local IPv6 address comes back by itself.
    .filter(({ scope }) => scope !== "link")
    .map(({ local, prefixlen, broadcast }) => ({ address: local, prefix: prefixlen, broadcast: broadcast ?? null }));
  const wasUp = link.flags?.includes("UP") ?? false;
  return { netns, wasUp, mtu: link.mtu ?? 1500, addresses, routes, sysctls: await sysctlsOf(nic) };
}

async function sysctlsOf(nic: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const family of ["ipv4", "ipv6"]) {
    const directory = `${family}/conf/${nic}`;
    for (const name of await readdir(join("/proc/sys/net", directory)).catch(() => [])) {
      const value = await readFile(join("/proc/sys/net", directory, name), "utf8").catch(() => null);
      // What is only known once, like a secret for stable addresses, is not readable before.
      if (value !== null) found[`${directory}/${name}`] = value.trim();
    }
  }
  return found;
}

async function isWireless(nic: string): Promise<boolean> {
  const text = await readFile("/proc/self/net/wireless", "utf8").catch(() => "");
  return new RegExp(`^\\s*${nic}:`, "m").test(text);
}
