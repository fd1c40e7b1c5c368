import { readFile, writeFile } from "node:fs/promises";
import type { LedgerEntry } from "../types.ts";
import { bareName, type Hands, type Kind, namespaceExists } from "./kind.ts";

/** Namespaces, and what is in them for packets to go through. */

type LinkKind = "bridge" | "veth" | "tap" | "link";

const link = (words: string, whenGone?: string): Kind<LinkKind> => ({
  words,
  ...(whenGone === undefined ? {} : { whenGone }),
  goesWithNamespace: true,
  forgettable: true,
  async undo({ name, details: { netns } }, { run }) {
    await run("ip", ["link", "del", "dev", bareName(name)], netns, /Cannot find device|does not exist/);
  },
  isThere: ({ name, details: { netns } }, look) => look.hasLink(bareName(name), netns),
});

export const links = {
  namespace: {
    words: "namespace",
    whenGone: "a reboot, or somebody's `ip netns del`; everything in it is gone with it",
    forgettable: true,
    async undo({ name }, { run }) {
      await run("ip", ["netns", "del", name], null, /No such file or directory/);
    },
    isThere: ({ name }, look) => look.hasNamespace(name),
  } satisfies Kind<"namespace">,

  bridge: link("bridge", "guests of its network reach nobody"),
  veth: link("link", "what it joined is cut off"),
  tap: link("guest's network interface", "the guest's network card leads nowhere"),
  link: link("link"),

  nic: {
    words: "network card",
    whenGone: "the card was unplugged, or taken back into the host's own namespace",
    undo: returnNic,
    isThere: ({ name, details: { netns } }, look) => look.hasLink(name, netns),
  } satisfies Kind<"nic">,

  address: {
    words: "address",
    goesWithNamespace: true,
    forgettable: true,
    async undo({ details: { netns, address, device } }, { run }) {
      await run("ip", ["address", "del", address, "dev", device], netns, /Cannot find device|Cannot assign requested/);
    },
    async isThere({ details: { netns, address, device } }, look) {
      const lines = (await look.text("ip", ["-o", "address"], netns)).split("\n");
      return lines.some((line) => line.includes(` ${device} `) && line.includes(` ${address}`));
    },
  } satisfies Kind<"address">,

  route: {
    words: "route",
    whenGone: "floating addresses are not reached from this host and through it",
    goesWithNamespace: true,
    forgettable: true,
    async undo({ details: { netns, spec, family } }, { run }) {
      const gone = /No such process|Cannot find device|does not exist/;
      await run("ip", [`-${family}`, "route", "del", ...spec], netns, gone);
    },
    async isThere({ details: { netns, spec, family } }, look) {
      const lines = (await look.text("ip", [`-${family}`, "route"], netns)).split("\n");
      const [destination = "", ...rest] = spec;
      // `ip route` leaves out the prefix of a single address.
      const shown = destination.replace(family === 4 ? /\/32$/ : /\/128$/, "");
      return lines.some((line) => `${line} `.startsWith(`${shown} ${rest.join(" ")} `));
    },
  } satisfies Kind<"route">,

  "proxy-neighbour": {
    words: "proxy ARP entry",
    whenGone: "the host no longer answers ARP for that floating address",
    goesWithNamespace: true,
    forgettable: true,
    async undo({ details: { netns, address, device } }, { run }) {
      const gone = /No such file|Cannot find device|does not exist/;
      await run("ip", ["neigh", "del", "proxy", address, "dev", device], netns, gone);
    },
    isThere: async ({ details: { netns, address, device } }, look) =>
      (await look.text("ip", ["neigh", "show", "proxy", "dev", device], netns)).includes(`${address} `),
  } satisfies Kind<"proxy-neighbour">,
};

/** Out of the box, with the addresses, routes and settings that it had before. */
async function returnNic({ name, details }: LedgerEntry<"nic">, { exec }: Hands): Promise<void> {
  const { netns } = details;
  const isIn = async (namespace: string | null) =>
    (await exec.run("ip", ["link", "show", "dev", name], { netns: namespace, allowFailure: true })).exitCode === 0;
  if ((await namespaceExists(netns)) && (await isIn(netns))) {
    await exec.run("ip", ["link", "set", "dev", name, "nomaster"], { netns });
    // The namespace of process PID: this one, wherever the program runs.
    await exec.run("ip", ["link", "set", "dev", name, "netns", String(process.pid)], { netns });
  }
  if (!(await isIn(null))) return;
  await exec.run("ip", ["link", "set", "dev", name, "mtu", String(details.mtu)]);
  for (const [key, value] of Object.entries(details.sysctls ?? {})) {
    const path = `/proc/sys/net/${key}`;
    const now = await readFile(path, "utf8").catch(() => null);
    // Some of them the kernel decides by itself.
    if (now !== null && now.trim() !== value) await writeFile(path, value).catch(() => undefined);
  }
  await exec.run("ip", ["link", "set", "dev", name, details.wasUp ? "up" : "down"]);
  for (const { address, prefix, broadcast } of details.addresses) {
    const extra = broadcast === null ? [] : ["broadcast", broadcast];
    await exec.run("ip", ["address", "replace", `${address}/${prefix}`, ...extra, "dev", name]);
  }
  for (const route of details.routes) await exec.run("ip", ["route", "replace", ...route], { allowFailure: true });
}
