import type { Settings } from "../../kernel/config/settings.ts";
import type { Exec } from "../types.ts";
import type { PublicMode } from "./box.ts";

/** The box's end of the link to the host. */
export const UPLINK = "uplink";

/** Something that is not as it was made. */
export interface Damage {
  /** Stable, one per thing: "route x-up:172.24.4.0/24", "box-link-down". */
  key: string;
  /** In words: "route … was gone". */
  what: string;
  /** What follows from it; "" when that is said elsewhere. */
  why: string;
}

/** The box's own wiring: links, addresses, routes and the like, which are in no row of the ledger. */
export async function boxWiring(parts: {
  exec: Exec;
  settings: Settings;
  netns: string;
  hostLink: string;
  mode: PublicMode;
}): Promise<Damage[]> {
  const { exec, settings, netns, hostLink, mode } = parts;
  const damage: Damage[] = [];
  const find = (key: string, what: string, why: string) => damage.push({ key, what, why });
  const inBox = async (command: string, ...args: string[]) => exec.run(command, args, { netns, allowFailure: true });
  const inside = await inBox("ip", "-br", "link");
  // Without its namespace there is nothing to be said of what is in it.
  if (inside.exitCode !== 0) return [];

  const { publicBridge, publicGateway, publicInterface } = settings.network;
  const isUp = (text: string, link: string) =>
    text.split("\n").some((line) => new RegExp(`^${link}(@\\S+)?\\s`).test(line) && /[<,]UP[,>]/.test(line));
  const outside = (await exec.run("ip", ["-br", "link"])).stdout;
  const links = inside.stdout;
  const cut = "floating addresses, metadata and consoles are not reached";
  if (!isUp(outside, hostLink)) find("box-link-down", `${hostLink}, the host's link to the box, is down or gone`, cut);
  else if (!isUp(links, UPLINK)) find("box-link-down", `${UPLINK}, the box's link to the host, is down`, cut);
  if (!isUp(links, publicBridge))
    find("box-bridge-down", `${publicBridge} is down or gone`, "no floating address is reached");
  if (!/^default /m.test((await inBox("ip", "-4", "route")).stdout))
    find("box-default-route", "the box has no default route", "guests do not reach the outside");
  if ((await inBox("cat", "/proc/sys/net/ipv4/ip_forward")).stdout.trim() !== "1")
    find("box-forwarding", "packets are not forwarded in the box", "guests do not reach the outside");
  if (mode === "nic" && publicInterface !== null) {
    const port = (await inBox("ip", "-o", "link", "show", "dev", publicInterface)).stdout;
    if (!port.includes(` master ${publicBridge} `))
      find("box-nic", `${publicInterface} is not in ${publicBridge}`, "no floating address is reached");
  }
  if (mode === "nat" || mode === "lan") {
    const addresses = (await inBox("ip", "-o", "-4", "address", "show", "dev", publicBridge)).stdout;
    if (!addresses.includes(` ${publicGateway}/`))
      find(
        "box-gateway",
        `${publicBridge} has lost its address ${publicGateway}`,
        "routers have no gateway: guests do not reach the outside",
      );
  }
  if (mode === "nat") {
    if (!(await inBox("iptables", "-w", "-t", "nat", "-S", "POSTROUTING")).stdout.includes(`tenrec ${netns}`))
      find(
        "box-masquerade",
        "the box's address translation was flushed",
        "name service for guests does not reach the outside",
      );
  }
  return damage;
}
